//! One connection: it reads requests, answers them, and sends what its client has subscribed to.
//!
//! Everything that a client costs is bounded here, and paid by its own connection: while it does
//! not read, nothing is read from it and nothing is kept for it but what the tree keeps anyway.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::audits::Identity;
use super::commands;
use super::decode::{self, Call, Refused, Request};
use super::explain;
use super::line::{Frame, Lines};
use super::output::Output;
use super::peer::Seat;
use super::subscriptions::{Events, Logs, Push, Subscriptions};
use super::target::Target;
use super::view;
use crate::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use crate::dashboard::protocol::{
    IpcResponse, IpcResult, IpcServerPush, SubscribeParams, Subscription, TailParams,
    UnsubscribeParams, VERSION,
};

/// How many bytes are read at once.
const READ_BYTES: usize = 8 * 1_024;

/// How many requests of one connection are carried out at once: those after wait unread.
const PIPELINED: usize = 64;

/// How many pushes are sent before requests have their turn.
const PUSHES_IN_A_ROW: usize = 32;

/// Why a connection ends. Nobody is told.
#[derive(Debug)]
pub(super) struct Gone;

/// One connection.
#[derive(Debug)]
pub(super) struct Session<S> {
    stream: S,
    target: Arc<Target>,
    who: Identity,
    seat: Seat,
    lines: Lines,
    input: Box<[u8; READ_BYTES]>,
    output: Output,
    subscriptions: Subscriptions,
    running: JoinSet<IpcResponse>,
    /// When the last request was finished, or the connection was made.
    idle_since: Instant,
    /// When the line began that is being read.
    line_since: Instant,
    /// How many requests in a row came too often.
    refused: u32,
}

/// What happened.
enum Step {
    Read(io::Result<usize>),
    Done(Option<IpcResponse>),
    Changed,
    Ended,
    TimedOut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(stream: S, target: Arc<Target>, who: Identity, seat: Seat) -> Self {
        let limits = &target.options.limits;
        let now = Instant::now();
        Self {
            lines: Lines::new(limits.line_bytes, limits.nesting),
            input: Box::new([0; READ_BYTES]),
            output: Output::new(limits.write_timeout),
            subscriptions: Subscriptions::default(),
            running: JoinSet::new(),
            idle_since: now,
            line_since: now,
            refused: 0,
            stream,
            target,
            who,
            seat,
        }
    }

    /// Serves the client until it is gone, is too much, or the tree has ended.
    pub(super) async fn run(mut self) {
        // How it ends is of no concern to anybody else.
        drop(self.serve().await);
        drop(self.flush().await);
        drop(timeout(self.target.options.limits.write_timeout, self.stream.shutdown()).await);
    }

    async fn serve(&mut self) -> Result<(), Gone> {
        let mut end = self.target.end.subscribe();
        let mut pushed = 0;
        loop {
            let push = self.subscriptions.try_next();
            let is_more = push.is_some();
            if let Some(push) = push {
                self.push(push).await?;
                pushed += 1;
                if pushed < PUSHES_IN_A_ROW {
                    continue;
                }
            }
            pushed = 0;
            self.flush().await?;
            let is_bounded = !cfg!(plant_bug = "ipc_endless_pipeline");
            let is_full = self.running.len() >= PIPELINED && is_bounded;
            // What is not read cannot come to its end.
            let is_waited_for = !is_full || cfg!(plant_bug = "ipc_unread_lines_time_out");
            let deadline = self.deadline().filter(|_| is_waited_for);
            let step = tokio::select! {
                biased;
                _ = end.wait_for(Option::is_some) => Step::Ended,
                Some(done) = self.running.join_next() => Step::Done(done.ok()),
                read = self.stream.read(&mut *self.input), if !is_full => Step::Read(read),
                () = std::future::ready(()), if is_more => Step::Changed,
                () = self.subscriptions.changed() => Step::Changed,
                () = until(deadline) => Step::TimedOut,
            };
            if is_full {
                self.line_since = Instant::now();
            }
            match step {
                Step::Changed => {}
                Step::Done(None) => return Err(Gone),
                Step::Done(Some(response)) => {
                    self.idle_since = Instant::now();
                    self.send(&response).await?;
                }
                Step::Read(Err(_)) => return Err(Gone),
                Step::Read(Ok(0)) => return self.finish_reading().await,
                Step::Read(Ok(length)) => self.take_in(length).await?,
                Step::TimedOut => return self.time_out().await,
                Step::Ended => return self.end().await,
            }
        }
    }

