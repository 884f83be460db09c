//! Requests out of lines: what is not exactly a request is refused, and under which id if that can
//! be read.

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use crate::dashboard::protocol::{
    ChildParams, CommandParams, HelloParams, Method, StateParams, SubscribeParams, TailParams,
    UnsubscribeParams, VERSION,
};

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) request_id: String,
    pub(super) call: Call,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Hello(HelloParams),
    State(StateParams),
    Subscribe(SubscribeParams),
    Unsubscribe(UnsubscribeParams),
    Tail(TailParams),
    Why(ChildParams),
    Explain(ChildParams),
    Command(Box<CommandParams>),
}

impl Call {
    /// The target that is meant, if that is said.
    pub(super) fn target_id(&self) -> Option<&str> {
        match self {
            Self::Hello(params) => params.target_id.as_deref(),
            Self::State(params) => params.target_id.as_deref(),
            Self::Subscribe(params) => params.target_id.as_deref(),
            Self::Unsubscribe(params) => params.target_id.as_deref(),
            Self::Tail(params) => params.target_id.as_deref(),
            Self::Why(params) | Self::Explain(params) => params.target_id.as_deref(),
            Self::Command(params) => Some(&params.target_id),
        }
    }
}

/// A line that is no request: what to answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) request_id: String,
    pub(super) error: Box<DashboardError>,
}

/// As it stands on the line. What the method is given is read when the method is known, out of the
/// text, because a value would forget that a key was there twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    request_id: String,
    method: String,
    #[serde(borrow, default, deserialize_with = "said")]
    params: Option<&'a RawValue>,
}

/// What is said, also if it is null: that is no object.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads a line.
pub(super) fn decode(line: &[u8]) -> Result<Request, Refused> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let message = format!("the line is not UTF-8 from byte {} on", error.valid_up_to());
        bad_json(line, message)
    })?;
    let no_request = |why: &dyn std::fmt::Display| {
        let message = format!(
            "the line is no request, which is an object with `request_id`, `method` and `params`: \
             {why}"
        );
        bad_json(line, message)
    };
    // A list would do for a struct too.
    if text.trim_start().starts_with('[') {
        return Err(no_request(&"it is a list"));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| no_request(&error))?;
    let Envelope { request_id, method, params } = envelope;
    call(&method, params)
        .map_err(|error| Refused { request_id: request_id.clone(), error: error.into() })
        .map(|call| Request { request_id, call })
}

fn call(method: &str, params: Option<&RawValue>) -> Result<Call, DashboardError> {
    let Some(method) = Method::of(method) else {
        let known: Vec<_> = Method::ALL.iter().map(|method| method.as_str()).collect();
        let message = format!(
            "there is no method `{}`; in {VERSION} there are {}",
            shortened(method),
            known.join(", ")
        );
        return Err(refuse(ErrorCode::UnsupportedMethod, message));
    };
    let params = params.map_or("{}", RawValue::get);
    if let Some(expected) = method.command()
        && let Ok(Named { command: Some(command) }) = serde_json::from_str(params)
        && command != expected.as_str()
        && !cfg!(plant_bug = "ipc_mismatch_ignored")
    {
        let error = DashboardError::new(
            ErrorCode::MethodCommandMismatch,
            ErrorStage::CommandValidate,
            format!(
                "`command` is `{}` and the method is `{method}`: they have to name the same command",
                shortened(&command)
            ),
        );
        return Err(error);
    }
    Ok(match method {
        Method::Hello => Call::Hello(read(method, params)?),
        Method::State => Call::State(read(method, params)?),
        Method::EventsSubscribe => Call::Subscribe(read(method, params)?),
        Method::EventsUnsubscribe => Call::Unsubscribe(read(method, params)?),
        Method::LogsTail => Call::Tail(read(method, params)?),
        Method::Why => Call::Why(read(method, params)?),
        Method::Explain => Call::Explain(read(method, params)?),
        Method::RestartChild
        | Method::PauseChild
        | Method::ResumeChild
        | Method::QuarantineChild
        | Method::RemoveChild
        | Method::AddChild
        | Method::ShutdownTree => Call::Command(read(method, params)?),
    })
}

/// As much as is needed to see whether a command goes with its method.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    command: Option<String>,
}

fn read<T: DeserializeOwned>(method: Method, params: &str) -> Result<T, DashboardError> {
    let fail = |error: &dyn std::fmt::Display| {
        refuse(ErrorCode::InvalidCommandParams, format!("`{method}` does not take this: {error}"))
    };
    // A list would do for a struct too.
    if !params.starts_with('{') {
        return Err(fail(&"`params` has to be an object"));
    }
    serde_json::from_str(params).map_err(|error| fail(&error))
}

fn refuse(code: ErrorCode, message: String) -> DashboardError {
    DashboardError::new(code, ErrorStage::ProtocolParse, message)
}

fn bad_json(line: &[u8], message: String) -> Refused {
    let error = refuse(ErrorCode::InvalidJson, message).into();
    Refused { request_id: salvage(line), error }
}

/// What is answered to a line that is too long.
pub(super) fn too_long(begin: &[u8], most_bytes: usize) -> Refused {
    let message = format!(
        "the line is longer than {most_bytes} bytes, which is `ipc.limits.line_bytes`; the \
         connection is closed"
    );
    Refused { request_id: salvage(begin), error: refuse(ErrorCode::LineTooLong, message).into() }
}

/// What is answered to a line that is nested too deep.
pub(super) fn too_deep(begin: &[u8], most_nesting: usize) -> Refused {
    let message = format!(
        "objects and lists stand in each other more than {most_nesting} deep, which is \
         `ipc.limits.nesting`"
    );
    Refused { request_id: salvage(begin), error: refuse(ErrorCode::NestingTooDeep, message).into() }
}

/// What is answered to a line that is never finished.
pub(super) fn unfinished(begin: &[u8], why: &str) -> Refused {
    bad_json(begin, format!("the line has no end: {why}"))
}

/// The id of a request whose line cannot be used, out of as much of it as is JSON; empty if that
/// has none.
pub(super) fn salvage(line: &[u8]) -> String {
    let mut found = None;
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // That the line is broken is known.
    drop(deserializer.deserialize_map(Salvage(&mut found)));
    found.unwrap_or_default()
}

struct Salvage<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for Salvage<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "request_id" && self.0.is_none() {
                *self.0 = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// As much of a word as belongs into a message.
fn shortened(word: &str) -> String {
    match word.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
