//! A connection to a target.

use std::collections::VecDeque;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use rust_supervisor::dashboard::protocol::{
    Hello, HelloParams, IpcRequest, IpcResponse, IpcResult, IpcServerPush, Method, VERSION,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::error::CtlError;
use crate::find::Socket;

/// A connection whose target has said who it is.
pub(crate) struct Client {
    wire: Wire,
    pub(crate) hello: Hello,
    /// How long an answer may take.
    patience: Duration,
    requests: u64,
    /// What came before the answer that was waited for.
    pushes: VecDeque<IpcServerPush>,
}

impl Client {
    /// Connects, and asks the target who it is.
    pub(crate) async fn connect(socket: &Socket, patience: Duration) -> Result<Self, CtlError> {
        let silent = |_| CtlError::Silent { path: socket.path.clone(), waited: patience };
        let (wire, hello) = timeout(patience, Wire::open(socket)).await.map_err(silent)??;
        Ok(Self { wire, hello, patience, requests: 1, pushes: VecDeque::new() })
    }

    pub(crate) fn target_id(&self) -> &str {
        &self.hello.target_id
    }

    /// Asks something. Pushes that come meanwhile are kept for [`next_push`](Self::next_push).
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        params: Value,
    ) -> Result<IpcResult, CtlError> {
        self.ask_within(self.patience, method, params).await
    }

    /// The same, with another time to answer.
    pub(crate) async fn ask_within(
        &mut self,
        patience: Duration,
        method: Method,
        params: Value,
    ) -> Result<IpcResult, CtlError> {
        self.requests += 1;
        let request_id = format!("supctl-{}", self.requests);
        let Self { wire, pushes, .. } = self;
        let answer = async {
            wire.send(&request_id, method, params).await?;
            loop {
                match wire.receive().await? {
                    Line::Push(push) => pushes.push_back(*push),
                    Line::Response(it) if it.request_id == request_id => {
                        return wire.result_of(*it);
                    }
                    // Of the connection as a whole, such as a limit that was reached.
                    Line::Response(it) if it.request_id.is_empty() => return wire.result_of(*it),
                    Line::Response(_) => {}
                }
            }
        };
        let answer = timeout(patience, answer).await;
        let path = || self.wire.socket.path.clone();
        answer.map_err(|_| CtlError::Silent { path: path(), waited: patience })?
    }

    /// The next event, line of the log or change. Dropping the future loses nothing.
    pub(crate) async fn next_push(&mut self) -> Result<IpcServerPush, CtlError> {
        if let Some(push) = self.pushes.pop_front() {
            return Ok(push);
        }
        loop {
            match self.wire.receive().await? {
                Line::Push(push) => return Ok(*push),
                Line::Response(response) => drop(self.wire.result_of(*response)?),
            }
        }
    }
}

/// What can come from a target.
enum Line {
    Response(Box<IpcResponse>),
    Push(Box<IpcServerPush>),
}

/// Lines of JSON, both ways.
struct Wire {
    socket: Socket,
    stream: BufReader<UnixStream>,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
}

/// The system refuses a file of another kind in the same words as a socket without a listener.
fn is_socket(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

impl Wire {
    async fn open(socket: &Socket) -> Result<(Self, Hello), CtlError> {
        let path = socket.path.clone();
        let stream = UnixStream::connect(&socket.path).await;
        let stream = stream.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CtlError::Missing { path },
            io::ErrorKind::ConnectionRefused if !is_socket(&path) => {
                CtlError::NoSocketFile { path }
            }
            io::ErrorKind::ConnectionRefused => CtlError::Dead { path },
            io::ErrorKind::PermissionDenied => CtlError::Forbidden { path },
            _ => CtlError::Io { path, source },
        })?;
        let mut wire =
            Self { socket: socket.clone(), stream: BufReader::new(stream), line: Vec::new() };
        let params =
            HelloParams { protocol_version: Some(VERSION.to_owned()), ..HelloParams::default() };
        wire.send("supctl-1", Method::Hello, json!(params)).await?;
        let said: Value = serde_json::from_slice(&wire.next_line().await?).unwrap_or_default();
        // What it speaks is looked at before whether it can be understood.
        let spoken = said["result"]["protocol_version"].as_str().unwrap_or("something else");
        if said["ok"] == true && spoken != VERSION {
            return Err(wire.other_protocol(spoken));
        }
        match serde_json::from_value(said.clone()) {
            Ok(response) => match wire.result_of(response)? {
                IpcResult::Hello(hello) => Ok((wire, *hello)),
                _ => Err(wire.other_protocol("something else")),
            },
            Err(_) => Err(wire.other_protocol("something else")),
        }
    }

    fn other_protocol(&self, spoken: &str) -> CtlError {
        CtlError::Protocol { path: self.socket.path.clone(), spoken: spoken.to_owned() }
    }

    async fn send(&mut self, id: &str, method: Method, params: Value) -> Result<(), CtlError> {
        let request =
            IpcRequest { request_id: id.to_owned(), method: method.as_str().to_owned(), params };
        let mut line = json!(request).to_string();
        line.push('\n');
        match self.stream.write_all(line.as_bytes()).await {
            // A target that has said why before it closed is read all the same.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    async fn receive(&mut self) -> Result<Line, CtlError> {
        let line = self.next_line().await?;
        let read = || -> serde_json::Result<Line> {
            let value: Value = serde_json::from_slice(&line)?;
            Ok(if value.get("request_id").is_some() {
                Line::Response(serde_json::from_value(value)?)
            } else {
                Line::Push(serde_json::from_value(value)?)
            })
        };
        read().map_err(|error| self.nonsense(format!("it says what nobody knows: {error}")))
    }

    /// What has come of a line stays for the next call where the future is dropped.
    async fn next_line(&mut self) -> Result<Vec<u8>, CtlError> {
        match self.stream.read_until(b'\n', &mut self.line).await {
            Ok(_) if self.line.ends_with(b"\n") => Ok(std::mem::take(&mut self.line)),
            Ok(_) => Err(CtlError::Closed { path: self.socket.path.clone() }),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Err(CtlError::Closed { path: self.socket.path.clone() })
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn result_of(&self, response: IpcResponse) -> Result<IpcResult, CtlError> {
        match response {
            IpcResponse { error: Some(error), .. } => Err(CtlError::Refused(error)),
            IpcResponse { result: Some(result), .. } => Ok(result),
            _ => Err(self.nonsense("an answer with neither a result nor an error".to_owned())),
        }
    }

    fn failed(&self, source: io::Error) -> CtlError {
        CtlError::Io { path: self.socket.path.clone(), source }
    }

    fn nonsense(&self, why: String) -> CtlError {
        self.failed(io::Error::new(io::ErrorKind::InvalidData, why))
    }
}
