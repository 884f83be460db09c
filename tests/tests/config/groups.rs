//! What is said about pools and manies.

use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::TaskFactory;
use rust_supervisor::task::member::member_fn;

use crate::policies::nest;
use crate::stage::{check, flaky, ms, parked, refused, start};

/// A pool with a member, and three of one kind, which all run `task`.
async fn groups(task: fn() -> TaskFactory, yaml: &str) -> String {
    let pool = SupervisorSpec::pool("pool");
    let tree =
        SupervisorSpec::root().intensity(9, ms(60_000)).child(pool).child(SupervisorSpec::many(
            "many",
            3,
            member_fn(async |ctx: TaskContext, index: usize| {
                if index > 0 {
                    ctx.stopped().await;
                }
                if ctx.sleep(ms(1_000)).await { Err("broken") } else { Ok(()) }
            }),
        ));
    let handle = start(tree, yaml).await;
    let mut events = handle.subscribe_events();
    // It may be one too many.
    drop(handle.add_child("/root/pool", ChildSpec::new("a", task()), "test", "first").await);
    drop(handle.add_child("/root/pool", ChildSpec::new("b", parked()), "test", "second").await);
    tokio::time::sleep(ms(20_000)).await;
    drop(handle.shutdown_tree("test", "over").await);
    let mut history = String::new();
    while let Some(event) = events.next().await {
        history += event.to_string().trim_start();
        history.push('\n');
    }
    history
}

#[tokio::test(start_paused = true)]
async fn what_is_said_about_a_pool_or_a_many_is_about_it_and_about_each_of_its_children() {
    for (id, key, value, expected) in [
        ("many", "restart", "temporary", "1000 ms  /root/many/0 #1  removed"),
        ("many", "backoff", "{initial: 3s, jitter: 0}", "4000 ms  /root/many/0 #2  starting"),
        ("many", "restart_limit", "{max: 0, within: 1s}", "/root/many/0 #1  decision: quarantine"),
        ("many", "intensity.max", "0", "1000 ms  /root/many #1  meltdown over /root/many/0"),
        ("many", "children", "{'0': {restart: temporary}}", "1000 ms  /root/many/0 #1  removed"),
        ("pool", "restart", "temporary", "1000 ms  /root/pool/a #1  removed"),
        ("pool", "backoff", "{initial: 3s, jitter: 0}", "4000 ms  /root/pool/a #2  starting"),
        ("pool", "restart_limit", "{max: 0, within: 1s}", "/root/pool/a #1  decision: quarantine"),
        ("pool", "intensity.max", "0", "1000 ms  /root/pool #1  meltdown over /root/pool/a"),
        ("pool", "defaults", "{restart: temporary}", "1000 ms  /root/pool/a #1  removed"),
    ] {
        let yaml = nest(&["supervisor", "children", id], key, value);
        let without = groups(flaky, "").await;
        assert!(!without.contains(expected), "`{expected}` without\n{yaml}\n\n{without}");
        let with = groups(flaky, &yaml).await;
        assert!(with.contains(expected), "no `{expected}` with\n{yaml}\n\n{with}");
    }
}

