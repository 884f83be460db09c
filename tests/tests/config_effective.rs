//! Where each value comes from, and what variables of the environment set.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::PathBuf;
use std::time::Duration;

use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::error::ConfigError;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::report::Colour;
use rust_supervisor::config::schema;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::Restart;
use rust_supervisor::policy::role::Role;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use supervisor_tests::parked;

/// A file of its own for each caller, gone with it.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("effective-{}-{n}.yaml", std::process::id());
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

fn tree() -> SupervisorSpec {
    let ledger = ChildSpec::new("ledger", parked())
        .restart(Restart::Transient)
        .backoff(Backoff::new(Duration::from_millis(200), Duration::from_secs(5)));
    let payments = SupervisorSpec::new("payments")
        .defaults(PolicyPatch::NONE.start_timeout(Duration::from_secs(7)))
        .child(ledger);
    SupervisorSpec::root().child(payments).child(ChildSpec::new("web-front", parked()))
}

const TEXT: &str = "\
policy:
  restart: transient
  start_timeout: 9s
supervisor:
  strategy: one_for_all
  children:
    payments:
      defaults: { criticality: critical }
      children:
        ledger:
          backoff: { max: 10s }
shutdown: { grace: 2s, budget: 20s }
";

/// What is explained about `path`, without the names of files that change.
fn explain(tree: &SupervisorSpec, text: &str, variables: &[(&str, &str)], path: &str) -> String {
    let file = File::new(text);
    let environment = Environment::of(variables.iter().copied());
    let loaded = LoadedConfig::read_for(tree, &file.0, &environment);
    let loaded = loaded.unwrap_or_else(|error| panic!("{}", error.report(Colour::Never)));
    drop(loaded.clone().overlay(tree.clone()).unwrap());
    let effective = loaded.effective(tree);
    let lines = effective.explain(path).unwrap().iter().map(|value| format!("{value}\n"));
    let text: String = lines.collect();
    text.replace(file.0.to_str().unwrap(), "a.yaml")
}

#[test]
fn every_value_says_where_it_comes_from_and_what_it_overrode() {
    let line = line!();
    let tree = SupervisorSpec::root().child(
        SupervisorSpec::new("payments")
            .defaults(PolicyPatch::NONE.start_timeout(Duration::from_secs(7)))
            .child(
                ChildSpec::new("ledger", parked())
                    .backoff(Backoff::new(Duration::from_millis(200), Duration::from_secs(5))),
            ),
    );
    let text = explain(&tree, TEXT, &[], "/root/payments/ledger");
    let here = |offset: u32| format!("{}:{}", file!(), line + offset);
    for expected in [
        format!(
            "backoff.max: 10s, from a.yaml:11:27, over 5s, from {}, over 30s, built in",
            here(5)
        ),
        "restart: transient, from a.yaml:2:12, over permanent, built in".into(),
        format!(
            "start_timeout: 9s, from a.yaml:3:18, over 7s, from {}, over 30s, built in",
            here(2)
        ),
        "criticality: critical, from a.yaml:8:32, over standard, built in".into(),
        "on_limit: escalate, built in".into(),
        "shutdown.grace: 2s, from a.yaml:12:20, over 5s, built in".into(),
        "shutdown.abort_wait: 1s, built in".into(),
    ] {
        assert!(text.contains(&expected), "no `{expected}` in\n{text}");
    }
    assert!(!text.contains("strategy") && !text.contains("health"), "{text}");

    let root = explain(&tree, TEXT, &[], "/root");
    for expected in [
        "strategy: one_for_all, from a.yaml:5:13, over one_for_one, built in",
        "shutdown.budget: 20s, from a.yaml:12:32, over 30s, built in",
        "intensity.max: 5, built in",
    ] {
        assert!(root.contains(expected), "no `{expected}` in\n{root}");
    }
    let payments = explain(&tree, TEXT, &[], "/root/payments");
    assert!(payments.contains("shutdown.grace: infinite, built in"), "{payments}");
    // What it is below it has of its own.
    assert!(!payments.contains("abort_wait"), "{payments}");
    assert!(!payments.contains("start_timeout"), "{payments}");
}

