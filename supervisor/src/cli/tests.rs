//! Each command: its exit code, and its answer in each format.

use std::path::PathBuf;

use confique::Config;
use schemars::JsonSchema;
use serde_json::{Value as Json, json};

use super::*;
use crate::config::environment::Environment;
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Readiness, Restart, Strategy};
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// How the ledger writes.
#[derive(Config, JsonSchema)]
struct Batches {
    /// How many at once.
    #[config(default = 10)]
    #[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
    size: u32,
    /// What is shown nowhere.
    #[config(default = "")]
    #[schemars(extend("writeOnly" = true))]
    #[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
    key: String,
}

fn parked() -> crate::task::factory::TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

fn tree() -> SupervisorSpec {
    let payments = SupervisorSpec::new("payments")
        .strategy(Strategy::OneForAll)
        .child(ChildSpec::new("ledger", parked()).settings::<Batches>())
        .child(
            ChildSpec::new("gateway", parked()).restart(Restart::Transient).depends_on("ledger"),
        );
    SupervisorSpec::root()
        .child(payments)
        .child(SupervisorSpec::pool("sessions").max_children(9))
        .child(ChildSpec::new("audit", parked()))
}

/// A file of its own, gone with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("cli-{}-{name}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn of(spec: SupervisorSpec) -> Program {
    Program::new(Supervisor::builder(spec).environment(Environment::none())).colour(Colour::Never)
}

async fn answer(arguments: &[&str]) -> Answer {
    of(tree()).answer([&["app"], arguments].concat()).await
}

