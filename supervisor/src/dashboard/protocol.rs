//! What goes over the socket of a target: one JSON object a line, both ways.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::{DashboardError, words};
use super::label::Role;
use super::model::{
    ControlCommandKind, ControlCommandRequest, ControlCommandResult, ControlCommandTarget,
    DashboardState, EventRecord, LogRecord, StateDelta, TargetProcessRegistration,
};

/// Names the protocol. It changes when a field is renamed or dropped, or changes its meaning.
pub const VERSION: &str = "dashboard-ipc.v1";

words! {
    /// What a target can be asked.
    Method {
        /// Who it is and what it can do.
        Hello = "hello",
        /// Its whole tree.
        State = "state",
        /// Events and changes of the state from now on, or from a sequence.
        EventsSubscribe = "events.subscribe",
        /// None of these any more.
        EventsUnsubscribe = "events.unsubscribe",
        /// Lines of the log from now on, or from a sequence.
        LogsTail = "logs.tail",
        /// Why a child is in its state.
        Why = "why",
        /// Every value that holds for a child, and where it comes from.
        Explain = "explain",
        /// See [`ControlCommandKind::RestartChild`].
        RestartChild = "command.restart_child",
        /// See [`ControlCommandKind::PauseChild`].
        PauseChild = "command.pause_child",
        /// See [`ControlCommandKind::ResumeChild`].
        ResumeChild = "command.resume_child",
        /// See [`ControlCommandKind::QuarantineChild`].
        QuarantineChild = "command.quarantine_child",
        /// See [`ControlCommandKind::RemoveChild`].
        RemoveChild = "command.remove_child",
        /// See [`ControlCommandKind::AddChild`].
        AddChild = "command.add_child",
        /// See [`ControlCommandKind::ShutdownTree`].
        ShutdownTree = "command.shutdown_tree",
    }
}

impl Method {
    /// The command that it carries, if it carries one.
    pub const fn command(self) -> Option<ControlCommandKind> {
        match self {
            Self::RestartChild => Some(ControlCommandKind::RestartChild),
            Self::PauseChild => Some(ControlCommandKind::PauseChild),
            Self::ResumeChild => Some(ControlCommandKind::ResumeChild),
            Self::QuarantineChild => Some(ControlCommandKind::QuarantineChild),
            Self::RemoveChild => Some(ControlCommandKind::RemoveChild),
            Self::AddChild => Some(ControlCommandKind::AddChild),
            Self::ShutdownTree => Some(ControlCommandKind::ShutdownTree),
            Self::Hello
            | Self::State
            | Self::EventsSubscribe
            | Self::EventsUnsubscribe
            | Self::LogsTail
            | Self::Why
            | Self::Explain => None,
        }
    }

    /// The method that carries this command.
    pub const fn of_command(command: ControlCommandKind) -> Self {
        match command {
            ControlCommandKind::RestartChild => Self::RestartChild,
            ControlCommandKind::PauseChild => Self::PauseChild,
            ControlCommandKind::ResumeChild => Self::ResumeChild,
            ControlCommandKind::QuarantineChild => Self::QuarantineChild,
            ControlCommandKind::RemoveChild => Self::RemoveChild,
            ControlCommandKind::AddChild => Self::AddChild,
            ControlCommandKind::ShutdownTree => Self::ShutdownTree,
        }
    }
}

/// A request to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IpcRequest {
    /// Comes back in the response.
    pub request_id: String,
    /// What is asked; see [`Method`].
    pub method: String,
    /// With what: an object. Left out it is empty.
    #[serde(default = "empty")]
    pub params: Value,
}

/// Something that is written as an object, and not as the list that would do for it too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMaps<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMaps<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(OnlyMaps(PhantomData)).map(Self)
    }
}

fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

