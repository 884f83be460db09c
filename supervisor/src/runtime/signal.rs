//! The signals by which a service is told to end.

#[cfg(unix)]
use std::sync::Arc;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::control::handle::SupervisorHandle;
use crate::error::types::SupervisorError;
use crate::report::ShutdownReport;

impl SupervisorHandle {
    /// Waits until the tree has ended, and lets the signals of the process end it: the first
    /// SIGINT, SIGTERM or SIGHUP (elsewhere: Ctrl-C) asks for a shutdown, the second for an end
    /// at once. Where the tree was started with a configuration file, SIGHUP instead
    /// [reads it again](Self::reload), until the shutdown has begun; what came of it is logged.
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
        tokio::pin!(join);
        let mut received = 0;
        let report = loop {
            tokio::select! {
                biased;
                report = &mut join => break report?,
                name = signals.next() => {
                    #[cfg(feature = "config")]
                    if name == HANGUP && received == 0 && self.has_a_config_file() {
                        self.reload_on_signal();
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
        if report.unjoinable().next().is_some() {
            eprintln!("{report}");
            std::process::exit(i32::from(report.exit_code()));
        }
        Ok(report)
    }

    /// While it is read, other signals are listened to.
    #[cfg(feature = "config")]
    fn reload_on_signal(&self) {
        let handle = Self::weak_of(self);
        tokio::spawn(async move {
            match handle.reload("signal", "received SIGHUP").await {
                Ok(plan) => tracing::info!("the configuration has been read again\n{plan}"),
                Err(error) => {
                    tracing::error!("the configuration stays as it is: {error:?}");
                }
            }
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

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Result<Self, SupervisorError> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing will ever come.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
