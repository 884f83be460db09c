//! What a configuration, and an operator, can say about members of pools.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use confique::Config;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::configurable::SupervisorConfig;
use crate::config::environment::Environment;
use crate::config::error::ConfigError;
use crate::config::load::LoadedConfig;
use crate::config::report::Colour;
use crate::config::settings::Settings;
use crate::control::handle::SupervisorHandle;
use crate::error::types::SupervisorError;
use crate::policy::restart::Restart;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;
use crate::task::member::{MemberFactory, member_fn};

#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Guest {
    user: u64,
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    #[expect(dead_code, reason = "it is there to be hidden")]
    token: String,
}

/// How guests are served.
#[derive(Config, JsonSchema)]
struct Manners {
    /// How often.
    #[config(default = 3)]
    rounds: u32,
    /// With what.
    #[config(default = "tea")]
    drink: String,
}

type Seen = Arc<Mutex<Vec<String>>>;

fn guests(seen: &Seen) -> MemberFactory {
    let seen = Arc::clone(seen);
    member_fn(move |ctx: TaskContext, guest: Guest| {
        let manners: Option<Settings<Manners>> = ctx.settings();
        let manners = manners.map(|it| format!(" {}x {}", it.rounds, it.drink));
        let text = format!("{}: {}{}", ctx.path(), guest.user, manners.unwrap_or_default());
        seen.lock().expect("nobody panics with it").push(text);
        async move { ctx.stopped().await }
    })
}

fn tree(seen: &Seen) -> SupervisorSpec {
    let idle = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let pool = |id: &str| SupervisorSpec::pool(id.to_owned()).members(guests(seen));
    let house = SupervisorSpec::new("house")
        .child(pool("guests").max_children(3).from_config::<Guest>().member_settings::<Manners>());
    SupervisorSpec::root()
        .child(house)
        .child(pool("sessions").from_config::<Guest>())
        .child(pool("private"))
        .child(ChildSpec::new("web", idle()))
}

async fn started(text: &str) -> Result<(SupervisorHandle, Vec<String>), SupervisorError> {
    let seen = Seen::default();
    let file = File::new(text);
    let tree = Supervisor::builder(tree(&seen)).config_file(&file.0);
    let handle = tree.environment(Environment::none()).start().await?;
    let seen = seen.lock().expect("nobody panics with it").clone();
    Ok((handle, seen))
}

