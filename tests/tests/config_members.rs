//! Members of pools in a configuration, and where the values come from that a field says.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{Arc, Mutex};

use confique::Config;
use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::plan::ConfigPlan;
use rust_supervisor::config::report::Colour;
use rust_supervisor::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

type Seen = Arc<Mutex<Vec<String>>>;

/// Who is served.
#[derive(Clone, Deserialize, JsonSchema)]
struct Guest {
    user: u64,
    #[serde(default)]
    token: Secret<String>,
}

/// How guests are served.
#[derive(Config, JsonSchema)]
struct Manners {
    /// With what.
    #[config(default = "tea")]
    drink: String,
    /// What opens the cellar.
    #[config(default = "no key")]
    key: Secret<String>,
}

#[child(restart(transient))]
async fn session(
    ctx: TaskContext,
    Args(guest): Args<Guest>,
    manners: Settings<Manners>,
    State(seen): State<Seen>,
) {
    let (token, key) = (guest.token.expose().len(), manners.key.expose().len());
    let text = format!("{} {}: {} {token} {key}", ctx.path().name(), guest.user, manners.drink);
    seen.lock().unwrap().push(text);
    ctx.stopped().await;
}

#[child]
async fn shard(ctx: TaskContext, manners: Settings<Manners>, State(seen): State<Seen>) {
    seen.lock().unwrap().push(format!("shard {}: {}", ctx.path().name(), manners.drink));
    ctx.stopped().await;
}

const WORKER: u32 = line!() + 2;

#[child(restart(transient), start_timeout = "7s", tags("slow"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

const FIELD: u32 = line!() + 3;
#[supervisor(state = Seen)]
struct App {
    #[child(restart(permanent), criticality(critical))]
    worker: worker,
    #[child(max_children = 2, from_config, criticality(critical))]
    sessions: Pool<session>,
    #[child(count = 2)]
    shards: Many<shard>,
    #[child(tags("fast"))]
    second: Inner,
}

#[supervisor(restart(transient), intensity(max = 3, within = "1m"))]
struct Inner {
    other: shard,
}

/// The configuration in a file of its own, gone with the caller.
struct File(std::path::PathBuf);