fn maybe_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Object<T>>::deserialize(deserializer).map(|said| said.map(|Object(value)| value))
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Makes what methods take: the fields of each, and those that every one has. serde refuses no
/// unknown key of what it flattens, so these stand in each.
macro_rules! params {
    ($(
        $(#[$about:meta])*
        $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The target that is meant; another one refuses.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub target_id: Option<String>,
            /// What a relay knows of its session. It gives no right to anything.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub session_established: Option<bool>,
            $($(#[$of])* pub $field: $type,)*
        }
    )*};
}

params! {
    /// With `hello`. Everything may be left out.
    #[derive(Default)]
    HelloParams {
        /// What the client speaks: a target that speaks something else refuses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol_version: Option<String>,
    }

    /// With `state`. Everything may be left out.
    #[derive(Default)]
    StateParams {}

    /// With `why` and `explain`.
    ChildParams {
        /// The whole path of the child that is meant.
        child_path: String,
    }

    /// With `events.subscribe`. Everything may be left out.
    #[derive(Default)]
    SubscribeParams {
        /// Begins with what the journal has from this sequence on. Left out: from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_sequence: Option<u64>,
        /// Which events. Left out: all.
        #[serde(default, deserialize_with = "maybe_object", skip_serializing_if = "Option::is_none")]
        filter: Option<EventConditions>,
    }

    /// With `events.unsubscribe`. Everything may be left out.
    #[derive(Default)]
    UnsubscribeParams {
        /// What is wanted no more. Left out: the events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subscription: Option<Subscription>,
    }

    /// With `logs.tail`. Everything may be left out.
    #[derive(Default)]
    TailParams {
        /// Begins with what the target has kept from this sequence on. Left out: from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_sequence: Option<u64>,
        /// Which lines. Left out: all.
        #[serde(default, deserialize_with = "maybe_object", skip_serializing_if = "Option::is_none")]
        filter: Option<LogConditions>,
    }
}

/// Which events are wanted: those that meet every condition that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventConditions {
    /// Those about one of these paths or whatever is below it; of all when empty. Holds for
    /// changes of the state too.
    pub child_paths: Vec<String>,
    /// Those of one of these types; of all when empty.
    pub event_types: Vec<String>,
    /// Those that matter as much as one of these words says; all when empty.
    pub severities: Vec<String>,
}

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subscription {
    /// Events, and changes of the state.
    Events,
    /// Lines of the log.
    Logs,
}

/// Which lines of the log are wanted: those that meet every condition that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConditions {
    /// Those written by runs of one of these paths or whatever is below it; all when empty.
    pub child_paths: Vec<String>,
    /// Those that matter as much as one of these words says; all when empty.
    pub severities: Vec<String>,
}

/// With `command.*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandParams {
    /// Names the command: the same id again is the same command. 1 to 128 bytes.
    pub command_id: String,
    /// The target it is for; another one refuses.
    pub target_id: String,
    /// What to do: the one that the method names.
    pub command: ControlCommandKind,
    /// With what.
    #[serde(deserialize_with = "object")]
    pub target: ControlCommandTarget,
    /// Why; not blank.
    pub reason: String,
    /// Who asks; not blank.
    pub requested_by: String,
    /// Whether somebody has said that a dangerous command is meant.
    pub confirmed: bool,
    /// When it was asked for, in Unix nanoseconds.
    pub requested_at_unix_nanos: u64,
    /// The role of whoever asked a relay. The lower one of that and the relay's own holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_role: Option<Role>,
    /// What a relay knows of its session. It gives no right to anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_established: Option<bool>,
}

