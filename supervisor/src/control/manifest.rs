//! Members that are added by their manifests: text, as it comes from outside of the program.

use std::sync::Arc;

use super::command::Verb;
use super::handle::SupervisorHandle;
use super::outcome::CommandOutcome;
use crate::config::manifest::Manifest;
use crate::error::types::SupervisorError;
use crate::runtime::mailbox::MadeOf;
use crate::runtime::supervisor::off_the_async_threads;

impl SupervisorHandle {
    /// Adds a member to a running pool whose field says `from_config`, and waits as
    /// [`spawn_member`](Self::spawn_member) does. The manifest is what stands in the section
    /// `dynamic` of a configuration, as JSON:
    /// `{"pool": "/root/sessions", "id": "u42", "args": {…}, "overrides": {…}}`.
    ///
    /// ```
    /// use rust_supervisor::runtime::supervisor::Supervisor;
    /// use rust_supervisor::spec::supervisor::SupervisorSpec;
    /// use rust_supervisor::task::context::TaskContext;
    /// use rust_supervisor::task::member::member_fn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
    /// let session = member_fn(async |ctx: TaskContext, user: u64| {
    ///     println!("the session of {user}");
    ///     ctx.stopped().await;
    /// });
    /// let sessions = SupervisorSpec::pool("sessions").members(session).from_config::<u64>();
    /// let handle = Supervisor::start(SupervisorSpec::root().child(sessions)).await?;
    ///
    /// let manifest = r#"{ "pool": "/root/sessions", "id": "u42", "args": 42 }"#;
    /// let added = handle.add_by_manifest(manifest, "alice", "a guest has come").await?;
    /// assert_eq!(added.path.as_str(), "/root/sessions/u42");
    /// # handle.shutdown_tree("doc", "end of the example").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Config`] with everything that is wrong with the manifest: then nothing
    /// has been asked of the tree; and those of [`spawn_member`](Self::spawn_member).
    ///
    /// # Cancel safety
    ///
    /// Until the manifest has been read, dropping the future does nothing; from then on it takes
    /// nothing back.
    pub async fn add_by_manifest(
        &self,
        manifest: &str,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let Some(made_of) = &self.shared.made_of else { return Err(self.end_error()) };
        let MadeOf { spec, config, .. } = made_of;
        let (spec, config) = (spec.clone(), Arc::clone(&config.borrow()));
        let text = manifest.to_owned();
        let read = move || -> Result<Manifest, SupervisorError> {
            let spec = config.overlay(spec)?;
            Ok(config.manifest(&spec, &text)?)
        };
        let manifest = off_the_async_threads(read).await??;
        self.spawn_manifest(manifest, requested_by, reason).await
    }

    /// A manifest as it may be written down, which was sent for `pool` or names its own.
    #[cfg(all(feature = "ipc", unix))]
    pub(crate) fn manifest_shown(&self, manifest: &str, pool: Option<&str>) -> String {
        let spec = self.shared.made_of.as_ref().map(|made_of| &made_of.spec);
        crate::config::manifest::shown::shown(spec, manifest, pool)
    }

    /// What has been read.
    pub(crate) async fn spawn_manifest(
        &self,
        manifest: Manifest,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let Manifest { pool, id, arguments, overrides, .. } = manifest;
        let (id, overrides) = (Some(id), Some(Box::new(overrides)));
        let verb = Verb::Spawn { pool, id, arguments, overrides };
        self.change(verb, requested_by, reason).await
    }
}
