//! Who takes what is lent, known to the compiler.
//!
//! What a run finds in the state of the application can be named where the state is known: a
//! [`Lease`](super::lease::Lease) by the field that has its value. So two children that take the
//! same are a mistake that is raised while the program is compiled: at the supervisor that says
//! `state`, or where a tree without one is started.

use super::declared::{DeclaredSlot, DeclaredSupervisor, Node};
use super::graph::item::Item;
use super::graph::key::is_same;
use super::graph::message::Text;
use super::layers::{Way, way};
use super::runs::Runs;
use super::supervised::{RunsUnder, Supervised};
use crate::policy::PolicyPatch;

/// Raises what is lent to two children of the tree `T` in an application whose state is `S`.
///
/// # Panics
///
/// While the program is compiled, when there are two.
#[track_caller]
pub const fn check_leases<T: Supervised + RunsUnder<S>, S: 'static>() {
    // seen by: cargo test -p supervisor-ui-tests --test ui -- what_is_wrong_does trybuild=lease_taken
    if cfg!(plant_bug = "leases_unchecked") {
        return;
    }
    // To read what makes the runs of a large tree takes time, and hardly any tree needs it.
    if takes_leases(T::NODE.item()) {
        compare::<T, S>();
    }
}

const fn takes_leases(item: &Item) -> bool {
    let mut slot = 0;
    while slot < item.slots.len() {
        let inner = item.slots[slot].item();
        if inner.takes_lease || takes_leases(inner) {
            return true;
        }
        slot += 1;
    }
    false
}

#[track_caller]
const fn compare<T: Supervised + RunsUnder<S>, S: 'static>() {
    if let (Node::Supervisor(top), Runs::Supervisor(runs)) = (T::NODE, T::RUNS)
        && let Some(text) = complaint(top, runs)
    {
        panic!("{}", text.as_str());
    }
}

/// What is wrong with who takes what, if anything.
pub(super) const fn complaint<S>(top: &DeclaredSupervisor, runs: &[Runs<S>]) -> Option<Text> {
    let tree = Tree { supervisor: top, runs };
    let mut text = Text::new();
    let Some(second) = find(tree, None, &Wanted::Second(tree), &mut 0, &mut text) else {
        return None;
    };
    if let Some(first) = second.before {
        find(tree, None, &Wanted::Name(first), &mut 0, &mut text);
        text.say(" and ");
        find(tree, None, &Wanted::Name(second.number), &mut 0, &mut text);
        text.all(&[" both take `", second.place]);
    } else {
        find(tree, None, &Wanted::Name(second.number), &mut 0, &mut text);
        text.all(&[" is many, and each of them takes `", second.place]);
    }
    text.say(
        "` of the state as a `Lease`, and one child at a time has what is lent\n  help: take it in \
         one child, which hands on to others what they need",
    );
    if second.before.is_some() {
        text.say("; or let only one of the two be `enabled`");
    }
    Some(text)
}

/// A supervisor, and what makes the runs of its children.
struct Tree<'a, S: 'static> {
    supervisor: &'a DeclaredSupervisor,
    runs: &'a [Runs<S>],
}

impl<S> Clone for Tree<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Tree<'_, S> {}

/// Which of all leases, counted on the way down, is looked for.
enum Wanted<'a, S: 'static> {
    /// The first of this value.
    Of(&'static str),
    /// The first of a value that somebody in this tree takes before it, or that is taken by many.
    Second(Tree<'a, S>),
    /// The one with this number, and the name of who takes it.
    Name(u32),
}

/// A lease that was looked for.
struct Found {
    number: u32,
    place: &'static str,
    /// Who takes the same before it; `None` for one of many alike.
    before: Option<u32>,
}

const fn find<S>(
    tree: Tree<'_, S>,
    above: Option<&Way<'_>>,
    wanted: &Wanted<'_, S>,
    number: &mut u32,
    text: &mut Text,
) -> Option<Found> {
    let mut at = 0;
    while at < tree.runs.len() {
        let (slot, runs) = (&tree.supervisor.slots()[at], &tree.runs[at]);
        let leases = leases_of(slot, runs);
        let mut lease = 0;
        while lease < leases.len() {
            let place = leases[lease].place;
            let (is_it, before) = match wanted {
                Wanted::Of(wanted) => (is_same(place, wanted), None),
                Wanted::Second(tree) => {
                    let first = find(*tree, None, &Wanted::Of(place), &mut 0, text);
                    match first {
                        Some(first)
                            if first.number < *number
                                && !cfg!(plant_bug = "leases_taken_twice") =>
                        {
                            (true, Some(first.number))
                        }
                        Some(_) | None => (is_many(slot), None),
                    }
                }
                Wanted::Name(wanted) => (*number == *wanted, None),
            };
            if is_it && !place.is_empty() {
                if let Wanted::Name(_) = wanted {
                    text.say("`");
                    way(text, above);
                    text.all(&[slot.name(), "`"]);
                    site(text, slot);
                }
                return Some(Found { number: *number, place, before });
            }
            *number += 1;
            lease += 1;
        }
        if let Some(inner) = inside(slot, runs) {
            let below = Way { name: slot.name(), above };
            let found = find(inner, Some(&below), wanted, number, text);
            if found.is_some() {
                return found;
            }
        }
        at += 1;
    }
    None
}

/// Where what stands in the slot is declared.
const fn site(text: &mut Text, slot: &DeclaredSlot) {
    if let Node::Child(child) | Node::Pool(child) | Node::Many(child) = slot.node() {
        text.all(&[" (", child.at().file(), ":"]);
        text.number(child.at().line());
        text.say(")");
    }
}

/// What the child in a slot takes. One that is not enabled takes nothing.
const fn leases_of<S>(slot: &DeclaredSlot, runs: &Runs<S>) -> &'static [Lent] {
    match slot.node() {
        Node::Child(child) | Node::Pool(child) | Node::Many(child)
            if is_enabled(slot, &child.policy()) =>
        {
            runs.leases()
        }
        _ => &[],
    }
}

/// What stands in a slot that holds a supervisor, unless it is not enabled.
const fn inside<'a, S>(slot: &DeclaredSlot, runs: &'a Runs<S>) -> Option<Tree<'a, S>> {
    match (slot.node(), runs) {
        (Node::Supervisor(supervisor), Runs::Supervisor(runs))
            if is_enabled(slot, supervisor.policy()) =>
        {
            Some(Tree { supervisor, runs })
        }
        _ => None,
    }
}

const fn is_enabled(slot: &DeclaredSlot, declared: &PolicyPatch) -> bool {
    !matches!(slot.policy().overrule(*declared).enabled, Some(false))
        || cfg!(plant_bug = "leases_of_disabled_children")
}

/// Whether more than one of what stands there starts with the tree. A pool starts without members.
const fn is_many(slot: &DeclaredSlot) -> bool {
    match (slot.node(), slot.declared_count()) {
        (Node::Many(_), Some(count)) => count > 1 && !cfg!(plant_bug = "leases_of_many"),
        _ => false,
    }
}

/// What a lease borrows.
#[derive(Clone, Copy, Debug)]
pub struct Lent {
    /// The name of the field in the state that has it; empty where that is not known.
    place: &'static str,
}

impl Lent {
    /// From the place with this name.
    pub(super) const fn of(place: &'static str) -> Self {
        Self { place }
    }

    /// Nothing, as far as is known.
    pub(super) const NOTHING: Self = Self::of("");
}

#[cfg(test)]
mod tests;
