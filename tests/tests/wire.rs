//! The contract with relay and dashboard: its schemas and an example of each message, as they are
//! written down in `docs/wire`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use rust_supervisor::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use rust_supervisor::dashboard::label::{
    HealthLabel, LifecycleLabel, ReadinessLabel, Role, SeverityLabel, ShutdownLabel, StatusLabel,
};
use rust_supervisor::dashboard::model::{
    AuditEvent, ControlCommandKind, ControlCommandRequest, ControlCommandResult,
    ControlCommandTarget, DashboardCriticality, DashboardState, EventRecord, LogRecord,
    RegistrationState, RuntimeState, StateDelta, SupervisorEdge, SupervisorEdgeKind,
    SupervisorNode, SupervisorNodeKind, SupervisorTopology, SupportedCommand,
    TargetConnectionState, TargetProcessIdentity, TargetProcessRegistration,
};
use rust_supervisor::dashboard::protocol::{
    ChildParams, CommandParams, EventConditions, ExplainedValue, Hello, HelloParams, IpcRequest,
    IpcResponse, IpcResult, IpcServerPush, LogConditions, Method, Program, RegistrationAck,
    RegistrationError, StateParams, SubscribeParams, Subscription, TailParams, UnsubscribeParams,
    VERSION, WireLimits,
};
use rust_supervisor::dashboard::schema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TARGET: &str = "payments-worker-a";
const AT: u64 = 1_795_334_400_000_000_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/wire")
}

/// Compares a committed file with what would be generated now. With `BLESS=1` it is written.
fn check_generated(name: &str, generated: &Value) {
    let path = folder().join(name);
    let text = format!("{generated:#}\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/wire/{name} is stale: run `BLESS=1 cargo test -p supervisor-tests --test wire`"
    );
}

#[test]
fn the_schemas_are_what_the_types_say() {
    for (name, schema) in schema::schemas() {
        check_generated(&format!("{name}.schema.json"), &schema);
    }
}

/// What clients of other languages compare what they get with.
const CODES: &str = "error_codes.json";

#[test]
fn the_codes_of_errors_are_written_down_for_programs_and_for_people() {
    let codes = ErrorCode::ALL.iter();
    let written: Vec<_> = codes
        .map(|code| json!({ "code": code.as_str(), "retryable": code.is_retryable() }))
        .collect();
    check_generated(CODES, &Value::Array(written));
    let page = folder().join("../en/src/socket.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| code | ").unwrap();
    let rows = table.lines().skip(2).map_while(|row| row.strip_prefix("| `"));
    let told: Vec<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let known: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(told, known, "in docs/en/src/socket.md");
}

#[test]
fn there_is_an_example_of_every_message_and_nothing_else() {
    for (name, _, value) in fixtures() {
        check_generated(&format!("{name}.json"), &value);
    }
    let expected: BTreeSet<_> = fixtures()
        .into_iter()
        .map(|(name, ..)| format!("{name}.json"))
        .chain(schema::schemas().into_iter().map(|(name, _)| format!("{name}.schema.json")))
        .chain([CODES.to_owned()])
        .collect();
    let found = std::fs::read_dir(folder()).unwrap();
    let found: BTreeSet<_> =
        found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_example_is_what_its_schema_asks_for() {
    let schemas = schema::schemas();
    for (name, schema, value) in fixtures() {
        let schema = &schemas.iter().find(|(known, _)| *known == schema).unwrap().1;
        let validator = jsonschema::validator_for(schema).unwrap();
        let wrong: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        assert!(!validator.is_valid(&json!({ "nothing": "of the kind" })), "{name}");
    }
}

/// Reads the value again and sees that it is the same.
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
    let json = serde_json::to_value(value).unwrap();
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    assert!(!text.contains('\n'), "it is one line");
    json
}

fn request<P: Serialize + DeserializeOwned + PartialEq + Debug>(
    method: Method,
    params: &P,
) -> (String, &'static str, Value) {
    let request = IpcRequest {
        request_id: "42".to_owned(),
        method: method.as_str().to_owned(),
        params: there_and_back(params),
    };
    (format!("request.{method}"), "request", there_and_back(&request))
}

fn response(name: &str, result: IpcResult) -> (String, &'static str, Value) {
    let value = there_and_back(&IpcResponse::ok("42", result));
    (format!("response.{name}"), "response", value)
}