/// A file of its own, gone with the test.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dynamic-{}-{n}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("the directory for temporary files is there");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn refused(text: &str) -> ConfigError {
    let file = File::new(text);
    let tree = tree(&Seen::default());
    let loaded = LoadedConfig::read_for(&tree, &file.0, &Environment::none());
    match loaded.and_then(|loaded| loaded.overlay(tree)) {
        Ok(_) => panic!("it is no mistake: {text}"),
        Err(error) => error,
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dynamic_is_started_with_the_tree() {
    let text = "
        supervisor: { children: { house: { children: { guests: { settings: { rounds: 2 } } } } } }
        dynamic:
          - { pool: /root/sessions, id: u42, args: { user: 42 } }
          - pool: /root/house/guests
            id: ada
            args: { user: 7, token: secret-value }
            overrides: { tags: [vip], criticality: critical, settings: { drink: rum } }
          - { pool: /root/house/guests, id: bob, args: { user: 8 } }
          - { pool: /root/house/guests, id: off, args: { user: 9 }, overrides: { enabled: false } }
    ";
    let (handle, seen) = started(text).await.expect("nothing is wrong with it");
    let expected = [
        "/root/sessions/u42: 42",
        "/root/house/guests/ada: 7 2x rum",
        "/root/house/guests/bob: 8 2x tea",
    ];
    assert_eq!(seen, expected);
    let ada = handle.state_of("/root/house/guests/ada").await.expect("it was started");
    assert_eq!(ada.tags.iter().collect::<Vec<_>>(), ["vip"]);
    assert_eq!(ada.criticality, crate::policy::failure::Criticality::Critical);
    let pool = handle.state_of("/root/house/guests").await.expect("it was started");
    let command = pool.last_command.clone().expect("its members were spawned by one");
    assert_eq!(&*command.requested_by, "the configuration");
    handle.shutdown_tree("test", "over").await.expect("it can be asked");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_pool_takes_its_dynamic_members_with_it() {
    let text = "
        supervisor: { children: { house: { enabled: false } } }
        dynamic: [{ pool: /root/house/guests, id: ada, args: { user: 7 } }]
    ";
    let (handle, seen) = started(text).await.expect("nothing is wrong with it");
    assert!(seen.is_empty());
    handle.shutdown_tree("test", "over").await.expect("it can be asked");
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_member_that_cannot_start_ends_the_start() {
    let fails = member_fn(|_: TaskContext, (): ()| async { Err::<(), _>("no bed is free") });
    let pool = SupervisorSpec::pool("beds").members(fails).from_config::<()>();
    let pool = pool.member_policy(
        crate::policy::PolicyPatch::NONE.readiness(crate::policy::restart::Readiness::Explicit),
    );
    let mut config = SupervisorConfig::default();
    config.dynamic.push(crate::config::configurable::DynamicSection {
        pool: Some("/root/beds".into()),
        id: Some("one".into()),
        ..Default::default()
    });
    let error =
        Supervisor::builder(SupervisorSpec::root().child(pool)).config(config).start().await;
    let error = error.expect_err("its start failed");
    assert!(format!("{error:?}").contains("no bed is free"), "{error:?}");
}

/// What stands in the list, what is said about it and where.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("{ id: a, args: { user: 1 } }", "1:11", "`dynamic.0.pool`: this has to be said"),
    ("{ pool: /root/sessions, args: { user: 1 } }", "1:11", "`dynamic.0.id`: this has to be said"),
    (
        "{ pool: /root/sesions, id: a, args: { user: 1 } }",
        "1:13",
        "`dynamic.0.pool`: there is no child `/root/sesions`; did you mean `/root/sessions`?",
    ),
    ("{ pool: sessions, id: a, args: { user: 1 } }", "1:13", "a path begins with `/root`"),
    ("{ pool: /root/web, id: a, args: { user: 1 } }", "1:13", "`/root/web` is no pool"),
    ("{ pool: /root/house, id: a, args: { user: 1 } }", "1:13", "`/root/house` is no pool"),
    (
        "{ pool: /root/private, id: a, args: { user: 1 } }",
        "1:13",
        "the members of `/root/private` can only be spawned by the program",
    ),
    (
        "{ pool: /root/sessions, id: a/b, args: { user: 1 } }",
        "1:35",
        "'/' cannot stand in a child's id",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 } }, { pool: /root/sessions, id: a, args: { user: 2 } }",
        "1:87",
        "`dynamic.1.id`: the member `/root/sessions/a` is there twice; the first time",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: ada } }",
        "1:56",
        "`dynamic.0.args.user`: expected a whole number from 0 to 18446744073709551615, found `ada`",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1, usr: 2 } }",
        "1:59",
        "unknown key `usr` in `dynamic.0.args`; did you mean `user`?",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { token: secret-value } }",
        "1:48",
        "`dynamic.0.args.user`: this has to be said",
    ),
    ("{ pool: /root/sessions, id: a }", "1:11", "`dynamic.0.args.user`: this has to be said"),
    (
        "{ pool: /root/sessions, id: a, args: 7 }",
        "1:48",
        // All of what was meant to be a section, which may hold a secret.
        "`dynamic.0.args`: expected a section, found `***`",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { restart: never } }",
        "1:83",
        "found `never`",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { strategy: one_for_all } }",
        "1:74",
        "`dynamic.0.overrides.strategy`: `/root/sessions/a` is a task",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { max_children: 3 } }",
        "1:74",
        "`/root/sessions/a` is no pool",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { settings: { drink: gin } } }",
        "1:74",
        "`/root/sessions/a` takes no settings",
    ),
    (
        "{ pool: /root/house/guests, id: a, args: { user: 1 }, overrides: { settings: { rounds: x } } }",
        "1:98",
        "`dynamic.0.overrides.settings.rounds`: expected a whole number",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { backoff: { jitter: 7 } } }",
        "1:93",
        "`/root/sessions/a` could not be started: backoff `jitter` is 7",
    ),
    (
        "{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { restart_limit: { max: 3 } } }",
        "1:74",
        "`within` is missing",
    ),
    ("{ pool: /root/sessions, id: a, arg: { user: 1 } }", "1:42", "unknown key `arg`"),
    // Nobody can tell of which pool this is, and so what of it is a secret.
    ("7", "1:11", "expected a section, found `***`"),
];