fn read(answer: &Answer) -> Json {
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[tokio::test]
async fn what_is_no_command_is_64_and_what_there_is_is_0() {
    for wrong in [&["stop"][..], &["explain"], &["check", "--format", "xml"], &["tree", "more"]] {
        let answer = answer(wrong).await;
        assert_eq!(answer.exit.code(), 64, "{wrong:?}");
        assert!(answer.err.contains("--help") && answer.out.is_empty(), "{}", answer.err);
    }
    let help = answer(&["--help"]).await;
    assert_eq!(help.exit, Exit::Done);
    for word in
        ["run", "check", "plan", "tree", "explain", "schema", "template", "completions", "78"]
    {
        assert!(help.out.contains(word), "{word} is not in {}", help.out);
    }
}

#[tokio::test]
async fn a_configuration_without_a_mistake_is_0() {
    let file = File::new("good", "policy: { restart: transient }");
    let checked = answer(&["check", file.name()]).await;
    assert_eq!(checked.out, format!("{}: nothing is wrong\n", file.name()));
    assert_eq!(checked.exit, Exit::Done);
    let as_option = answer(&["--config", file.name(), "check"]).await;
    assert_eq!(as_option, checked);

    let json = answer(&["check", file.name(), "--format", "json"]).await;
    assert_eq!(json.exit, Exit::Done);
    let expected = json!({ "ok": true, "file": file.name(), "diagnostics": [], "warnings": [] });
    assert_eq!(read(&json), expected);
}

#[tokio::test]
async fn every_mistake_in_a_configuration_is_shown_and_it_is_78_for_each_command() {
    let file = File::new("bad", "policy: { restart: never }\nshutdwon: {}\n");
    for command in [&["check"][..], &["tree"], &["explain", "/root/audit"], &["run"], &[]] {
        let answer = answer(&[&["--config", file.name()], command].concat()).await;
        assert_eq!(answer.exit.code(), 78, "{command:?}");
        assert!(answer.out.is_empty() && answer.err.contains("2 errors"), "{}", answer.err);
        assert!(answer.err.contains("did you mean `shutdown`?"), "{}", answer.err);
    }
    let json = answer(&["check", file.name(), "--format", "json"]).await;
    assert_eq!((json.exit.code(), &*json.err), (78, ""));
    let diagnostics = read(&json)["diagnostics"].clone();
    let codes: Vec<_> = diagnostics.as_array().unwrap().iter().map(|d| &d["code"]).collect();
    assert_eq!(codes, ["C202", "C101"]);
    assert_eq!((&diagnostics[0]["line"], &read(&json)["ok"]), (&json!(1), &json!(false)));
}

#[cfg(all(feature = "audit", feature = "record"))]
#[tokio::test]
async fn an_audit_and_a_recording_without_a_place_are_shown_beside_what_is_wrong_with_the_tree() {
    let text = "
        observability: { audit: { on_failure: go_on }, record: { max_bytes: 100000 } }
        supervisor: { children: { ledgers: {} } }
    ";
    let file = File::new("misplaced", text);
    for command in ["check", "tree", "run"] {
        let answer = answer(&["--config", file.name(), command]).await;
        assert_eq!(answer.exit, Exit::Config, "{command}");
        for expected in [
            "C208]: `observability.audit.path`",
            "C208]: `observability.record.folder`",
            "3 errors",
        ] {
            assert!(answer.err.contains(expected), "{command}: no `{expected}` in {}", answer.err);
        }
    }
    // The code says where.
    let file = File::new("placed", &text.replace("ledgers", "audit"));
    let folder = std::env::temp_dir();
    let builder = Supervisor::builder(tree()).environment(Environment::none());
    let builder = builder.audit(crate::audit::AuditLog::new(folder.join("a.jsonl")));
    let builder = builder.record(crate::record::RecordLog::new(folder));
    let program = Program::new(builder).colour(Colour::Never);
    let answer = program.answer(["app", "--config", file.name(), "check"]).await;
    assert_eq!(answer.exit, Exit::Done, "{}", answer.err);
}

#[tokio::test]
async fn what_is_unlikely_to_be_meant_is_said_and_is_no_mistake() {
    let text = "supervisor: { children: { audit: { restart_limit: { max: 50, within: 1s } } } }";
    let file = File::new("warning", text);
    let text = answer(&["check", file.name()]).await;
    assert_eq!(text.exit, Exit::Done);
    assert!(text.out.contains("1 warning\n  `/root/audit`: "), "{}", text.out);
    let json = answer(&["check", file.name(), "--format", "json"]).await;
    assert_eq!(read(&json)["warnings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tree_that_breaks_a_rule_as_it_was_compiled_is_70() {
    let broken = || tree().child(ChildSpec::new("audit", parked()));
    for command in ["check", "tree", "run"] {
        let answer = of(broken()).answer(["app", command]).await;
        assert_eq!(answer.exit.code(), 70, "{command}");
        assert!(answer.err.contains("declared twice"), "{}", answer.err);
    }
}

#[tokio::test]
async fn the_tree_is_drawn_with_strategies_and_what_differs_from_the_defaults() {
    let text = "
        supervisor:
          intensity: { max: 3, within: 10s }
          children:
            payments: { children: { ledger: { settings: { size: 500, key: abc } } } }
            # As it is anyway.
            audit: { restart: permanent }
    ";
    let file = File::new("tree", text);
    let drawn = answer(&["tree", "--config", file.name()]).await;
    let expected = "\
/root  one_for_one, intensity.max: 3, intensity.within: 10s
├─ payments  one_for_all
│  ├─ ledger  settings.key: ***, settings.size: 500
│  └─ gateway  depends on ledger, restart: transient
├─ sessions  pool, max_children: 9
└─ audit
";
    assert_eq!(drawn.out, expected);
    assert_eq!(drawn.exit, Exit::Done);

    let json = answer(&["tree", "--config", file.name(), "--format", "json"]).await;
    let root = read(&json);
    let child = |n: usize| &root["children"][n];
    assert_eq!((&root["path"], &root["strategy"]), (&json!("/root"), &json!("one_for_one")));
    assert_eq!(child(0)["children"][1]["policies"][0]["key"], "restart");
    assert_eq!(child(0)["children"][1]["policies"][0]["origin"]["kind"], "code");
    assert_eq!(child(0)["children"][0]["policies"][0]["value"], "***");
    assert_eq!((&child(1)["kind"], &child(2)["kind"]), (&json!("pool"), &json!("task")));
    assert_eq!(child(0)["children"][1]["depends_on"], json!(["ledger"]));
    assert_eq!(child(2)["policies"], json!([]));
}

#[tokio::test]
async fn a_value_is_explained_with_where_it_comes_from() {
    let file = File::new("explain", "policy:\n  restart: permanent\n");
    let text = answer(&["explain", "/root/payments/gateway", "--config", file.name()]).await;
    assert_eq!(text.exit, Exit::Done);
    let line = text.out.lines().find(|line| line.starts_with("  restart: ")).unwrap();
    let over = format!("over \"permanent\", from {}:2:12", file.name()).replace('"', "");
    assert!(line.starts_with("  restart: transient, from ") && line.contains(&over), "{line}");

    let arguments = ["explain", "/root/audit", "--config", file.name(), "--format", "json"];
    let json = read(&answer(&arguments).await);
    assert_eq!(json["path"], "/root/audit");
    let values = json["values"].as_array().unwrap();
    let restart = values.iter().find(|value| value["key"] == "restart").unwrap();
    assert_eq!(
        (&restart["value"], &restart["origin"]["kind"]),
        (&json!("permanent"), &json!("text"))
    );
    assert_eq!(restart["overrode"][0]["origin"]["kind"], "built_in");
}

#[tokio::test]
async fn a_child_that_is_not_there_is_64_with_the_nearest() {
    let answer_to = async |path| answer(&["explain", path]).await;
    let unknown = answer_to("/root/payments/leger").await;
    assert_eq!(unknown.exit.code(), 64);
    assert!(unknown.err.contains("/root/payments/ledger"), "{}", unknown.err);
    assert_eq!(answer_to("payments").await.exit.code(), 64);
}

#[tokio::test]
async fn the_schema_is_that_of_the_tree_and_the_template_has_every_key() {
    for format in ["text", "json"] {
        let schema = answer(&["schema", "--format", format]).await;
        let children = &read(&schema)["definitions"]["RootSection"]["properties"]["children"];
        assert!(children["properties"]["audit"].is_object(), "{children}");
    }
    let text = answer(&["template"]).await;
    assert_eq!(text.out, schema::template_of(&tree()));
    let json = answer(&["template", "--format", "json"]).await;
    assert_eq!(read(&json)["template"], schema::template_of(&tree()));
}

#[tokio::test]
async fn a_shell_gets_a_script_for_the_program_by_its_name() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let arguments = ["/usr/bin/shop", "completions", shell];
        let answer = of(tree()).answer(arguments).await;
        assert_eq!(answer.exit, Exit::Done);
        assert!(answer.out.contains("shop") && answer.out.contains("explain"), "{shell}");
    }
}

#[tokio::test]
async fn running_gives_the_code_of_the_report() {
    let done = || service_fn(async |_: TaskContext| {});
    let tree = SupervisorSpec::root()
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(ChildSpec::new("shift", done()).restart(Restart::Transient).significant());
    for arguments in [&["app"][..], &["app", "run"]] {
        let answer = of(tree.clone()).answer(arguments).await;
        assert_eq!((answer.exit.code(), &*answer.out, &*answer.err), (0, "", ""));
    }
    let json = of(tree).answer(["app", "run", "--format", "json"]).await;
    assert_eq!(read(&json)["ok"], true);

    let fails = service_fn(async |ctx: TaskContext| {
        let _: bool = ctx.sleep(std::time::Duration::from_millis(1)).await;
        Err::<(), _>("out of luck")
    });
    let Limit { within, .. } = Limit::DEFAULT;
    let melts = SupervisorSpec::root().intensity(0, within).child(ChildSpec::new("fails", fails));
    let answer = of(melts).answer(["app", "run"]).await;
    assert_eq!(answer.exit.code(), 1);
    assert!(answer.err.contains("out of luck"), "{}", answer.err);
}

#[tokio::test]
async fn a_plan_says_what_changes_when_and_what_the_tree_does_then() {
    let old = File::new("plan-old", "policy: { restart_limit: { max: 3, within: 60s } }");
    let text = "
        policy: { restart_limit: { max: 3, within: 60s }, start_timeout: 9s, probe_after: 5m }
        supervisor: { children: { payments: { children: { ledger: { settings: { key: abc } } } } } }
    ";
    let new = File::new("plan-new", text);
    let plan = answer(&["plan", new.name(), "--config", old.name()]).await;
    assert_eq!((plan.exit, &*plan.err), (Exit::Done, ""));
    for part in [
        "now:\n  /root/payments probe_after: nothing -> 5m, from ",
        "at the next restart:\n  /root/payments/ledger settings.key: *** -> ***, from ",
        "/root/audit start_timeout: 30s -> 9s, from ",
        "  /root: payments, sessions, audit\n  /root/payments: ledger, gateway\n",
        "  /root/payments/ledger: /root/payments/gateway\n",
        "  /root/audit: itself\n",
        "`/root/audit`: at most 3 restarts a minute",
        "worst-case start: 0s\nworst-case shutdown: 18s\n",
    ] {
        assert!(plan.out.contains(part), "no {part} in {}", plan.out);
    }
    assert!(!plan.out.contains("abc") && !plan.out.contains("needs a restart"), "{}", plan.out);

    let json = answer(&["plan", new.name(), "--config", old.name(), "--format", "json"]).await;
    let json = read(&json);
    assert_eq!((&json["ok"], &json["impossible"]), (&json!(true), &json!([])));
    let change = &json["changes"]["now"][0];
    assert_eq!((&change["before"], &change["after"]), (&json!(null), &json!("5m")));
    assert_eq!(json["outlook"]["start_order"][0]["layers"][0][0], "/root/payments");

    let same = answer(&["plan", old.name(), "--config", old.name(), "--format", "json"]).await;
    let changes = &read(&same)["changes"];
    assert_eq!((&changes["now"], &changes["next_restart"]), (&json!([]), &json!([])));
}

/// A tree about which everything in the outlook of a plan is said.
fn outlook() -> SupervisorSpec {
    let side_by_side = SupervisorSpec::new("side")
        .start(StartMode::Parallel)
        .strategy(Strategy::RestForOne)
        .child(ChildSpec::new("db", parked()).readiness(Readiness::Explicit))
        .child(ChildSpec::new("cache", parked()))
        .child(ChildSpec::new("api", parked()).depends_on("db"));
    SupervisorSpec::root().child(side_by_side).child(ChildSpec::new("web", parked()))
}

#[tokio::test]
async fn a_plan_has_layers_blast_radius_rates_and_the_longest_start_and_shutdown() {
    let text = "
        supervisor: { children: { web: { enabled: true } } }
        shutdown: { grace: 4s, abort_wait: 500ms, budget: 1m }
    ";
    let file = File::new("outlook", text);
    let plan = of(outlook()).answer(["app", "plan", file.name()]).await;
    assert_eq!(plan.exit, Exit::Done);
    for part in [
        "unchanged: ",
        "  /root: side, web\n  /root/side: db + cache, api\n",
        "  /root/side: itself\n",
        "  /root/side/db: /root/side/cache, /root/side/api\n",
        "  /root/side/cache: /root/side/api\n",
        "  /root/side/api: itself\n",
        "`/root/side/api`: at most 70 restarts a minute",
        "`/root/web`: at most 10 restarts a minute",
        "worst-case start: 30s\nworst-case shutdown: 13.5s\n",
    ] {
        assert!(plan.out.contains(part), "no {part} in {}", plan.out);
    }
    let text = "
        supervisor: { children: { web: { restart: temporary } } }
        shutdown: { grace: 4s, budget: 5s }
    ";
    let short = File::new("short", text);
    let plan = of(outlook()).answer(["app", "plan", short.name()]).await;
    for part in [
        "  /root/web: nothing, since it is temporary\n",
        "cut short by the budget: what is left after 5s is aborted\n",
    ] {
        assert!(plan.out.contains(part), "no {part} in {}{}", plan.out, plan.err);
    }
    let json = read(&of(outlook()).answer(["app", "plan", file.name(), "--format", "json"]).await);
    let outlook = &json["outlook"];
    assert_eq!(
        outlook["start_order"],
        json!([
            { "supervisor": "/root", "layers": [["/root/side"], ["/root/web"]] },
            {
                "supervisor": "/root/side",
                "layers": [["/root/side/db", "/root/side/cache"], ["/root/side/api"]],
            },
        ])
    );
    let of = |list: &str, path: &str| {
        let list = outlook[list].as_array().unwrap();
        list.iter().find(|it| it["path"] == path).unwrap_or_else(|| panic!("{path}")).clone()
    };
    let radius = of("blast_radius", "/root/side/db")["with"].clone();
    assert_eq!(radius, json!(["/root/side/cache", "/root/side/api"]));
    assert_eq!(of("restart_rates", "/root/web")["per_minute"], 10);
    assert_eq!(outlook["worst_case_start_seconds"], 30.0);
    // One after the other: `web`, and the two layers of `side`.
    assert_eq!(outlook["worst_case_shutdown_seconds"], 13.5);
    assert!(json["changes"]["unchanged"].as_u64().unwrap() > 50);
    for group in ["next_restart", "needs_restart"] {
        assert_eq!(json["changes"][group], json!([]));
    }
}

#[tokio::test]
async fn a_plan_that_needs_a_restart_is_3_and_one_for_another_build_is_4() {
    let more = File::new("more", "observability: { event_capacity: 9 }");
    let plan = answer(&["plan", more.name()]).await;
    assert_eq!(plan.exit.code(), 3);
    let expected = "needs a restart:\n  /root observability.event_capacity: 1024 -> 9, from ";
    assert!(plan.out.contains(expected), "{}", plan.out);
    let reason = "those who listen already have buffers of the size that there was";
    assert!(plan.out.contains(&format!(", because {reason}\n")), "{}", plan.out);
    let json = read(&answer(&["plan", more.name(), "--format", "json"]).await);
    assert_eq!(json["changes"]["needs_restart"][0]["reason"], reason);

    let other = File::new("other", "supervisor: { children: { mailer: { restart: transient } } }");
    let plan = answer(&["plan", other.name()]).await;
    assert_eq!(plan.exit.code(), 4);
    assert!(plan.err.starts_with("impossible without another build:\n"), "{}", plan.err);
    let json = answer(&["plan", other.name(), "--format", "json"]).await;
    assert_eq!(json.exit.code(), 4);
    assert_eq!(read(&json)["impossible"].as_array().unwrap().len(), 1);

    let bad = File::new("bad-plan", "policy: { restart: never }");
    assert_eq!(answer(&["plan", bad.name()]).await.exit.code(), 78);
}