fn push(name: &str, push: &IpcServerPush) -> (String, &'static str, Value) {
    (format!("push.{name}"), "push", there_and_back(push))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what the fields take")]
fn target() -> Option<String> {
    Some(TARGET.to_owned())
}

fn params(command: ControlCommandKind) -> CommandParams {
    let (child_path, child_manifest) = match command {
        ControlCommandKind::ShutdownTree => (None, None),
        ControlCommandKind::AddChild => {
            let manifest = json!({ "name": "consumer-3", "template": "consumers" });
            (Some("/root/consumers".to_owned()), Some(manifest.to_string()))
        }
        _ => (Some("/root/payments/ledger".to_owned()), None),
    };
    CommandParams {
        command_id: "1f0c9c1e".to_owned(),
        target_id: TARGET.to_owned(),
        command,
        target: ControlCommandTarget { child_path, child_manifest },
        reason: "it hangs since noon".to_owned(),
        requested_by: "CN=alice".to_owned(),
        confirmed: command.is_dangerous(),
        requested_at_unix_nanos: AT,
        requested_role: Some(Role::Admin),
        session_established: Some(true),
    }
}

fn commands() -> Vec<SupportedCommand> {
    ControlCommandKind::ALL
        .into_iter()
        .map(|command| SupportedCommand {
            name: command.as_str().to_owned(),
            idempotent: true,
            timeout_seconds: 30,
        })
        .collect()
}

fn registration() -> TargetProcessRegistration {
    TargetProcessRegistration {
        target_id: TARGET.to_owned(),
        display_name: "payments worker a".to_owned(),
        ipc_path: "/run/rust-supervisor/payments-worker-a.sock".to_owned(),
        lease_seconds: 30,
        supported_commands: commands(),
    }
}

fn node() -> SupervisorNode {
    SupervisorNode {
        node_id: "/root/payments/ledger".to_owned(),
        child_id: Some("ledger".to_owned()),
        path: "/root/payments/ledger".to_owned(),
        name: "ledger".to_owned(),
        kind: SupervisorNodeKind::ChildTask,
        tags: vec!["money".to_owned()],
        criticality: DashboardCriticality::Critical,
        state_summary: LifecycleLabel::Running.to_string(),
        diagnostics: [("since_uptime_nanos".to_owned(), "1200000000".to_owned())].into(),
    }
}

fn root() -> SupervisorNode {
    SupervisorNode {
        node_id: "/root".to_owned(),
        child_id: None,
        path: "/root".to_owned(),
        name: "root".to_owned(),
        kind: SupervisorNodeKind::RootSupervisor,
        tags: Vec::new(),
        criticality: DashboardCriticality::Standard,
        ..node()
    }
}

fn inner() -> SupervisorNode {
    SupervisorNode {
        node_id: "/root/payments".to_owned(),
        child_id: Some("payments".to_owned()),
        path: "/root/payments".to_owned(),
        name: "payments".to_owned(),
        kind: SupervisorNodeKind::Supervisor,
        tags: Vec::new(),
        criticality: DashboardCriticality::BestEffort,
        ..node()
    }
}

fn edge(kind: SupervisorEdgeKind) -> SupervisorEdge {
    SupervisorEdge {
        edge_id: "parent_child:/root/payments:/root/payments/ledger".to_owned(),
        source_path: "/root/payments".to_owned(),
        target_path: "/root/payments/ledger".to_owned(),
        kind,
        order: 0,
    }
}

fn row() -> RuntimeState {
    RuntimeState {
        child_path: "/root/payments/ledger".to_owned(),
        lifecycle_state: LifecycleLabel::Running.to_string(),
        health: HealthLabel::Healthy.to_string(),
        readiness: ReadinessLabel::Ready.to_string(),
        generation: 2,
        attempt: 2,
        restart_count: 1,
        last_failure: Some("failed: the bank hung up".to_owned()),
        last_policy_decision: Some("restart after 100ms (it is permanent)".to_owned()),
        shutdown_state: ShutdownLabel::None.to_string(),
    }
}

fn event() -> EventRecord {
    EventRecord {
        target_id: TARGET.to_owned(),
        sequence: 17,
        correlation_id: "15".to_owned(),
        event_type: "ready".to_owned(),
        severity: SeverityLabel::Debug.to_string(),
        target_path: "/root/payments/ledger".to_owned(),
        child_id: Some("ledger".to_owned()),
        occurred_at_unix_nanos: AT,
        config_version: "compiled".to_owned(),
        payload: json!({ "type": "ready", "generation": 2, "message": "ready" }),
    }
}

fn log() -> LogRecord {
    LogRecord {
        target_id: TARGET.to_owned(),
        sequence: Some(9),
        correlation_id: None,
        severity: SeverityLabel::Warning.to_string(),
        message: "the bank hung up".to_owned(),
        fields: [("child_path".to_owned(), "/root/payments/ledger".to_owned())].into(),
        occurred_at_unix_nanos: AT,
    }
}

fn delta() -> StateDelta {
    StateDelta {
        state_generation: 12,
        generated_at_unix_nanos: AT,
        runtime_state: vec![row()],
        nodes: vec![node()],
        edges: vec![edge(SupervisorEdgeKind::Dependency)],
        removed: vec!["/root/consumers/2".to_owned()],
    }
}

fn state() -> DashboardState {
    DashboardState {
        target: TargetProcessIdentity {
            target_id: TARGET.to_owned(),
            display_name: "payments worker a".to_owned(),
            registration_state: RegistrationState::Active,
            connection_state: TargetConnectionState::Connected,
        },
        topology: SupervisorTopology {
            root: root(),
            nodes: vec![root(), inner(), node()],
            edges: vec![edge(SupervisorEdgeKind::ParentChild)],
            declaration_order: ["/root", "/root/payments", "/root/payments/ledger"]
                .map(str::to_owned)
                .into(),
        },
        runtime_state: vec![row()],
        recent_events: vec![event()],
        recent_logs: vec![log()],
        dropped_event_count: 3,
        dropped_log_count: 0,
        config_version: "compiled".to_owned(),
        generated_at_unix_nanos: AT,
        state_generation: 11,
        event_sequence: 17,
    }
}

fn error(code: ErrorCode, stage: ErrorStage) -> DashboardError {
    DashboardError::new(code, stage, "what is wrong, and what to do about it").of_target(TARGET)
}

fn fixtures() -> Vec<(String, &'static str, Value)> {
    let mut all = requests();
    all.extend(answers());
    let registered = RegistrationAck {
        ok: true,
        retryable: false,
        status: Some("registered".to_owned()),
        target_id: target(),
        error: None,
    };
    let refused = RegistrationAck {
        ok: false,
        retryable: false,
        status: None,
        target_id: None,
        error: Some(RegistrationError {
            code: "ipc_path_not_allowed".to_owned(),
            message: "the path lies in none of the allowed folders".to_owned(),
        }),
    };
    let audit = AuditEvent {
        audit_id: "5d0f6a27-3".to_owned(),
        identity: "uid 1000 (admin), pid 4711".to_owned(),
        target_id: TARGET.to_owned(),
        command_id: "1f0c9c1e".to_owned(),
        command: ControlCommandKind::RestartChild,
        target: params(ControlCommandKind::RestartChild).target,
        reason: "it hangs since noon".to_owned(),
        result: StatusLabel::Accepted.to_string(),
        occurred_at_unix_nanos: AT,
    };
    let request: ControlCommandRequest = params(ControlCommandKind::PauseChild).into_request();
    let text = str::to_owned;
    all.extend([
        (text("registration"), "registration", there_and_back(&registration())),
        (text("registration.ack.registered"), "registration.ack", there_and_back(&registered)),
        (text("registration.ack.refused"), "registration.ack", there_and_back(&refused)),
        (text("audit_event"), "audit_event", there_and_back(&audit)),
        (text("control_command_request"), "control_command_request", there_and_back(&request)),
    ]);
    all
}

fn requests() -> Vec<(String, &'static str, Value)> {
    let hello = HelloParams {
        target_id: target(),
        session_established: Some(true),
        protocol_version: Some(VERSION.to_owned()),
    };
    let filter = EventConditions {
        child_paths: vec!["/root/payments".to_owned()],
        event_types: vec!["exited".to_owned(), "decided".to_owned()],
        severities: vec![SeverityLabel::Warning.to_string()],
    };
    let subscribe = SubscribeParams {
        target_id: target(),
        session_established: Some(true),
        from_sequence: Some(18),
        filter: Some(filter),
    };
    let filter = LogConditions {
        child_paths: vec!["/root/payments".to_owned()],
        severities: vec![SeverityLabel::Error.to_string()],
    };
    let tail = TailParams {
        target_id: target(),
        session_established: Some(true),
        from_sequence: Some(10),
        filter: Some(filter),
    };
    let unsubscribe = UnsubscribeParams {
        subscription: Some(Subscription::Events),
        ..UnsubscribeParams::default()
    };
    let child = ChildParams {
        target_id: target(),
        session_established: Some(true),
        child_path: "/root/payments/ledger".to_owned(),
    };
    let mut all = vec![
        request(Method::Hello, &hello),
        request(Method::State, &StateParams::default()),
        request(Method::EventsSubscribe, &subscribe),
        request(Method::EventsUnsubscribe, &unsubscribe),
        request(Method::LogsTail, &tail),
        request(Method::Why, &child),
        request(Method::Explain, &child),
    ];
    for command in ControlCommandKind::ALL {
        all.push(request(Method::of_command(command), &params(command)));
    }
    assert_eq!(all.len(), Method::ALL.len());
    all
}

fn answers() -> Vec<(String, &'static str, Value)> {
    let hello = Hello {
        protocol_version: VERSION.to_owned(),
        target_id: TARGET.to_owned(),
        display_name: "payments worker a".to_owned(),
        methods: Method::ALL.iter().map(|method| method.as_str().to_owned()).collect(),
        supported_commands: commands(),
        registration: registration(),
        role: Role::Admin,
        program: Program {
            process_id: 4711,
            supervisor_version: "0.1.0".to_owned(),
            instance: "5d0f6a27".to_owned(),
        },
        limits: WireLimits { line_bytes: 65_536, nesting: 32, requests_per_second: 100 },
    };
    let result = ControlCommandResult {
        command_id: "1f0c9c1e".to_owned(),
        target_id: TARGET.to_owned(),
        accepted: true,
        status: StatusLabel::Completed.to_string(),
        error: None,
        state_delta: Some(serde_json::to_value(delta()).unwrap()),
        completed_at_unix_nanos: Some(AT),
    };
    let failed =
        IpcResponse::error("42", error(ErrorCode::UnknownChild, ErrorStage::CommandExecute));
    let target_id = || TARGET.to_owned();
    let subscription = |subscription| IpcResult::Subscription {
        target_id: target_id(),
        subscription,
        from_sequence: 18,
    };
    let unsubscribed = IpcResult::Unsubscribed {
        target_id: target_id(),
        subscription: Subscription::Events,
        was_subscribed: true,
    };
    let child_path = || "/root/payments/ledger".to_owned();
    let text = "/root/payments/ledger is up, since 1.5 s.".to_owned();
    let why = IpcResult::Why { target_id: target_id(), child_path: child_path(), text };
    let value = ExplainedValue {
        key: "backoff.max".to_owned(),
        value: "10s".to_owned(),
        origin: "supervisor.yaml:14:25".to_owned(),
        overrode: vec!["30s, by default".to_owned()],
    };
    let explain = IpcResult::Explain {
        target_id: target_id(),
        child_path: child_path(),
        values: vec![value],
    };
    vec![
        response("hello", IpcResult::Hello(Box::new(hello))),
        response("state", IpcResult::State { target_id: target_id(), state: Box::new(state()) }),
        response("events.subscribe", subscription(Subscription::Events)),
        response("logs.tail", subscription(Subscription::Logs)),
        response("events.unsubscribe", unsubscribed),
        response("why", why),
        response("explain", explain),
        response("command", IpcResult::CommandResult(Box::new(result))),
        ("response.error".to_owned(), "response", there_and_back(&failed)),
        push("event", &IpcServerPush::Event { target_id: target_id(), event: event() }),
        push("log", &IpcServerPush::Log { target_id: target_id(), log: log() }),
        push("state_delta", &IpcServerPush::StateDelta { target_id: target_id(), delta: delta() }),
        push("dropped", &IpcServerPush::Dropped { events: 12, logs: 0 }),
    ]
}

#[test]
fn the_labels_are_those_of_the_contract() {
    fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> String {
        all.iter().map(|&label| word(label)).collect::<Vec<_>>().join(" ")
    }
    for (found, expected) in [
        (
            words(LifecycleLabel::ALL, LifecycleLabel::as_str),
            "waiting starting running stopping backoff completed stopped paused quarantined \
             failed unjoinable",
        ),
        (words(HealthLabel::ALL, HealthLabel::as_str), "unknown healthy stale"),
        (words(ReadinessLabel::ALL, ReadinessLabel::as_str), "unknown not_ready ready"),
        (
            words(ShutdownLabel::ALL, ShutdownLabel::as_str),
            "none requested draining aborting reconciled",
        ),
        (words(StatusLabel::ALL, StatusLabel::as_str), "accepted completed rejected failed"),
        (words(SeverityLabel::ALL, SeverityLabel::as_str), "trace debug info warning error"),
        (
            words(ErrorStage::ALL, ErrorStage::as_str),
            "protocol_parse authorise command_validate command_execute subscription registration \
             internal",
        ),
        (
            words(ErrorCode::ALL, ErrorCode::as_str),
            "invalid_json line_too_long nesting_too_deep unsupported_method \
             invalid_command_params method_command_mismatch unknown_child validation_failed \
             confirmation_required permission_denied rate_limited command_id_conflict \
             shutting_down internal",
        ),
    ] {
        assert_eq!(found, expected);
    }
    for command in ControlCommandKind::ALL {
        assert_eq!(json!(command), command.as_str());
        assert_eq!(Method::of_command(command).command(), Some(command));
        assert_eq!(Method::of_command(command).as_str(), format!("command.{command}"));
    }
}
