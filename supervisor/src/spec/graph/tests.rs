use crate::policy::dependency::StartMode;
use crate::policy::restart::Restart;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

fn child(id: &str) -> ChildSpec {
    ChildSpec::new(id, service_fn(async |ctx: TaskContext| ctx.stopped().await))
}

/// What is wrong with a tree of `other`, and of `a` that depends on `on`.
fn refused(other: ChildSpec, on: &str) -> String {
    let tree = SupervisorSpec::root().child(other).child(child("a").depends_on(on));
    tree.validate().expect_err("it is refused").to_string()
}

#[test]
fn what_depends_on_something_unknown_is_refused_with_the_nearest_name() {
    let said = refused(child("pool"), "pol");
    assert!(said.ends_with("not in the tree; did you mean `/root/pool`?"), "{said}");
}

#[test]
fn what_depends_on_something_temporary_is_refused() {
    let said = refused(child("b").restart(Restart::Temporary), "b");
    assert!(said.contains("`/root/b` is temporary"), "{said}");
}

#[test]
fn what_depends_on_something_disabled_is_refused_unless_it_is_disabled_itself() {
    let said = refused(child("b").disabled(), "b");
    assert!(said.contains("`/root/b` is disabled"), "{said}");
    let both = SupervisorSpec::root()
        .child(child("b").disabled())
        .child(child("a").depends_on("b").disabled());
    assert!(both.validate().is_ok());
}

#[test]
fn a_circle_is_refused() {
    let tree = SupervisorSpec::root()
        .start(StartMode::Parallel)
        .child(child("a").depends_on("b"))
        .child(child("b").depends_on("a"));
    let said = tree.validate().expect_err("it is refused").to_string();
    assert!(said.contains("because it waits for itself"), "{said}");
}

#[test]
fn the_order_of_a_sequential_supervisor_counts_in_a_circle() {
    let tree = |mode| {
        let root = SupervisorSpec::root().start(mode);
        root.child(child("a").depends_on("b")).child(child("b")).validate()
    };
    assert!(tree(StartMode::Parallel).is_ok());
    assert!(tree(StartMode::Sequential).is_err());
}
