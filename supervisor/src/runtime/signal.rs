//! The signals by which a service is told to end.

#[cfg(not(all(unix, feature = "systemd")))]
use std::convert::Infallible;
use std::sync::Arc;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

#[cfg(all(unix, feature = "systemd"))]
use super::service_manager::ServiceManager as Manager;
use crate::control::handle::SupervisorHandle;
use crate::error::types::SupervisorError;
use crate::report::ShutdownReport;

impl SupervisorHandle {
    /// Waits until the tree has ended, and lets the signals of the process end it: the first
    /// SIGINT, SIGTERM or SIGHUP asks for a shutdown, the second for an end at once. Where the tree
    /// was started with a configuration file, SIGHUP instead [reads it again](Self::reload), and
    /// does nothing once the shutdown has begun; what came of it is logged. On Windows the signals are Ctrl-C,
    /// Ctrl-Break and the close of the console, which ends the process after some seconds whatever
    /// the tree does.
    ///
    /// With the feature `systemd`, and where the process was started by systemd (`NOTIFY_SOCKET` is
    /// set), it is told: `READY=1` when the tree is [ready](Self::readiness) for the first time,
    /// `STATUS=` with the number of children that are up, at most once a second, `RELOADING=1`
    /// around a reload, and `STOPPING=1` when the end of the tree begins. Where `WATCHDOG_USEC` is
    /// set, `WATCHDOG=1` is sent twice in that time, as long as the tree [answers](Self::liveness).
    ///
    /// When a run could not be ended, the report is printed to standard error and the process is
    /// ended with exit code 2: Tokio would wait for that run for ever.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Signal`] when the signals cannot be listened to;
    /// [`SupervisorError::DriverGone`] when the tree is gone without a report.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops listening. A shutdown that has begun goes on.
    pub async fn run_until_signal(&self) -> Result<ShutdownReport, SupervisorError> {
        let mut signals = Signals::listen()?;
        let join = self.join();
        let manager = Arc::new(Manager::of_this_process());
        let follow = manager.follow(self);
        tokio::pin!(join, follow);
        let mut received = 0;
        let report = loop {
            tokio::select! {
                biased;
                report = &mut join => break report?,
                never = &mut follow => match never {},
                name = signals.next() => {
                    #[cfg(feature = "config")]
                    if name == HANGUP && self.has_a_config_file() {
                        // Of a tree that ends nothing is changed any more, and nobody is in a hurry.
                        if received == 0 {
                            self.reload_on_signal(Arc::clone(&manager));
                        }
                        continue;
                    }
                    received += 1;
                    let reason = format!("received {name}");
                    if received == 1 {
                        self.request_shutdown("signal", &reason)?;
                    } else {
                        self.request_shutdown_now("signal", &reason)?;
                    }
                }
            }
        };
        manager.tree_has_ended(&report);
        if report.unjoinable().next().is_some() {
            eprintln!("{report}");
            std::process::exit(i32::from(report.exit_code()));
        }
        Ok(report)
    }

    /// While it is read, other signals are listened to.
    #[cfg(feature = "config")]
    fn reload_on_signal(&self, manager: Arc<Manager>) {
        let handle = Self::weak_of(self);
        tokio::spawn(async move {
            manager.reload_begins();
            match handle.reload("signal", "received SIGHUP").await {
                Ok(plan) => tracing::info!("the configuration has been read again\n{plan}"),
                Err(error) => {
                    tracing::error!("the configuration stays as it is: {error:?}");
                }
            }
            manager.reload_is_over();
        });
    }
}

/// What reads the configuration again, if there is a file.
const HANGUP: &str = "SIGHUP";

#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self, SupervisorError> {
        let listen = |kind| signal(kind).map_err(|error| SupervisorError::Signal(Arc::new(error)));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => HANGUP,
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: CtrlC,
    interrupt_harder: CtrlBreak,
    close: CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> Result<Self, SupervisorError> {
        let failed = |error| SupervisorError::Signal(Arc::new(error));
        Ok(Self {
            interrupt: ctrl_c().map_err(failed)?,
            interrupt_harder: ctrl_break().map_err(failed)?,
            close: ctrl_close().map_err(failed)?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.interrupt_harder.recv() => "Ctrl-Break",
            _ = self.close.recv() => "the close of the console",
        }
    }
}

/// Nobody has started the process who would want to be told.
#[cfg(not(all(unix, feature = "systemd")))]
struct Manager;

#[cfg(not(all(unix, feature = "systemd")))]
#[expect(clippy::unused_self, reason = "it is called as the one that tells is")]
impl Manager {
    fn of_this_process() -> Self {
        Self
    }

    async fn follow(&self, _: &SupervisorHandle) -> Infallible {
        std::future::pending().await
    }

    #[cfg(feature = "config")]
    fn reload_begins(&self) {}

    #[cfg(feature = "config")]
    fn reload_is_over(&self) {}

    fn tree_has_ended(&self, _: &ShutdownReport) {}
}