#[test]
fn what_is_wrong_with_a_dynamic_member_is_said_at_its_place() {
    for (member, place, expected) in MISTAKES {
        let text = format!("dynamic: [{member}]");
        let error = refused(&text);
        let said = error.to_string();
        assert!(said.contains(expected), "{text}\n  no `{expected}` in\n  {said}");
        assert!(said.contains(&format!(".yaml:{place}:")), "{text}\n  not at {place}:\n  {said}");
        let report = error.report(Colour::Never) + &error.to_json().to_string();
        assert!(!report.contains("secret-value"), "{report}");
    }
}

#[test]
fn all_mistakes_of_all_members_are_said_at_once() {
    let text = "
        dynamic:
          - { pool: /root/sessions, id: a, args: { user: x, more: 1 }, overrides: { restart: never } }
          - { pool: /root/sessions, id: b, args: { user: 1 }, overrides: { restrt: permanent } }
    ";
    // What cannot be read hides neither what its arguments are about nor those of the others.
    assert_eq!(refused(text).diagnostics().len(), 4, "{}", refused(text));
    let text = "
        dynamic:
          - { pool: /root/sessions, id: a, args: { user: x, more: 1 } }
          - { pool: /root/web, id: '', args: { user: 1 } }
          - { pool: /root/sessions, id: a, args: { user: 2 } }
    ";
    assert_eq!(refused(text).diagnostics().len(), 4, "{}", refused(text));
}

#[test]
fn mistakes_of_members_are_said_together_with_those_of_the_tree() {
    let member = "dynamic: [{ pool: /root/sesions, id: a, args: { user: 1 } }, \
                  { pool: /root/sessions, id: b, args: { user: x } }]";
    // A child that is not there, and a rule that the tree breaks: of that one there is no plan.
    for of_tree in ["wbe: { restart: transient }", "web: { backoff: { jitter: 7 } }"] {
        let error = refused(&format!("supervisor: {{ children: {{ {of_tree} }} }}\n{member}"));
        let keys: Vec<_> = error.diagnostics().iter().map(|one| one.key().to_string()).collect();
        assert_eq!(keys[1..], ["dynamic.0.pool", "dynamic.1.args.user"], "{error}");
        assert!(keys[0].starts_with("supervisor.children.w"), "{error}");
    }
}