#[tokio::test(start_paused = true)]
async fn how_many_there_are_can_be_said() {
    let say = |id, key, value| nest(&["supervisor", "children", id], key, value);
    let starts =
        |history: &str, path: &str| history.matches(&format!("{path} #1  starting")).count();
    let most = groups(parked, &say("pool", "max_children", "1")).await;
    assert_eq!((starts(&most, "/root/pool/a"), starts(&most, "/root/pool/b")), (1, 0), "{most}");
    for (said, count, index) in [("1", 1, 0), ("5", 5, 4)] {
        let handle = start(
            SupervisorSpec::root().child(SupervisorSpec::many(
                "many",
                3,
                member_fn(async |ctx: TaskContext, _: usize| ctx.stopped().await),
            )),
            &say("many", "count", said),
        )
        .await;
        let state = handle.current_state().await.unwrap();
        assert_eq!(state.children_of("/root/many").count(), count);
        assert!(state.get(&format!("/root/many/{index}")).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_and_a_many_follow_what_they_depend_on_as_a_whole() {
    let index = member_fn(async |ctx: TaskContext, _: usize| ctx.stopped().await);
    for group in [SupervisorSpec::pool("group"), SupervisorSpec::many("group", 2, index)] {
        let tree = SupervisorSpec::root()
            .child(ChildSpec::new("needed", flaky()))
            .child(group.depends_on("needed"));
        let yaml = nest(&["supervisor", "children", "group"], "on_dependency_restart", "restart");
        let expected = "1000 ms  /root/group #1  is stopped until /root/needed is ready again";
        check(tree, &yaml, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_a_pool_and_a_many_are_those_of_each_of_their_children() {
    let unit = || member_fn(async |ctx: TaskContext, (): ()| ctx.stopped().await);
    let index = || member_fn(async |ctx: TaskContext, _: usize| ctx.stopped().await);
    let tree = || {
        SupervisorSpec::root()
            .child(SupervisorSpec::pool("pool").members(unit()).member_tags(["code"]))
            .child(SupervisorSpec::many("many", 1, index()).member_tags(["code"]))
    };
    for (yaml, expected) in [
        ("", "code"),
        ("supervisor: {children: {pool: {tags: [money]}, many: {tags: [money]}}}", "money"),
    ] {
        let handle = start(tree(), yaml).await;
        handle.spawn_member("/root/pool", "0", (), "test", "one").await.unwrap();
        for path in ["/root/pool/0", "/root/many/0"] {
            assert_eq!(handle.state_of(path).await.unwrap().tags.to_string(), expected, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_about_a_pool_or_a_many_is_refused() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("t", parked()))
        .child(SupervisorSpec::new("in").child(ChildSpec::new("t", parked())))
        .child(SupervisorSpec::pool("pool"))
        .child(SupervisorSpec::pool("empty"))
        .child(SupervisorSpec::many("many", 3, member_fn(async |_: TaskContext, _: usize| ())))
        .child(SupervisorSpec::many("none", 3, member_fn(async |_: TaskContext, _: usize| ())));
    let yaml = "
supervisor:
  children:
    t: { max_children: 1 }
    in: { count: 1 }
    pool: { count: 1, strategy: one_for_all, auto_shutdown: any_significant, backoff: { factor: 0 } }
    empty: { max_children: 0, children: { a: {} } }
    many: { max_children: 1, backoff: { factor: 0 }, children: { '3': {} } }
    none: { count: 0 }
";
    let error = refused(tree, yaml).await;
    for expected in [
        "`supervisor.children.t.max_children`: `/root/t` is no pool, and only a pool has this key",
        "`supervisor.children.in.count`: `/root/in` is no `Many`, and only a `Many` has this key",
        "`supervisor.children.pool.count`: `/root/pool` is no `Many`",
        "`supervisor.children.pool.strategy`: `/root/pool` could not be started: a pool restarts",
        "`supervisor.children.pool.auto_shutdown`: `/root/pool` is a pool, and a pool has no such key",
        "`supervisor.children.pool.backoff.factor`: `/root/pool` could not be started: backoff",
        "`supervisor.children.empty.max_children`: `/root/empty` could not be started: `max_children` is 0",
        "`supervisor.children.empty.children.a`: `/root/empty` is a pool: its members come and go",
        "`supervisor.children.many.max_children`: `/root/many` is no pool",
        "`supervisor.children.many.backoff.factor`: `/root/many/0` could not be started: backoff",
        "there is no child `/root/many/3`",
        "`supervisor.children.none.count`: `/root/none` could not be started: `count` is 0",
    ] {
        assert!(format!("{error}\n").contains(expected), "no `{expected}` in\n{error}");
    }
}