#[test]
fn what_a_child_waits_for_and_whether_it_follows_is_explained_too() {
    let line = line!();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("db", parked()))
        .child(ChildSpec::new("cache", parked()).role(Role::Sidecar).depends_on("db"))
        .child(ChildSpec::new("feed", parked()).depends_on("/root/db").depends_on("cache"));
    let text = "supervisor: { start: parallel, defaults: { on_dependency_restart: restart } }";
    let feed = explain(&tree, text, &[], "/root/feed");
    let expected = format!("depends_on: [\"/root/db\",\"cache\"], from {}:{}", file!(), line + 4);
    assert!(feed.contains(&expected), "no `{expected}` in\n{feed}");
    let follows = "on_dependency_restart: restart, from a.yaml:1:67, over keep, built in";
    assert!(feed.contains(follows), "{feed}");
    let cache = explain(&tree, "supervisor: {}", &[], "/root/cache");
    let role = "on_dependency_restart: restart, from the role `sidecar`, over keep, built in";
    assert!(cache.contains(role), "{cache}");
    let root = explain(&tree, text, &[], "/root");
    let start = "start: parallel, from a.yaml:1:22, over sequential, built in";
    assert!(root.contains(start), "{root}");
}

#[test]
fn a_variable_beats_the_file_where_its_key_is() {
    let variables = [
        ("RUST_SUPERVISOR__PAYMENTS__LEDGER__BACKOFF__MAX", "20s"),
        ("RUST_SUPERVISOR__POLICY__RESTART", "permanent"),
        ("RUST_SUPERVISOR__WEB_FRONT__SHUTDOWN__GRACE", "3s"),
        ("RUST_SUPERVISOR__PAYMENTS__INTENSITY", "{ max: 9, within: 1m }"),
        ("RUST_SUPERVISOR__SHUTDOWN__BUDGET", "5s"),
        // Empty is not set, even where there is nothing to set.
        ("RUST_SUPERVISOR__STRATEGY", ""),
        ("RUST_SUPERVISOR__NONSENSE", ""),
        ("RUST_SUPERVISORS", "other"),
        ("PATH", "/bin"),
    ];
    let ledger = explain(&tree(), TEXT, &variables, "/root/payments/ledger");
    for expected in [
        "backoff.max: 20s, from RUST_SUPERVISOR__PAYMENTS__LEDGER__BACKOFF__MAX, over 5s",
        // The file said it too; what a variable beats there is not said any more.
        "restart: transient, from tests/tests/config_effective.rs",
        "over permanent, from RUST_SUPERVISOR__POLICY__RESTART, over permanent, built in",
    ] {
        assert!(ledger.contains(expected), "no `{expected}` in\n{ledger}");
    }
    let front = explain(&tree(), TEXT, &variables, "/root/web-front");
    let expected = "shutdown.grace: 3s, from RUST_SUPERVISOR__WEB_FRONT__SHUTDOWN__GRACE, over 2s";
    assert!(front.contains(expected), "{front}");
    let payments = explain(&tree(), TEXT, &variables, "/root/payments");
    assert!(payments.contains("intensity.max: 9, from RUST_SUPERVISOR__PAYMENTS"), "{payments}");
    let root = explain(&tree(), TEXT, &variables, "/root");
    assert!(root.contains("shutdown.budget: 5s, from RUST_SUPERVISOR__SHUTDOWN__BUDGET"), "{root}");
    assert!(root.contains("strategy: one_for_all, from a.yaml:5:13"), "{root}");
}

fn refused(tree: &SupervisorSpec, variables: &[(&str, &str)]) -> ConfigError {
    let file = File::new("");
    let environment = Environment::of(variables.iter().copied());
    LoadedConfig::read_for(tree, &file.0, &environment).unwrap_err()
}