    /// When the client has to have done something, if it has to.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.target.options.limits;
        if self.lines.is_in_a_line() {
            let is_waited_for = !cfg!(plant_bug = "ipc_half_lines_wait");
            return is_waited_for.then(|| self.line_since + limits.line_timeout);
        }
        let is_idle = self.subscriptions.are_none() && self.running.is_empty();
        let is_idle = is_idle && !cfg!(plant_bug = "ipc_endless_idling");
        is_idle.then(|| self.idle_since + limits.idle_timeout)
    }

    async fn time_out(&mut self) -> Result<(), Gone> {
        if !self.lines.is_in_a_line() {
            // It has asked for nothing, and there is nothing to tell it.
            return Ok(());
        }
        let waited = self.target.options.limits.line_timeout;
        let why = format!("{waited:?} have passed, which is `ipc.limits.line_timeout`");
        let refused = decode::unfinished(self.lines.unfinished(), &why);
        self.refuse(refused).await
    }

    /// The client writes no more; it may still read what it has asked for.
    async fn finish_reading(&mut self) -> Result<(), Gone> {
        if self.lines.is_in_a_line() {
            let why = "the client writes no more";
            let refused = decode::unfinished(self.lines.unfinished(), why);
            self.refuse(refused).await?;
        }
        loop {
            self.flush().await?;
            let Some(done) = self.running.join_next().await else { return Ok(()) };
            self.send(&done.map_err(|_| Gone)?).await?;
        }
    }

    /// The tree has ended: what is left to be said is said.
    async fn end(&mut self) -> Result<(), Gone> {
        while let Some(push) = self.subscriptions.try_next() {
            self.push(push).await?;
        }
        self.finish_reading().await
    }

    async fn take_in(&mut self, length: usize) -> Result<(), Gone> {
        let mut taken = 0;
        while taken < length {
            if !self.lines.is_in_a_line() {
                self.line_since = Instant::now();
            }
            let (count, frame) = self.lines.push(&self.input[taken..length]);
            taken += count;
            if let Some(frame) = frame {
                self.idle_since = Instant::now();
                self.frame(frame).await?;
            }
        }
        Ok(())
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), Gone> {
        let limits = &self.target.options.limits;
        if let Err(message) = self.seat.request() {
            let (Frame::Line(line) | Frame::TooDeep(line) | Frame::TooLong(line)) = frame;
            let request_id = decode::salvage(&line);
            let (code, stage) = (ErrorCode::RateLimited, ErrorStage::Authorise);
            let most = limits.requests_per_second;
            self.refuse(Refused {
                request_id,
                error: DashboardError::new(code, stage, message).into(),
            })
            .await?;
            self.refused += 1;
            // Who goes on like that is not listened to any longer.
            let is_flood = self.refused > most && !cfg!(plant_bug = "ipc_floods_go_on");
            return if is_flood { Err(Gone) } else { Ok(()) };
        }
        self.refused = 0;
        match frame {
            Frame::Line(line) => match decode::decode(&line) {
                Ok(request) => self.answer(request).await,
                Err(refused) => self.refuse(refused).await,
            },
            Frame::TooDeep(begin) => self.refuse(decode::too_deep(&begin, limits.nesting)).await,
            Frame::TooLong(begin) => {
                self.refuse(decode::too_long(&begin, limits.line_bytes)).await?;
                Err(Gone)
            }
        }
    }

    async fn answer(&mut self, Request { request_id, call }: Request) -> Result<(), Gone> {
        let target = Arc::clone(&self.target);
        if matches!(call, Call::Command(_)) {
            // The disk may take its time to write it down: what was answered before does not wait.
            self.flush().await?;
        }
        let meant = call.target_id().filter(|meant| *meant != target.id()).map(str::to_owned);
        let result = match (meant, call) {
            (Some(meant), call) if !cfg!(plant_bug = "ipc_target_ignored") => {
                let error = another_target(&meant, target.id());
                if let Call::Command(params) = call {
                    commands::refuse(&target, self.who, &params.into_request(), &error).await;
                }
                Err(error)
            }
            (_, Call::Hello(params)) => match params.protocol_version.as_deref() {
                None | Some(VERSION) => Ok(IpcResult::Hello(Box::new(target.hello(self.who.role)))),
                Some(_) => Err(DashboardError::new(
                    ErrorCode::InvalidCommandParams,
                    ErrorStage::ProtocolParse,
                    format!("this target speaks `{VERSION}` and no other version"),
                )),
            },
            (_, Call::State(_)) => match target.state().await {
                Ok(state) => {
                    let target_id = target.id().to_owned();
                    Ok(IpcResult::State { target_id, state: Box::new(state) })
                }
                Err(error) => Err(commands::error_of(&error)),
            },
            (_, Call::Subscribe(params)) => self.subscribe(params).await,
            (_, Call::Tail(params)) => self.tail(params),
            (_, Call::Why(params)) => explain::why(&target, params.child_path).await,
            (_, Call::Explain(params)) => explain::explain(&target, params.child_path),
            (_, Call::Unsubscribe(params)) => Ok(self.unsubscribe(&params)),
            (_, Call::Command(params)) => {
                match commands::take_on(&target, self.who, *params).await {
                    Ok(outcome) => {
                        self.running.spawn(async move {
                            respond(&target, request_id, commands::wait(outcome).await)
                        });
                        return Ok(());
                    }
                    Err(error) => Err(error),
                }
            }
        };
        self.send(&respond(&self.target, request_id, result)).await
    }

    /// A new subscription takes the place of the one before.
    async fn subscribe(&mut self, params: SubscribeParams) -> Result<IpcResult, DashboardError> {
        let target = Arc::clone(&self.target);
        let rows = target.rows(Vec::new()).await;
        let latest = rows.map_err(|error| commands::error_of(&error))?.sequence;
        let from = starting_at(params.from_sequence, latest, "event")?;
        // The place of the one before is free for it.
        self.subscriptions.events = None;
        let counted = self.seat.subscribe().map_err(too_many)?;
        let conditions = params.filter.unwrap_or_default();
        self.subscriptions.events = Some(Events::new(&target, from, conditions, counted)?);
        Ok(subscribed(&target, Subscription::Events, from))
    }

    fn tail(&mut self, params: TailParams) -> Result<IpcResult, DashboardError> {
        let target = Arc::clone(&self.target);
        let logs = &target.options.logs;
        let from = starting_at(params.from_sequence, logs.latest(), "line of the log")?;
        self.subscriptions.logs = None;
        let counted = self.seat.subscribe().map_err(too_many)?;
        let conditions = params.filter.unwrap_or_default();
        self.subscriptions.logs = Some(Logs::new(logs.read_from(from), conditions, counted)?);
        Ok(subscribed(&target, Subscription::Logs, from))
    }

    fn unsubscribe(&mut self, params: &UnsubscribeParams) -> IpcResult {
        let subscription = params.subscription.unwrap_or(Subscription::Events);
        let was_subscribed = match subscription {
            Subscription::Events => self.subscriptions.events.take().is_some(),
            Subscription::Logs => self.subscriptions.logs.take().is_some(),
        };
        let target_id = self.target.id().to_owned();
        IpcResult::Unsubscribed { target_id, subscription, was_subscribed }
    }

    async fn push(&mut self, push: Push) -> Result<(), Gone> {
        let target = Arc::clone(&self.target);
        let target_id = target.id().to_owned();
        let push = match push {
            Push::Event(event) => {
                let version = target.handle.config_version();
                IpcServerPush::Event { event: view::event(&event, &target_id, &version), target_id }
            }
            Push::Log(line) => IpcServerPush::Log { log: view::log(&line, &target_id), target_id },
            Push::Dropped { events, logs } => IpcServerPush::Dropped { events, logs },
            Push::Delta => {
                let Some(events) = &mut self.subscriptions.events else { return Ok(()) };
                let Some(delta) = events.deltas.take(&target).await else { return Ok(()) };
                IpcServerPush::StateDelta { target_id, delta }
            }
        };
        self.send(&push).await
    }

    async fn refuse(&mut self, Refused { request_id, error }: Refused) -> Result<(), Gone> {
        let response = respond(&self.target, request_id, Err(*error));
        self.send(&response).await
    }

    /// Adds a line to those that are to be written, which they are before anything is waited for.
    async fn send(&mut self, message: &impl Serialize) -> Result<(), Gone> {
        self.output.add(message)?;
        if self.output.is_full() { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.output.write(&mut self.stream).await
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn respond(
    target: &Target,
    request_id: String,
    result: Result<IpcResult, DashboardError>,
) -> IpcResponse {
    match result {
        Ok(result) => IpcResponse::ok(request_id, result),
        Err(error) => IpcResponse::error(request_id, error.of_target(target.id())),
    }
}

fn subscribed(target: &Target, subscription: Subscription, from_sequence: u64) -> IpcResult {
    IpcResult::Subscription { target_id: target.id().to_owned(), subscription, from_sequence }
}

/// Where a subscription begins. What is still to come can be named only up to the next one: a
/// sequence beyond that is of another run of the program.
fn starting_at(said: Option<u64>, latest: u64, what: &str) -> Result<u64, DashboardError> {
    let next = latest + 1;
    match said {
        None => Ok(next),
        Some(said) if said <= next => Ok(said.max(1)),
        Some(said) => {
            let message = format!(
                "`from_sequence` is {said}, and the latest {what} is {latest}: sequences begin anew \
                 when the program is started, see `program.instance` in `hello`"
            );
            let (code, stage) = (ErrorCode::ValidationFailed, ErrorStage::Subscription);
            Err(DashboardError::new(code, stage, message))
        }
    }
}

fn too_many(message: String) -> DashboardError {
    DashboardError::new(ErrorCode::RateLimited, ErrorStage::Subscription, message)
}

fn another_target(meant: &str, target_id: &str) -> DashboardError {
    let meant: String = meant.chars().take(64).collect();
    let message = format!("this is the target `{target_id}`, and `{meant}` is meant");
    DashboardError::new(ErrorCode::ValidationFailed, ErrorStage::CommandValidate, message)
}
