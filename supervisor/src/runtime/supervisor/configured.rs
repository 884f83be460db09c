//! What a configuration changes of a tree before it is started.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::{SupervisorBuilder, off_the_async_threads};
use crate::config::effective::beside::Beside;
use crate::config::error::ConfigError;
#[cfg(any(feature = "audit", feature = "record"))]
use crate::config::error::ConfigFault;
use crate::config::load::LoadedConfig;
use crate::config::load::sources::Sources;
use crate::config::manifest::Manifest;
use crate::config::observability::ObservabilitySection;
use crate::control::handle::SupervisorHandle;
use crate::core::reconfigure::Kept;
use crate::error::types::SupervisorError;
use crate::runtime::mailbox::{Capacities, MadeOf};
use crate::spec::supervisor::SupervisorSpec;

/// What there was before the configuration was laid over it, and the configuration.
#[derive(Debug)]
pub(super) struct Before {
    spec: SupervisorSpec,
    capacities: Capacities,
    beside: Beside,
    config: Arc<LoadedConfig>,
}

impl Before {
    pub(super) fn read_from(self, sources: Sources) -> MadeOf {
        let Self { spec, capacities, beside, config } = self;
        let (config, reloading) = (watch::Sender::new(config), Mutex::default());
        MadeOf { spec, sources, in_code: capacities, beside, config, reloading }
    }
}

impl SupervisorBuilder {
    /// Lays what it is told from outside over it.
    pub(super) async fn configured(mut self) -> Result<Self, SupervisorError> {
        let beside = self.beside();
        let (sources, spec) = (self.sources.clone(), self.spec.clone());
        let loaded = if sources.are_outside() {
            off_the_async_threads(move || sources.load(&spec)).await??
        } else {
            sources.load(&spec)?
        };
        let (spec, capacities) = (self.spec.without_tasks(), self.capacities);
        let is_beside = self.check_beside(&loaded);
        let ((), laid) = ConfigError::both(is_beside, loaded.overlay(*self.spec))?;
        self.spec = Box::new(laid);
        #[cfg(all(feature = "ipc", unix))]
        {
            self.ipc = loaded.ipc_over(self.ipc.take().map(|options| *options))?.map(Box::new);
        }
        self.members = loaded.manifests(&self.spec)?;
        let ObservabilitySection { metrics, audit, record, .. } =
            loaded.config().observability.clone();
        self.is_measured = metrics.unwrap_or(self.is_measured);
        #[cfg(any(feature = "audit", feature = "record"))]
        let misplaced = |key| loaded.error_about(key, ConfigFault::MissingPlace);
        // Without the feature it is an error to say anything about it.
        #[cfg(feature = "audit")]
        {
            self.audit = audit.over(self.audit.take()).map_err(misplaced)?;
        }
        #[cfg(not(feature = "audit"))]
        drop(audit);
        #[cfg(feature = "record")]
        {
            self.recording = record.over(self.recording.take()).map_err(misplaced)?;
        }
        #[cfg(not(feature = "record"))]
        drop(record);
        self.capacities = capacities.with(&loaded.config().observability);
        self.made_of =
            Some(Box::new(Before { spec, capacities, beside, config: Arc::new(loaded) }));
        Ok(self)
    }

    /// What it was told that a configuration has keys for, outside of the tree.
    pub(crate) fn beside(&self) -> Beside {
        let mut beside = Beside::default();
        let Capacities { events, journal, kept: Kept { last_exits, remembered_paths } } =
            self.capacities;
        for (key, said, built_in) in [
            ("event_capacity", events, Self::EVENT_CAPACITY),
            ("journal_capacity", journal, Self::JOURNAL_CAPACITY),
            ("last_exits", last_exits, Self::LAST_EXITS),
            ("remembered_paths", remembered_paths, Self::REMEMBERED_PATHS),
        ] {
            if said != built_in {
                beside.say(&format!("observability.{key}"), said);
            }
        }
        if !self.is_measured {
            beside.say("observability.metrics", false);
        }
        #[cfg(feature = "audit")]
        if let Some(audit) = &self.audit {
            let time = humantime::format_duration(audit.write_timeout).to_string();
            beside.say("observability.audit.path", audit.file.display().to_string());
            beside.say("observability.audit.on_failure", audit.on_failure.to_string());
            beside.say("observability.audit.write_timeout", time);
        }
        #[cfg(feature = "record")]
        if let Some(recording) = &self.recording {
            beside.say("observability.record.max_bytes", recording.max_bytes);
        }
        #[cfg(all(feature = "ipc", unix))]
        if let Some(options) = &self.ipc {
            beside.say_otherwise("ipc.");
            beside.say("ipc.enabled", true);
            beside.say("ipc.target_id", options.target_id());
        }
        beside
    }
}

/// Spawns the members that the configuration names, one after the other; on an error the tree is
/// ended, as it is when a declared child fails to start.
pub(super) async fn spawn_all(
    handle: &SupervisorHandle,
    members: Vec<Manifest>,
) -> Result<(), SupervisorError> {
    const BY: &str = "the configuration";
    for member in members.into_iter().filter(|member| member.is_enabled) {
        if cfg!(plant_bug = "dynamic_not_started") {
            return Ok(());
        }
        if let Err(error) = handle.spawn_manifest(member, BY, "it is named in `dynamic`").await {
            let reason = "a member that is named in `dynamic` failed to start";
            handle.shutdown_tree(BY, reason).await?;
            return Err(error);
        }
    }
    Ok(())
}