#[test]
fn a_variable_that_sets_nothing_or_the_wrong_thing_is_refused_like_a_file() {
    let error = refused(
        &tree(),
        &[
            ("RUST_SUPERVISOR__PAYMENTS__LEGDER__RESTART", "transient"),
            ("RUST_SUPERVISOR__POLICY__BACKOFF__FACTOR", "big"),
            ("RUST_SUPERVISOR__POLICY__RESTART", "somtimes"),
            ("RUST_SUPERVISOR__POLICY__START_TIMEOUT", "10"),
            ("RUST_SUPERVISOR__WEB_FRONT__STRATEGY", "one_for_one"),
        ],
    );
    let report = error.report(Colour::Never);
    assert!(
        report.contains("did you mean `RUST_SUPERVISOR__PAYMENTS__LEDGER__RESTART`?"),
        "{report}"
    );
    for expected in [
        "error[C104]: the variable `RUST_SUPERVISOR__PAYMENTS__LEGDER__RESTART` sets nothing",
        "expected a number, found `big`",
        " --> RUST_SUPERVISOR__POLICY__BACKOFF__FACTOR:1:1",
        "`policy.restart` cannot be `somtimes`",
        "`10` has no unit",
        "the variable `RUST_SUPERVISOR__WEB_FRONT__STRATEGY` sets nothing",
        "the configuration cannot be used: 5 errors",
    ] {
        assert!(report.contains(expected), "no `{expected}` in\n{report}");
    }
}

#[test]
fn a_variable_that_could_mean_two_things_is_refused() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a-b", parked()))
        .child(ChildSpec::new("a_b", parked()));
    let error = refused(&tree, &[("RUST_SUPERVISOR__A_B__RESTART", "transient")]);
    let text = error.to_string();
    let expected =
        "could mean `supervisor.children.a-b.restart` or `supervisor.children.a_b.restart`";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_a_temporary_child_takes_back_is_explained() {
    let line = line!() + 2;
    let tree = SupervisorSpec::root().child(
        ChildSpec::new("ledger", parked())
            .restart_limit(3, Duration::from_secs(9))
            .backoff(Backoff::new(Duration::from_millis(200), Duration::from_secs(5))),
    );
    let config = "supervisor: { children: { ledger: { restart: temporary } } }";
    let text = explain(&tree, config, &[], "/root/ledger");
    let code = format!("{}:{line}", file!());
    for expected in [
        format!("backoff.max: 30s, built in, over 5s, from {code}\n"),
        format!("restart_limit.max: null, from a.yaml:1:46, over 3, from {code}\n"),
        format!("restart_limit.within: null, from a.yaml:1:46, over 9s, from {code}\n"),
    ] {
        assert!(text.contains(&expected), "no `{expected}` in\n{text}");
    }
    let kept = explain(&tree, "", &[], "/root/ledger");
    assert!(!kept.contains("null"), "{kept}");
    assert!(kept.contains(&format!("backoff.max: 5s, from {code}, over 30s, built in")), "{kept}");
}

#[test]
fn what_a_temporary_field_takes_back_is_explained_by_the_field() {
    let text = explain(&Fleeting::spec(()), "", &[], "/root/stern");
    let taken = text.lines().find(|line| line.starts_with("restart_limit.max: null, from "));
    assert!(taken.is_some_and(|line| line.contains(", over 4, from ")), "{text}");
}