#[test]
fn a_pool_is_not_given_more_members_than_it_may_have() {
    let member =
        |n: u32| format!("{{ pool: /root/house/guests, id: g{n}, args: {{ user: {n} }} }}");
    let members: Vec<_> = (0..5).map(member).collect();
    let error = refused(&format!("dynamic: [{}]", members.join(", ")));
    assert_eq!(error.diagnostics().len(), 1, "{error}");
    let expected = "`dynamic.3`: `/root/house/guests` has at most 3 members, its `max_children`";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_manifest_adds_a_member_to_a_running_pool() {
    let (handle, _) = started("policy: { restart: transient }").await.expect("nothing is wrong");
    let manifest = r#"{
	"pool": "\/root\/house\/guests", "id": "ada", "args": { "user": 7, "token": "\ud83d\ude00" },
        "overrides": { "restart": "temporary", "settings": { "rounds": 9 } }
    }"#;
    let added = handle.add_by_manifest(manifest, "alice", "she is here").await;
    let added = added.expect("nothing is wrong with it");
    assert_eq!(added.path.as_str(), "/root/house/guests/ada");
    let twice = handle.add_by_manifest(manifest, "alice", "again").await.expect_err("she is here");
    assert!(matches!(twice, SupervisorError::AlreadyStarted { .. }), "{twice}");
    let blank = handle.add_by_manifest(manifest, "", "x").await.expect_err("nobody asks");
    assert!(matches!(blank, SupervisorError::Blank { .. }), "{blank}");
    handle.shutdown_tree("test", "over").await.expect("it can be asked");
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_manifest_is_said_and_nothing_is_added() {
    let (handle, _) = started("").await.expect("nothing is wrong with nothing");
    for (manifest, expected) in [
        ("{ pool: /root/sessions }", "the manifest:1:3: this is not JSON"),
        ("", "this is not JSON"),
        (r#"{"id": "a", "args": {"user": 1}}"#, "`pool`: this has to be said"),
        (
            r#"{"pool": "/root/sessions", "id": "a", "args": {"user": "x", "token": "secret-value"}}"#,
            "the manifest:1:56: `args.user`: expected a whole number",
        ),
        (
            r#"{"pool": "/root/sessions", "id": "a", "id": "b", "args": {"user": 1}}"#,
            "the key `id` is there twice",
        ),
        (
            r#"{"pool": "/root/sessions", "id": "a", "args": {"user": 1}, "overrides": {"backoff": {"factor": 0.5}}}"#,
            "`overrides.backoff.factor`: `/root/sessions/a` could not be started",
        ),
        (r#"["/root/sessions"]"#, "expected a section, found a list"),
    ] {
        let error = handle.add_by_manifest(manifest, "alice", "to try").await;
        let error = error.expect_err("it is wrong");
        assert!(matches!(error, SupervisorError::Config(_)), "{error}");
        assert!(error.to_string().contains(expected), "{manifest}: no `{expected}` in {error}");
        assert!(!format!("{error:?}").contains("secret-value"), "{error:?}");
    }
    let state = handle.current_state().await.expect("it lives");
    assert_eq!(state.children_of("/root/sessions").count(), 0);
    handle.shutdown_tree("test", "over").await.expect("it can be asked");
}

#[test]
fn what_a_pool_reads_is_what_its_members_take() {
    let of_guests = || SupervisorSpec::pool("guests").members(guests(&Seen::default()));
    let fault = |spec: SupervisorSpec| {
        let errors = SupervisorSpec::root().child(spec).validate().expect_err("it is wrong");
        errors.to_string()
    };
    let text = fault(of_guests().from_config::<u64>());
    assert!(text.contains("`from_config` reads a `u64`, and its members take a `"), "{text}");
    let text = fault(SupervisorSpec::pool("guests").from_config::<u64>());
    assert!(text.contains("take nothing that it knows of"), "{text}");
    let text = fault(SupervisorSpec::new("house").from_config::<u64>());
    assert!(text.contains("`from_config` means nothing here: only a pool has it"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_member_is_put_together_with_that_of_its_pool() {
    let text = "
        supervisor: { children: { sessions: { restart_limit: { max: 5, within: 1m } } } }
        dynamic:
          - { pool: /root/sessions, id: a, args: { user: 1 }, overrides: { restart_limit: { max: 9 } } }
    ";
    let (handle, _) = started(text).await.expect("nothing is wrong with it");
    let state = handle.state_of("/root/sessions/a").await.expect("it was started");
    let limit = state.limits.first().map(|limit| limit.limit).expect("it has one");
    assert_eq!((limit.max, limit.within.as_secs()), (9, 60));
    handle.shutdown_tree("test", "over").await.expect("it can be asked");
}

#[test]
fn the_restart_of_a_member_may_be_another_than_that_of_its_pool() {
    let text = "dynamic: [{ pool: /root/sessions, id: a, args: { user: 1 }, overrides: { restart: temporary } }]";
    let file = File::new(text);
    let tree = tree(&Seen::default());
    let loaded = LoadedConfig::read_for(&tree, &file.0, &Environment::none());
    let loaded = loaded.expect("nothing is wrong with it");
    let spec = loaded.overlay(tree).expect("nothing is wrong with it");
    let manifests = loaded.manifests(&spec).expect("nothing is wrong with it");
    let policy = manifests.first().expect("there is one").overrides.policy;
    assert_eq!(policy.restart, Some(Restart::Temporary));
}

fn loaded(text: &str) -> LoadedConfig {
    let (file, tree) = (File::new(text), tree(&Seen::default()));
    let loaded = LoadedConfig::read_for(&tree, &file.0, &Environment::none());
    loaded.expect("nothing is wrong with it")
}

const MEMBERS: &str = "\
supervisor:
  children:
    house: { children: { guests: { restart: transient, settings: { drink: gin } } } }
dynamic:
  - pool: /root/house/guests
    id: ada
    args: { user: 7, token: secret-value }
    overrides: { start_timeout: 3s, settings: { rounds: 2 } }
";

#[test]
fn what_holds_for_a_named_member_is_explained() {
    let effective = loaded(MEMBERS).effective(&tree(&Seen::default()));
    let value = |key: &str| {
        let value = effective.value("/root/house/guests/ada", key).expect("it holds").to_string();
        value.replace(std::env::temp_dir().to_str().expect("it has a name"), "")
    };
    for (key, start, place) in [
        ("restart", "restart: transient, from ", ".yaml:3:45, over permanent, built in"),
        ("start_timeout", "start_timeout: 3s, from ", ".yaml:8:33, over 30s, built in"),
        ("settings.rounds", "settings.rounds: 2, from ", ".yaml:8:57, over 3, built in"),
        ("settings.drink", "settings.drink: gin, from ", ".yaml:3:75, over tea, built in"),
        ("args", "args: {\"token\":\"***\",\"user\":7}, from ", ".yaml:7:11"),
    ] {
        let said = value(key);
        assert!(said.starts_with(start) && said.ends_with(place), "{said}");
    }
}

#[test]
fn a_change_of_a_named_member_is_in_the_plan_and_needs_a_restart() {
    use crate::config::plan::{ConfigPlan, Effect};
    let tree = tree(&Seen::default());
    let more = format!("{MEMBERS}  - {{ pool: /root/sessions, id: bob, args: {{ user: 8 }} }}\n");
    let plan = ConfigPlan::of(&tree, &loaded(MEMBERS), &loaded(&more));
    let changes: Vec<_> = plan.changes().iter().map(|it| (it.path.as_str(), it.effect)).collect();
    assert_eq!(changes, [("/root/sessions/bob", Effect::NeedsRestart)]);

    let other = MEMBERS.replace("secret-value", "another").replace("user: 7", "user: 9");
    let plan = ConfigPlan::of(&tree, &loaded(MEMBERS), &loaded(&other));
    let [change] = plan.changes() else { panic!("{plan}") };
    assert_eq!(change.path.as_str(), "/root/house/guests/ada");
    let text = plan.to_string();
    assert!(text.contains("\"user\":7") && text.contains("\"user\":9"), "{text}");
    let only_secret = MEMBERS.replace("secret-value", "another");
    let plan = ConfigPlan::of(&tree, &loaded(MEMBERS), &loaded(&only_secret));
    assert_eq!(plan.changes().len(), 1, "a secret that changes is a change");
    for text in [text, plan.to_string(), plan.to_json().to_string()] {
        assert!(!text.contains("secret-value") && !text.contains("another"), "{text}");
    }
    assert!(!plan.can_be_applied());
}

#[test]
fn a_type_that_is_secret_says_so_in_its_schema() {
    use crate::config::secret::Secret;
    let schema = schemars::schema_for!(Secret<String>).to_value();
    assert_eq!((&schema["type"], &schema["writeOnly"]), (&"string".into(), &true.into()));
}
