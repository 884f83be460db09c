use super::*;
use crate::__private::Absent;
use crate::tree::declared::{DeclaredChild, SaidAtField};
use crate::tree::graph::item::Item;
use crate::tree::graph::key::Key;
use crate::tree::runs::MemberRuns;

const NONE: PolicyPatch = PolicyPatch::NONE;

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn any_key() -> Key {
    Key::new("app", "any", "1.0.0", 0)
}

/// A child that takes these, and what makes its runs.
fn child(
    name: &'static str,
    policy: &PolicyPatch,
    places: &[&'static str],
) -> (DeclaredSlot, Runs<()>) {
    let declared = leak(DeclaredChild::of_item(Item::child(any_key())));
    let slot = DeclaredSlot::of(name, Node::Child(declared))
        .saying(leak(SaidAtField::NONE.with_policy(*policy)));
    (slot, borrowing(places))
}

fn borrowing(places: &[&'static str]) -> Runs<()> {
    let leases: Vec<_> = places.iter().map(|place| Lent::of(place)).collect();
    Runs::Borrowing(leases.leak(), leak(Absent::RUNS))
}

fn many(name: &'static str, count: u32, places: &[&'static str]) -> (DeclaredSlot, Runs<()>) {
    let declared = leak(DeclaredChild::of_item(Item::child(any_key())));
    let slot =
        DeclaredSlot::of(name, Node::Many(declared)).saying(leak(SaidAtField::NONE.count(count)));
    (slot, Runs::Members(leak(MemberRuns::of(borrowing(places)))))
}

fn supervisor(
    fields: Vec<(DeclaredSlot, Runs<()>)>,
) -> (&'static DeclaredSupervisor, &'static [Runs<()>]) {
    let (slots, runs): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    (leak(DeclaredSupervisor::new(any_key(), slots.leak())), runs.leak())
}

fn nested(
    name: &'static str,
    policy: &PolicyPatch,
    fields: Vec<(DeclaredSlot, Runs<()>)>,
) -> (DeclaredSlot, Runs<()>) {
    let (supervisor, runs) = supervisor(fields);
    (
        DeclaredSlot::of(name, Node::Supervisor(supervisor))
            .saying(leak(SaidAtField::NONE.with_policy(*policy))),
        Runs::Supervisor(runs),
    )
}

/// What is said about a tree of these, with the places in this file left out.
fn said(fields: Vec<(DeclaredSlot, Runs<()>)>) -> String {
    let (top, runs) = supervisor(fields);
    let Some(text) = complaint(top, runs) else { return String::new() };
    let text = text.as_str().split(" (supervisor/src/");
    let without = text.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    without.collect::<String>().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn two_children_that_take_the_same_are_both_named_wherever_they_stand() {
    let deep = nested("in", &NONE, vec![child("a", &NONE, &["log"]), child("b", &NONE, &["jobs"])]);
    assert_eq!(
        said(vec![deep, child("c", &NONE, &["other", "jobs"])]),
        "`in/b` and `c` both take `jobs` of the state as a `Lease`, and one child at a time has \
         what is lent"
    );
    assert_eq!(
        said(vec![child("a", &NONE, &["jobs", "jobs"])]),
        "`a` and `a` both take `jobs` of the state as a `Lease`, and one child at a time has what \
         is lent"
    );
}

#[test]
fn different_values_and_values_without_a_name_are_not_compared() {
    assert_eq!(said(vec![child("a", &NONE, &["jobs"]), child("b", &NONE, &["log"])]), "");
    assert_eq!(said(vec![child("a", &NONE, &[""]), child("b", &NONE, &[""])]), "");
}

#[test]
fn what_is_not_enabled_takes_nothing() {
    let off = NONE.disabled();
    assert_eq!(said(vec![child("a", &NONE, &["jobs"]), child("b", &off, &["jobs"])]), "");
    let inner = nested("in", &off, vec![child("b", &NONE, &["jobs"])]);
    assert_eq!(said(vec![child("a", &NONE, &["jobs"]), inner]), "");
}

#[test]
fn many_that_take_one_value_are_too_many() {
    assert_eq!(
        said(vec![many("shards", 2, &["jobs"])]),
        "`shards` is many, and each of them takes `jobs` of the state as a `Lease`, and one child \
         at a time has what is lent"
    );
    assert_eq!(said(vec![many("shards", 1, &["jobs"])]), "");
    assert_eq!(said(vec![many("shards", 2, &[])]), "");
}
