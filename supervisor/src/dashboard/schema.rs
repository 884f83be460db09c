//! The JSON schemas of the messages.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use super::model::{AuditEvent, ControlCommandRequest, TargetProcessRegistration};
use super::protocol::{
    ChildParams, CommandParams, HelloParams, IpcRequest, IpcResponse, IpcServerPush,
    RegistrationAck, StateParams, SubscribeParams, TailParams, UnsubscribeParams, VERSION,
};

/// The name and the JSON schema of each message, and of what requests carry.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        of::<IpcRequest>("request"),
        of::<HelloParams>("params.hello"),
        of::<StateParams>("params.state"),
        of::<SubscribeParams>("params.events.subscribe"),
        of::<UnsubscribeParams>("params.events.unsubscribe"),
        of::<TailParams>("params.logs.tail"),
        of::<ChildParams>("params.child"),
        of::<CommandParams>("params.command"),
        of::<IpcResponse>("response"),
        of::<IpcServerPush>("push"),
        of::<TargetProcessRegistration>("registration"),
        of::<RegistrationAck>("registration.ack"),
        of::<ControlCommandRequest>("control_command_request"),
        of::<AuditEvent>("audit_event"),
    ]
}

fn of<T: JsonSchema>(name: &'static str) -> (&'static str, Value) {
    let mut schema = schema_for!(T);
    schema.insert("$id".to_owned(), format!("{VERSION}/{name}").into());
    (name, schema.to_value())
}
