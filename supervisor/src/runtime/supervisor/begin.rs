//! From a spec to a driver that runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::SupervisorBuilder;
#[cfg(all(feature = "ipc", unix))]
use super::off_the_async_threads;
#[cfg(feature = "audit")]
use crate::audit::writer::{AuditWriter, Monitor};
use crate::control::handle::SupervisorHandle;
use crate::control::stream::Live;
use crate::core::engine::{Engine, Options};
use crate::core::reconfigure::Kept;
use crate::error::types::SupervisorError;
#[cfg(all(feature = "ipc", unix))]
use crate::ipc::{IpcOptions, server::Ready};
use crate::observe::journal::Journal;
#[cfg(feature = "record")]
use crate::record::recorder::Recorder;
use crate::runtime::driver::Driver;
#[cfg(feature = "audit")]
use crate::runtime::gate::Gate;
#[cfg(any(feature = "audit", feature = "record"))]
use crate::runtime::mailbox::Message;
use crate::runtime::mailbox::{Capacities, Shared};
use crate::task::panic::{contain, install_hook};

impl SupervisorBuilder {
    /// What the engine is told beside the tree.
    fn options(&self) -> Options {
        let Kept { last_exits, remembered_paths } = self.capacities.kept;
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        Options { seed, last_exits, remembered_paths }
    }

    pub(super) async fn start_as_it_is(self) -> Result<SupervisorHandle, SupervisorError> {
        let valid = self.spec.validate()?;
        let runtime = runtime_with_a_timer()?;
        install_hook();
        if cfg!(panic = "abort") {
            tracing::warn!("built with panic = \"abort\": a panic ends the process, not the child");
        }
        for warning in valid.warnings() {
            tracing::warn!("{warning}");
        }
        let Capacities { events, journal, .. } = self.capacities;
        let options = self.options();
        let engine = Engine::new(&valid, options);
        let (mailbox, inbox) = mpsc::unbounded_channel();
        #[cfg(any(feature = "audit", feature = "record"))]
        let tell = || {
            let mailbox = mailbox.clone();
            // A tree that has ended does not want to know.
            Box::new(move |news| drop(mailbox.send(Message::News(news))))
        };
        #[cfg(feature = "record")]
        let recorder = match &self.recording {
            None => None,
            Some(recording) => {
                let recorder = Recorder::begin(recording, &self.spec, options, tell());
                Some(recorder.map_err(SupervisorError::Record)?)
            }
        };
        #[cfg(all(feature = "audit", feature = "ipc", unix))]
        let mut audit_writer = None;
        #[cfg(feature = "audit")]
        let (gate, monitor) = match self.audit {
            None => (None, None),
            Some(audit) => {
                let monitor = Arc::new(Monitor::default());
                let writer = AuditWriter::start(audit, Arc::clone(&monitor), tell()).await;
                let writer = writer.map_err(SupervisorError::Audit)?;
                #[cfg(all(feature = "ipc", unix))]
                {
                    audit_writer = Some(writer.clone());
                }
                (Some(Gate::new(writer)), Some(monitor))
            }
        };
        #[cfg(all(feature = "ipc", unix))]
        let socket = open_socket(self.ipc).await?;
        let (started, is_up) = oneshot::channel();
        let events = broadcast::Sender::new(events);
        let subscribers = Arc::new(AtomicUsize::new(0));
        for subscriber in self.subscribers {
            // One that has been dropped meanwhile wants nothing.
            let live = Live::new(&events, Arc::clone(&subscribers));
            drop(subscriber.send(live.measured_as(self.is_measured)));
        }
        let shared = Arc::new(Shared {
            mailbox,
            events: events.downgrade(),
            subscribers,
            journal: Journal::new(journal),
            is_ending: watch::Sender::new(false),
            end: watch::Sender::new(None),
            is_detached: AtomicBool::new(false),
            is_measured: self.is_measured,
            #[cfg(feature = "config")]
            made_of: self.made_of.map(|before| before.read_from(self.sources)),
            counts: valid.counts().into(),
            #[cfg(feature = "audit")]
            audit: monitor,
            #[cfg(all(feature = "ipc", unix))]
            ipc_path: socket.as_ref().map(|socket| socket.path().to_owned()),
        });
        let handle = SupervisorHandle::strong(Arc::clone(&shared));
        #[cfg(all(feature = "ipc", unix))]
        let serve = |socket: Ready| {
            #[cfg(feature = "audit")]
            let socket = socket.audited(audit_writer);
            socket.serve(&runtime, SupervisorHandle::weak(Arc::clone(&shared)))
        };
        #[cfg(all(feature = "ipc", unix))]
        let socket = socket.map(serve).transpose().map_err(no_socket)?;
        let driver = Driver::new(engine, shared, inbox, events, started);
        #[cfg(feature = "test-support")]
        let driver = driver.disordered(self.disorder);
        #[cfg(all(feature = "ipc", unix))]
        let driver = driver.reached_over(socket);
        #[cfg(feature = "audit")]
        let driver = driver.audited(gate);
        #[cfg(feature = "record")]
        let driver = driver.recorded(recorder);
        runtime.spawn(driver.run());
        // While the tree starts: a large one is not let go of in no time.
        drop((self.spec, valid));
        match is_up.await {
            Ok(Ok(())) => Ok(handle),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(handle.end_error()),
        }
    }
}

/// The runtime that the tree is to live on.
fn runtime_with_a_timer() -> Result<Handle, SupervisorError> {
    let runtime = Handle::try_current().map_err(|_| SupervisorError::NoRuntime)?;
    // There is no way to ask a runtime whether it has a timer.
    let timer = contain(|| tokio::time::sleep(std::time::Duration::ZERO));
    timer.map(drop).map_err(|_| SupervisorError::NoTimer)?;
    Ok(runtime)
}

/// Binds the socket that was asked for.
#[cfg(all(feature = "ipc", unix))]
async fn open_socket(options: Option<Box<IpcOptions>>) -> Result<Option<Ready>, SupervisorError> {
    let Some(options) = options else { return Ok(None) };
    let ready = off_the_async_threads(move || Ready::new(*options)).await?;
    ready.map(Some).map_err(no_socket)
}

#[cfg(all(feature = "ipc", unix))]
fn no_socket(error: crate::ipc::IpcError) -> SupervisorError {
    SupervisorError::Ipc(Arc::new(error))
}
