//! The socket while the tree lives: it lets clients in, and is gone before the tree is.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::audits::{AUDIT, Identity};
use super::bind::{Bound, Place, bind};
use super::options::{IpcError, IpcOptions};
use super::peer::{Peer, Seat};
use super::registration;
use super::session::Session;
use super::target::{Ended, Target};
#[cfg(feature = "audit")]
use crate::audit::writer::AuditWriter;
use crate::control::handle::SupervisorHandle;
use crate::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use crate::dashboard::protocol::IpcResponse;

/// How long clients may take to read what there is to say when the tree has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long to wait after an error of the system before the next connection is accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// How many who are not let in are told why at once. Others are let go without a word.
const TURNED_AWAY: usize = 16;

/// A socket that is bound and serves nobody yet. Clients that connect wait.
#[derive(Debug)]
pub(crate) struct Ready {
    bound: Bound,
    options: IpcOptions,
    #[cfg(feature = "audit")]
    audit: Option<AuditWriter>,
}

impl Ready {
    /// Checks what was said and binds the socket. Blocks the thread on the disk.
    pub(crate) fn new(options: IpcOptions) -> Result<Self, IpcError> {
        options.check()?;
        let path = options.place()?;
        let bound = bind(&path, options.permissions, options.bind_mode)?;
        Ok(Self {
            bound,
            options,
            #[cfg(feature = "audit")]
            audit: None,
        })
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.bound.place.path()
    }

    /// The same, with every command in this audit.
    #[cfg(feature = "audit")]
    pub(crate) fn audited(mut self, audit: Option<AuditWriter>) -> Self {
        self.audit = audit;
        self
    }

    /// Serves clients of this tree from now on.
    pub(crate) fn serve(
        self,
        runtime: &Handle,
        handle: SupervisorHandle,
    ) -> Result<Serving, IpcError> {
        let Self { bound: Bound { listener, place }, options, .. } = self;
        let path = place.path().to_owned();
        let _guard = runtime.enter();
        let listener = UnixListener::from_std(listener)
            .map_err(|source| IpcError::Bind { path: path.clone(), source })?;
        options.logs.keep(options.limits.log_capacity);
        tracing::info!(path = %path.display(), "clients find the tree at its socket");
        let target = Target::new(options, path, handle);
        #[cfg(feature = "audit")]
        let target = target.audited(self.audit);
        let target = Arc::new(target);
        let end = target.end.clone();
        let task = runtime.spawn(live(listener, place, target));
        Ok(Serving { end, task })
    }
}

/// A socket that serves clients. It is gone when this is.
#[derive(Debug)]
pub(crate) struct Serving {
    end: watch::Sender<Option<Ended>>,
    task: JoinHandle<()>,
}

impl Serving {
    /// The tree has ended: clients are told, and the socket is taken away.
    pub(crate) async fn end(mut self, ended: Ended) {
        self.end.send_replace(Some(ended));
        // What the task did wrong is no concern of the tree.
        drop(timeout(2 * LAST_WORDS, &mut self.task).await);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn live(listener: UnixListener, place: Place, target: Arc<Target>) {
    let registration = registration::keep(Arc::clone(&target));
    let serving = serve(&listener, &target);
    tokio::select! {
        () = serving => {}
        never = registration => match never {},
    }
    // Nobody finds it any more, and only then is it closed: until then nobody else takes its place.
    drop(place);
    drop(listener);
}

/// Where connections come from.
pub(super) trait Accept {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and who is on its other end.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, io::Result<Peer>)>>;
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, io::Result<Peer>)> {
        let (stream, _) = self.accept().await?;
        let peer = Peer::of(&stream);
        Ok((stream, peer))
    }
}

/// Lets clients in until the tree has ended and they have been told.
pub(super) async fn serve<A: Accept>(listener: &A, target: &Arc<Target>) {
    let mut sessions = JoinSet::new();
    let mut end = target.end.subscribe();
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = end.wait_for(Option::is_some) => break,
            // What a session did wrong has ended that session.
            Some(_) = sessions.join_next() => continue,
            accepted = listener.next() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                is_failing = false;
                match let_in(peer, target) {
                    Ok((who, seat)) => {
                        let session = Session::new(stream, Arc::clone(target), who, seat);
                        sessions.spawn(session.run());
                    }
                    Err(error) => {
                        if let Ok(turn) = Arc::clone(&turned_away).try_acquire_owned() {
                            sessions.spawn(turn_away(stream, error, turn));
                        }
                    }
                }
            }
            Err(error) => {
                // Mostly there are no descriptors left. That passes.
                if !is_failing {
                    tracing::warn!(%error, "no connection can be accepted at the moment");
                }
                is_failing = true;
                if cfg!(plant_bug = "ipc_accept_error_ends_it") {
                    return;
                }
                sleep(PAUSE).await;
            }
        }
    }
    let told = async { while sessions.join_next().await.is_some() {} };
    if timeout(LAST_WORDS, told).await.is_err() {
        sessions.shutdown().await;
    }
}

/// Looks at who it is and finds a place for it, or says why there is none.
fn let_in(peer: io::Result<Peer>, target: &Target) -> Result<(Identity, Seat), DashboardError> {
    let refuse = |code, message| {
        DashboardError::new(code, ErrorStage::Authorise, message).of_target(target.id())
    };
    let (peer, role) = target.options.roles.admit(peer).map_err(|denied| {
        tracing::warn!(target: AUDIT, "a connection was refused: {denied}");
        refuse(ErrorCode::PermissionDenied, denied.to_string())
    })?;
    let seat = target.users.connect(peer.uid);
    let seat = seat.map_err(|message| refuse(ErrorCode::RateLimited, message))?;
    Ok((Identity { peer, role }, seat))
}

/// Tells somebody who is not let in why, if he listens.
async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    error: DashboardError,
    _turn: OwnedSemaphorePermit,
) {
    let response = IpcResponse::error("", error);
    let Ok(mut line) = serde_json::to_vec(&response) else { return };
    line.push(b'\n');
    let told = async {
        stream.write_all(&line).await?;
        stream.shutdown().await?;
        // Whoever asks before it reads would find nobody, and not the reason.
        let mut thrown_away = [0; 1_024];
        while !cfg!(plant_bug = "ipc_hangs_up_on_whoever_writes")
            && stream.read(&mut thrown_away).await? > 0
        {}
        io::Result::Ok(())
    };
    // Who does not listen need not know.
    drop(timeout(LAST_WORDS, told).await);
}