impl CommandParams {
    /// The command itself.
    pub fn into_request(self) -> ControlCommandRequest {
        ControlCommandRequest {
            command_id: self.command_id,
            target_id: self.target_id,
            command: self.command,
            target: self.target,
            reason: self.reason,
            requested_by: self.requested_by,
            confirmed: self.confirmed,
            requested_at_unix_nanos: self.requested_at_unix_nanos,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IpcResponse {
    /// That of the request; empty where it could not be read, or where there was none.
    pub request_id: String,
    /// Whether there is a result.
    pub ok: bool,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<IpcResult>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DashboardError>,
}

impl IpcResponse {
    /// The answer to a request that was carried out.
    pub fn ok(request_id: impl Into<String>, result: IpcResult) -> Self {
        Self { request_id: request_id.into(), ok: true, result: Some(result), error: None }
    }

    /// The answer to a request that was not.
    pub fn error(request_id: impl Into<String>, error: DashboardError) -> Self {
        Self { request_id: request_id.into(), ok: false, result: None, error: Some(error) }
    }
}

/// What was asked for. `type` says what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IpcResult {
    /// The answer to `hello`.
    Hello(Box<Hello>),
    /// The answer to `state`.
    State {
        /// Whose state it is.
        target_id: String,
        /// The state.
        state: Box<DashboardState>,
    },
    /// The answer to `events.subscribe` and `logs.tail`. Comes before the first push.
    Subscription {
        /// Whose events or lines they are.
        target_id: String,
        /// What is subscribed to.
        subscription: Subscription,
        /// The sequence that the first of them has at least.
        from_sequence: u64,
    },
    /// The answer to `events.unsubscribe`. No push comes after it.
    Unsubscribed {
        /// Whose events or lines they were.
        target_id: String,
        /// What is subscribed to no more.
        subscription: Subscription,
        /// Whether it was.
        was_subscribed: bool,
    },
    /// The answer to `why`.
    Why {
        /// Whose child it is.
        target_id: String,
        /// The child.
        child_path: String,
        /// For a person: sentences, one in a line.
        text: String,
    },
    /// The answer to `explain`.
    Explain {
        /// Whose child it is.
        target_id: String,
        /// The child.
        child_path: String,
        /// What holds for it.
        values: Vec<ExplainedValue>,
    },
    /// The answer to `command.*`.
    CommandResult(Box<ControlCommandResult>),
}

/// A value that holds for a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedValue {
    /// Its key, as it is written in a configuration.
    pub key: String,
    /// The value, as it is written; `***` for a secret.
    pub value: String,
    /// Where it comes from, for a person.
    pub origin: String,
    /// What it was laid over, the strongest first: each value and where that comes from.
    pub overrode: Vec<String>,
}

/// Who a target is and what it can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// What the target speaks.
    pub protocol_version: String,
    /// The target.
    pub target_id: String,
    /// What people call it.
    pub display_name: String,
    /// What may be asked.
    pub methods: Vec<String>,
    /// What the target can be told to do.
    pub supported_commands: Vec<super::model::SupportedCommand>,
    /// What it tells a relay about itself.
    pub registration: TargetProcessRegistration,
    /// What whoever asks may do.
    pub role: Role,
    /// The program behind it.
    pub program: Program,
    /// How much the target takes.
    pub limits: WireLimits,
}

/// The program behind a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// The id of its process.
    pub process_id: u32,
    /// The version of this library.
    pub supervisor_version: String,
    /// Drawn at random by each start: whoever meets another one speaks with another run of it, and
    /// sequences begin anew.
    pub instance: String,
}

/// How much a target takes from one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireLimits {
    /// The longest line, in bytes, without its newline.
    pub line_bytes: u64,
    /// How deep objects and lists may stand in each other.
    pub nesting: u64,
    /// How many requests a second, of all connections of one user together.
    pub requests_per_second: u64,
}

/// What a target sends by itself to whoever has subscribed to it. `type` says what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IpcServerPush {
    /// Something happened.
    Event {
        /// To whose tree.
        target_id: String,
        /// What.
        event: EventRecord,
    },
    /// A line was written to the log.
    Log {
        /// Whose log.
        target_id: String,
        /// The line.
        log: LogRecord,
    },
    /// Rows of the state have changed. Comes after the events of these changes. Changes that follow
    /// each other closely come together.
    StateDelta {
        /// Whose state.
        target_id: String,
        /// What is different now.
        delta: StateDelta,
    },
    /// Pushes are missing here, because they were read too slowly or are gone from the journal.
    Dropped {
        /// How many events, whatever they were about.
        events: u64,
        /// How many lines of the log.
        logs: u64,
    },
}

/// What a relay answers to a registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationAck {
    /// Whether the target is registered.
    pub ok: bool,
    /// Whether the same registration can work later.
    pub retryable: bool,
    /// `registered`, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The target, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// Why not, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RegistrationError>,
}

/// Why a registration was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationError {
    /// For a program.
    pub code: String,
    /// For a person.
    pub message: String,
}