#[test]
fn a_broken_rule_and_a_missing_setting_are_said_beside_what_cannot_be_read_elsewhere() {
    let codes = |text: &str| {
        let file = File::new(text);
        let error = LoadedConfig::read_for(&Shop::spec(()), &file.0, &Environment::none());
        let report = error.unwrap_err().report(Colour::Never);
        let codes = report.lines().filter_map(|line| line.strip_prefix("error["));
        codes.map(|line| line.split(']').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Where each stands decides the order.
    let elsewhere = "
        supervisor:
          children:
            stern: { restart: never }
            poller: { backoff: { initial: 9s, max: 1s } }
            buyer: { settings: {} }
    ";
    assert_eq!(codes(elsewhere), ["C202", "C305", "C206"]);
    // What cannot be read may be what is missing, and what the rule is about.
    let here = "
        supervisor:
          children:
            poller: { restart: never, backoff: { initial: 9s, max: 1s } }
            buyer: { setings: {} }
    ";
    assert_eq!(codes(here), ["C202", "C101"]);
}

#[test]
fn the_prefix_can_be_another() {
    let file = File::new("");
    let variables = [("APP__POLICY__RESTART", "transient"), ("RUST_SUPERVISOR__NO", "sense")];
    let environment = Environment::of(variables).with_prefix("APP");
    let loaded = LoadedConfig::read_for(&tree(), &file.0, &environment).unwrap();
    assert_eq!(loaded.config().policy.restart, Some(Restart::Transient));
}

#[tokio::test(start_paused = true)]
async fn a_running_tree_explains_itself() {
    let builder = Supervisor::builder(tree()).environment(Environment::of([(
        "RUST_SUPERVISOR__PAYMENTS__LEDGER__RESTART",
        "permanent",
    )]));
    let handle = builder.start().await.unwrap();
    let values = handle.explain("/root/payments/ledger").unwrap();
    let restart = values.iter().find(|value| value.key.to_string() == "restart").unwrap();
    let text = restart.to_string();
    assert!(
        text.starts_with(
            "restart: permanent, from RUST_SUPERVISOR__PAYMENTS__LEDGER__RESTART, over transient"
        ),
        "{text}"
    );
    match handle.explain("/root/payments/lodger") {
        Err(SupervisorError::UnknownPath { nearest_path, .. }) => {
            assert_eq!(nearest_path.unwrap().as_str(), "/root/payments/ledger");
        }
        other => panic!("{other:?}"),
    }
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[test]
fn a_broken_rule_names_both_places() {
    let line = line!() + 1;
    let child = ChildSpec::new("ledger", parked())
        .backoff(Backoff::new(Duration::from_millis(200), Duration::from_secs(5)));
    let tree = SupervisorSpec::root().child(child);
    let file = File::new("supervisor: { children: { ledger: { backoff: { initial: 9s } } } }");
    let loaded = LoadedConfig::read_for(&tree, &file.0, &Environment::none()).unwrap();
    let error = loaded.overlay(tree).unwrap_err();
    let report = error.report(Colour::Never).replace(file.0.to_str().unwrap(), "a.yaml");
    let here = format!("{}:{line}", file!());
    let expected = format!(
        "\
error[C305]: `supervisor.children.ledger.backoff.initial`: `/root/ledger` could not be started: backoff `initial` (9s) is above `max` (5s)
 --> a.yaml:1:57
  |
1 | supervisor: {{ children: {{ ledger: {{ backoff: {{ initial: 9s }} }} }} }}
  |                                                         ^^
  |
  = note: it is set over 200ms in {here}
  = note: `backoff.max` is 5s, set in {here}

the configuration cannot be used: 1 error
"
    );
    assert_eq!(report, expected);
}

#[test]
fn the_schema_of_a_tree_knows_its_children() {
    let schema = schema::json_schema_of(&tree());
    let children = &schema["definitions"]["RootSection"]["properties"]["children"];
    assert_eq!(children["additionalProperties"], false);
    let payments = &children["properties"]["payments"]["anyOf"][0]["properties"];
    assert!(payments["strategy"].is_object() && payments["readiness"].is_null());
    assert!(payments["children"]["properties"]["ledger"].is_object());
    let task = &schema["definitions"]["TaskSection"]["properties"];
    assert!(task["readiness"].is_object() && task["strategy"].is_null());
}

/// How a mailer sends.
#[derive(confique::Config, schemars::JsonSchema)]
struct MailSettings {
    /// How many at once.
    #[config(default = 10)]
    batch: u32,
    /// Through whom.
    server: String,
    /// Who it is there.
    #[config(default = "")]
    #[schemars(extend("writeOnly" = true))]
    password: String,
}

#[child]
async fn first(ctx: TaskContext, State(starts): State<Starts>) {
    starts.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    ctx.stopped().await;
}

#[child]
async fn mailer(ctx: TaskContext, settings: Settings<MailSettings>, State(sent): State<Sent>) {
    let text = format!("{} {} {}", settings.batch, settings.server, settings.password);
    sent.0.lock().unwrap().push(text);
    ctx.stopped().await;
}

#[derive(Clone, Default)]
struct Starts(std::sync::Arc<std::sync::atomic::AtomicU32>);

#[derive(Clone, Default)]
struct Sent(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

#[derive(Clone, Default, SharedState)]
struct AppState {
    starts: Starts,
    sent: Sent,
}

#[supervisor(state = AppState)]
struct App {
    first: first,
    mailer: mailer,
}

#[tokio::test(start_paused = true)]
async fn a_child_gets_its_settings() {
    let state = AppState::default();
    let file = File::new(
        "supervisor: { children: { mailer: { settings: { server: a.example, password: hunter2 } } } }",
    );
    let variables = [
        ("RUST_SUPERVISOR__MAILER__SETTINGS__BATCH", "20"),
        // A text, though it looks like a number.
        ("RUST_SUPERVISOR__MAILER__SETTINGS__SERVER", "10"),
    ];
    let builder = App::builder(state.clone()).config_file(&file.0);
    let app = builder.environment(Environment::of(variables)).start().await.unwrap();
    app.mailer.restart(by("test").because("to read them again")).await.unwrap();
    let text = app.handle().effective_config().to_string();
    for expected in [
        "settings.batch: 20, from RUST_SUPERVISOR__MAILER__SETTINGS__BATCH, over 10, built in",
        "settings.password: ***, from ",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    app.shutdown(by("test").because("over")).await.unwrap();
    assert_eq!(*state.sent.0.lock().unwrap(), ["20 10 hunter2", "20 10 hunter2"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_when_the_settings_of_the_last_child_are_wrong() {
    let state = AppState::default();
    let file = File::new("supervisor: { children: { mailer: { settings: { batch: many } } } }");
    let builder = App::builder(state.clone()).config_file(&file.0);
    let error = builder.environment(Environment::none()).start().await.unwrap_err();
    let SupervisorError::Config(error) = error else { panic!("{error}") };
    let report = error.report(Colour::Never);
    for expected in [
        "settings.batch`: expected a whole number from 0 to 4294967295, found `many`",
        "error[C206]: `supervisor.children.mailer.settings.server`: this setting has no default",
    ] {
        assert!(report.contains(expected), "no `{expected}` in\n{report}");
    }
    assert_eq!(state.starts.0.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn the_schema_of_a_tree_knows_the_settings_of_its_children() {
    let schema = schema::json_schema_of(&App::spec(AppState::default()));
    let children = &schema["definitions"]["RootSection"]["properties"]["children"];
    let keys = &children["properties"]["mailer"]["anyOf"][0]["properties"];
    let settings = &keys["settings"]["anyOf"][0];
    assert_eq!(settings["properties"]["batch"]["default"], 10);
    assert_eq!(
        settings["properties"]["batch"]["description"],
        "How many at once. Variable: `RUST_SUPERVISOR__MAILER__SETTINGS__BATCH`."
    );
    assert_eq!(settings["properties"]["password"]["writeOnly"], true);
    assert!(settings["required"].is_null(), "another file may say it: {settings}");
}

#[child(restart(transient), backoff(initial = "300ms"))]
async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(restart_limit(max = 4, within = "9s"))]
async fn stern(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct Fleeting {
    #[child(restart(temporary))]
    stern: stern,
}

#[child]
async fn buyer(ctx: TaskContext, settings: Settings<MailSettings>) {
    drop(settings);
    ctx.stopped().await;
}

#[supervisor]
struct Shop {
    stern: stern,
    poller: poller,
    buyer: buyer,
}

/// What is said at the function stands above this line, what is said at the field below it.
const FUNCTION_ABOVE_FIELD_BELOW: u32 = line!();

#[supervisor]
struct Pollers {
    #[child(restart(permanent))]
    poller: poller,
}

#[test]
fn what_a_field_says_is_explained_by_the_field_and_the_rest_by_the_function() {
    let text = explain(&Pollers::spec(()), "policy: { start_timeout: 9s }", &[], "/root/poller");
    let line_after = |said: &str| -> u32 {
        let rest = text.split_once(&format!("{said}, from {}:", file!()));
        let (_, rest) = rest.unwrap_or_else(|| panic!("no `{said}` with a place in\n{text}"));
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert!(line_after("restart: permanent") > FUNCTION_ABOVE_FIELD_BELOW, "{text}");
    assert!(line_after("over transient") < FUNCTION_ABOVE_FIELD_BELOW, "{text}");
    assert!(line_after("backoff.initial: 300ms") < FUNCTION_ABOVE_FIELD_BELOW, "{text}");
}
