//! Reading the configuration of a running tree again.

#[cfg(test)]
mod tests;

use std::sync::Arc;

#[cfg(feature = "audit")]
use tokio::sync::oneshot;

use super::command::{By, Command};
use super::handle::SupervisorHandle;
use crate::config::load::LoadedConfig;
use crate::config::plan::{ConfigChange, ConfigPlan, Effect};
use crate::error::types::SupervisorError;
#[cfg(feature = "audit")]
use crate::runtime::mailbox::Message;
use crate::runtime::mailbox::{Capacities, MadeOf};
use crate::runtime::supervisor::off_the_async_threads;
use crate::task::cell::lock;

impl SupervisorHandle {
    /// Reads the files and variables again that the tree was started with, and puts what they say
    /// now in the place of what they said then: all of it, or nothing.
    ///
    /// Each change is an event, and in the audit, with the value before and after. The plan says
    /// what takes effect at once and what with the next run of the child. Members of a pool keep
    /// what they were spawned with. Two reloads follow each other.
    ///
    /// A child that is disabled now is stopped, with everything below it, and one that is enabled
    /// now is started; a many that has another `count` starts or stops its youngest children. That
    /// has begun when this returns, and need not be over:
    /// [`wait_until_settled`](Self::wait_until_settled) waits for it.
    ///
    /// ```
    /// use rust_supervisor::runtime::supervisor::Supervisor;
    /// use rust_supervisor::spec::supervisor::SupervisorSpec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::env::temp_dir().join(format!("reload-{}.yaml", std::process::id()));
    /// std::fs::write(&file, "supervisor: { intensity: { max: 3 } }")?;
    /// let tree = Supervisor::builder(SupervisorSpec::root()).config_file(&file);
    /// let handle = tree.start().await?;
    ///
    /// std::fs::write(&file, "supervisor: { intensity: { max: 9 } }")?;
    /// let plan = handle.reload("alice", "more patience").await?;
    /// assert!(plan.to_string().contains("intensity.max: 3 -> 9"));
    /// # handle.shutdown_tree("doc", "end of the example").await?;
    /// # std::fs::remove_file(&file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// After each of them everything is as it was: [`SupervisorError::Config`] with everything that
    /// is wrong with the files, [`SupervisorError::Spec`]; [`SupervisorError::NeedsRestart`] when
    /// something changes that cannot change while the tree runs; and those of every command.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing back once it has been polled.
    pub async fn reload(
        &self,
        requested_by: &str,
        reason: &str,
    ) -> Result<ConfigPlan, SupervisorError> {
        let by = By::new(requested_by, reason)?;
        let handle = Self::weak_of(self);
        // seen by: cargo test -p supervisor-tests --test cancel_safety
        if cfg!(plant_bug = "reload_ends_with_its_caller") {
            return Box::pin(handle.reload_by(by)).await;
        }
        let task = tokio::spawn(async move { handle.reload_by(by).await });
        task.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down does not carry it out.
            Err(_) => Err(SupervisorError::DriverGone),
        })
    }

    async fn reload_by(&self, by: By) -> Result<ConfigPlan, SupervisorError> {
        let Some(made_of) = &self.shared.made_of else { return Err(self.end_error()) };
        let _one_at_a_time = if cfg!(plant_bug = "reloads_overlap") {
            None
        } else {
            Some(made_of.reloading.lock().await)
        };
        let MadeOf { spec, sources, in_code, beside, config: known, .. } = made_of;
        let beside = beside.clone();
        let (before, declared, sources) = (spec.clone(), spec.clone(), sources.clone());
        let old = Arc::clone(&known.borrow());
        let read = move || -> Result<_, SupervisorError> {
            let new: LoadedConfig = sources.load(&before)?;
            let spec = new.overlay(before)?;
            let counts = spec.validate()?.counts();
            let plan = ConfigPlan::beside(&declared, &beside, &old, &new);
            Ok((new, spec, counts, plan))
        };
        let (new, spec, counts, plan) = match off_the_async_threads(read).await? {
            Ok(read) => read,
            Err(error) => return Err(self.refused(by, error).await),
        };
        if !plan.can_be_applied() {
            let changes = plan.with(Effect::NeedsRestart).cloned().collect();
            return Err(self.refused(by, SupervisorError::NeedsRestart { changes }).await);
        }
        let changes = plan.changes().iter().map(ConfigChange::in_short).collect();
        let Capacities { journal, kept, .. } = in_code.with(&new.config().observability);
        self.ask(Command::Reload { spec: Box::new(spec), kept, changes, by }).await?;
        self.shared.journal.resize(journal);
        *lock(&self.shared.counts) = counts;
        known.send_replace(Arc::new(new));
        Ok(plan)
    }

    /// Sees that a reload which has come to nothing is in the audit too.
    #[cfg(feature = "audit")]
    async fn refused(&self, by: By, error: SupervisorError) -> SupervisorError {
        if self.shared.audit.is_some() && !cfg!(plant_bug = "refused_reload_unaudited") {
            let (reply, answer) = oneshot::channel();
            if self.send(Message::ReloadRefused(by, error.clone(), reply)) {
                // A tree that ends meanwhile tells nobody.
                drop(answer.await);
            }
        }
        error
    }

    #[cfg(not(feature = "audit"))]
    async fn refused(&self, _: By, error: SupervisorError) -> SupervisorError {
        std::future::ready(error).await
    }

    /// Whether there is a file to read again.
    pub(crate) fn has_a_config_file(&self) -> bool {
        self.shared.made_of.as_ref().is_some_and(|made_of| made_of.sources.have_a_file())
    }
}