impl File {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("members-{}-{n}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn load(text: &str) -> LoadedConfig {
    let (file, spec) = (File::new(text), App::spec(Seen::default()));
    let loaded = LoadedConfig::read_for(&spec, &file.0, &Environment::none());
    let loaded = loaded.unwrap_or_else(|error| panic!("{}", error.report(Colour::Never)));
    if let Err(error) = loaded.overlay(spec) {
        panic!("{}", error.report(Colour::Never));
    }
    loaded
}

const TEXT: &str = "
supervisor:
  children:
    sessions: { settings: { drink: gin, key: secret-value } }
    shards:
      settings: { drink: milk }
      children: { \"1\": { settings: { drink: rum } } }
dynamic:
  - { pool: /root/sessions, id: ada, args: { user: 7, token: secret-value } }
  - pool: /root/sessions
    id: bob
    args: { user: 8 }
    overrides: { restart: temporary, settings: { drink: ale } }
";

#[tokio::test(start_paused = true)]
async fn members_have_their_arguments_and_the_settings_of_their_pool() {
    let (file, seen) = (File::new(TEXT), Seen::default());
    let app = App::builder(Arc::clone(&seen)).config_file(&file.0);
    let app = app.environment(Environment::none()).start().await.unwrap();
    let expected = [
        "shard 0: milk",
        "shard 1: rum",
        "shard other: tea",
        "ada 7: gin 12 12",
        "bob 8: ale 0 12",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(app.sessions.len().await.unwrap(), 2);

    // The pool knows them as it knows those that the program spawns.
    let guest = Guest { user: 9, token: Secret::default() };
    let full = app.sessions.spawn("eve", guest.clone()).await;
    assert!(matches!(full, Err(SpawnError::Full { .. })), "{full:?}");
    let bob = app.sessions.get("bob").await.unwrap();
    bob.remove(by("test").because("he leaves")).await.unwrap();
    app.sessions.spawn("eve", guest).await.unwrap();
    assert_eq!(seen.lock().unwrap().last().unwrap(), "eve 9: gin 0 12");
    app.shutdown(by("test").because("over")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_settings_are_for_the_next_members_of_a_pool() {
    let (file, seen) = (File::new("dynamic: []"), Seen::default());
    let app = App::builder(Arc::clone(&seen)).config_file(&file.0);
    let app = app.environment(Environment::none()).start().await.unwrap();
    let guest = Guest { user: 9, token: Secret::default() };
    app.sessions.spawn("eve", guest.clone()).await.unwrap();
    std::fs::write(&file.0, "supervisor: { children: { sessions: { settings: { drink: rum } } } }")
        .unwrap();
    app.handle().reload("test", "more fun").await.unwrap();
    app.sessions.spawn("ada", guest).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen[3..], ["eve 9: tea 0 6", "ada 9: rum 0 6"]);
    app.shutdown(by("test").because("over")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_shown_nowhere() {
    let (file, seen) = (File::new(TEXT), Seen::default());
    let audit = std::env::temp_dir().join(format!("secrets-{}.jsonl", std::process::id()));
    let app = App::builder(seen).config_file(&file.0).environment(Environment::none());
    let app = app.audit(rust_supervisor::audit::AuditLog::new(&audit));
    let app = app.start().await.unwrap();
    let handle = app.handle();
    let bob = app.sessions.get("bob").await.unwrap();
    bob.remove(by("test").because("he leaves")).await.unwrap();
    let manifest =
        r#"{"pool": "/root/sessions", "id": "eve", "args": {"user": 1, "token": "secret-value"}}"#;
    handle.add_by_manifest(manifest, "test", "she comes").await.unwrap();
    let wrong = manifest.replace("1,", "[1],");
    let wrong = handle.add_by_manifest(&wrong, "test", "she comes").await.unwrap_err();

    let mut shown = vec![
        handle.effective_config().to_string(),
        format!("{:?}", handle.effective_config()),
        format!("{:?}", handle.current_state().await.unwrap()),
        format!("{:?}", handle.journal()),
        handle.why("/root/sessions/ada").await.unwrap().to_string(),
        format!("{wrong} {wrong:?}"),
    ];
    let other = load(&TEXT.replace("secret-value", "other-secret"));
    let plan = ConfigPlan::of(&App::spec(Seen::default()), &load(TEXT), &other);
    shown.extend([plan.to_string(), plan.to_json().to_string(), format!("{plan:?}")]);
    assert!(plan.to_string().contains("settings.key: *** -> ***"), "{plan}");

    std::fs::write(&file.0, TEXT.replace("key: secret-value", "key: other-secret")).unwrap();
    handle.reload("test", "another key").await.unwrap();
    app.shutdown(by("test").because("over")).await.unwrap();
    shown.push(std::fs::read_to_string(&audit).unwrap());
    std::fs::remove_file(&audit).unwrap();

    let spec = App::spec(Seen::default());
    shown.push(rust_supervisor::config::schema::json_schema_of(&spec).to_string());
    shown.push(rust_supervisor::config::schema::template_of(&spec));
    for text in &shown {
        for secret in ["secret-value", "other-secret", "no key"] {
            assert!(!text.contains(secret), "`{secret}` in {text}");
        }
    }
    assert!(shown[0].contains("settings.key: ***"), "{}", shown[0]);
}

#[test]
fn a_mistake_beside_a_secret_masks_it() {
    let spec = App::spec(Seen::default());
    for text in [
        "supervisor: { children: { sessions: { settings: { key: [secret-value], drink: [] } } } }",
        "supervisor: { children: { shards: { settings: { key: secret-value, drink: [] } } } }",
        "dynamic: [{ pool: /root/sessions, id: a, args: { user: x, token: secret-value } }]",
        "dynamic: [{ pool: /root/sesion, id: a, args: { user: 1, token: secret-value } }]",
        "dynamic: [{ pool: /root/sessions, id: a, args: { user: 1, tokn: secret-value } }]",
        "dynamic: [{ pool: /root/sessions, id: a, args: secret-value }]",
        "dynamic: [{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { settings: { key: secret-value, drink: [] } } }]",
    ] {
        let file = File::new(text);
        let loaded = LoadedConfig::read_for(&spec, &file.0, &Environment::none());
        let error = loaded.and_then(|loaded| loaded.overlay(spec.clone())).unwrap_err();
        let shown = error.report(Colour::Never) + &error.to_string() + &error.to_json().to_string();
        // What stands in the place of a whole section is no secret that a schema knows of.
        let is_known = !text.contains("args: secret-value");
        assert!(!(is_known && shown.contains("secret-value")), "{shown}");
    }
}

/// What is explained about `key` of `path`, without what changes from machine to machine.
fn origin(config: &str, path: &str, key: &str) -> String {
    let effective = load(config).effective(&App::spec(Seen::default()));
    effective.value(path, key).unwrap().to_string()
}

#[test]
fn what_a_field_says_comes_from_the_field_and_overrides_the_function() {
    let (field, worker) = (FIELD, WORKER);
    let here = |line: u32| format!("{}:{line}", file!());
    assert_eq!(
        origin("", "/root/worker", "restart"),
        format!(
            "restart: permanent, from {}, over transient, from {}, over permanent, built in",
            here(field),
            here(worker)
        )
    );
    assert_eq!(
        origin("", "/root/worker", "start_timeout"),
        format!("start_timeout: 7s, from {}, over 30s, built in", here(worker))
    );
    assert_eq!(
        origin("", "/root/worker", "tags"),
        format!("tags: [\"slow\"], from {}", here(worker))
    );
    assert_eq!(
        origin("", "/root/sessions", "max_children"),
        format!("max_children: 2, from {}", here(field + 2))
    );
    assert_eq!(
        origin("", "/root/sessions", "criticality"),
        format!("criticality: critical, from {}, over standard, built in", here(field + 2))
    );
    assert!(origin("", "/root/sessions", "restart").starts_with("restart: transient, from tests"));
    assert_eq!(origin("", "/root/shards", "count"), format!("count: 2, from {}", here(field + 4)));
    assert_eq!(
        origin("", "/root/second", "tags"),
        format!("tags: [\"fast\"], from {}", here(field + 6))
    );
    assert_eq!(
        origin("", "/root/second", "restart"),
        format!("restart: transient, from {}, over permanent, built in", here(field + 10))
    );
    let over = origin(
        "supervisor: { children: { worker: { restart: transient } } }",
        "/root/worker",
        "restart",
    );
    assert!(
        over.contains(&format!(", over permanent, from {}, over transient", here(field))),
        "{over}"
    );
}

#[test]
fn a_configuration_with_members_is_written_out_and_read_again_equal() {
    let loaded = load(TEXT);
    let text = serde_json::to_string(loaded.config()).unwrap();
    assert_eq!(*load(&text).config(), *loaded.config());
    assert_eq!(loaded.config().dynamic.len(), 2);
    let in_code: SupervisorConfig = loaded.config().clone();
    let spec = App::spec(Seen::default());
    assert!(LoadedConfig::from(in_code).overlay(spec).is_ok());
}

#[test]
fn that_a_pool_has_too_many_members_is_said_beside_what_is_wrong_elsewhere() {
    let codes = |beside: &str, last: &str| {
        let member =
            |id: char| format!("{{ pool: /root/sessions, id: {id}, args: {{ user: 1 }} }}");
        let text = format!(
            "{beside}\ndynamic: [{}, {}, {{ pool: /root/sessions, id: c, args: {{ user: 1 }}, {last} }}]",
            member('a'),
            member('b')
        );
        let file = File::new(&text);
        let spec = App::spec(Seen::default());
        let loaded = LoadedConfig::read_for(&spec, &file.0, &Environment::none());
        let Err(error) = loaded.and_then(|loaded| loaded.overlay(spec)) else { return Vec::new() };
        let report = error.report(Colour::Never);
        let codes = report.lines().filter_map(|line| line.strip_prefix("error["));
        codes.map(|line| line.split(']').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let entry = |of: &str| format!("supervisor: {{ children: {{ {of} }} }}");
    // What cannot be read, and a rule that is broken, elsewhere.
    assert_eq!(codes(&entry("worker: { restart: never }"), ""), ["C202", "C313"]);
    let broken = entry("worker: { backoff: { initial: 9s, max: 1s } }");
    assert_eq!(codes(&broken, ""), ["C305", "C313"]);
    assert_eq!(codes(&broken, "overrides: { enabled: false }"), ["C305"]);
    // What cannot be read may be about how many there may be, or about who is one.
    assert_eq!(codes(&entry("sessions: { max_chidren: 3 }"), ""), ["C101"]);
    assert_eq!(codes("", "overrides: { enabld: false }"), ["C101"]);
}
