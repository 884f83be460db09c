//! The policies of a tree over all their layers, known to the compiler.
//!
//! What stands in one attribute is checked where it stands. Here a slot is looked at as the running
//! tree will have it: the field over the function over the `defaults` around it, over the role and
//! what is built in. What is wrong only then is raised at the field. A configuration lies over all
//! of it, and is checked when it is loaded, by the same [rules].

mod complaint;

use std::time::Duration;

use self::complaint::{Complaint, Layers};
use super::declared::{DeclaredChild, DeclaredSlot, DeclaredSupervisor, Node};
use super::graph::message::Text;
use crate::policy::backoff::Backoff;
use crate::policy::lint;
use crate::policy::restart::{AutoShutdown, Restart};
use crate::policy::rules;
use crate::policy::shutdown::Grace;
use crate::policy::{PolicyPatch, or, said_or};
use crate::spec::plan::Defaults;

/// What the compiler has to say about one field of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Nothing,
    /// Something is wrong with what it depends on.
    Dependency,
    /// Something is wrong with its policies.
    Policy,
    /// Its limit can never be spent, because the waits between its restarts are too long.
    NeverTrips,
}

/// Finds out about the policies of everything in the fields of a supervisor about which nothing is
/// found yet.
pub(super) const fn look_through(supervisor: &DeclaredSupervisor, findings: &mut [Finding]) {
    let around = around(supervisor);
    let (mut text, slots) = (Text::new(), supervisor.slots());
    let is_silent = around.room.is_none() && !supervisor.defaults().says_something();
    let mut field = 0;
    while field < slots.len() {
        if matches!(findings[field], Finding::Nothing) && !(is_silent && is_fine(&slots[field])) {
            if of_slot(&slots[field], &around, &mut text) {
                findings[field] = Finding::Policy;
            } else if is_endless(&slots[field], supervisor.defaults()) {
                findings[field] = Finding::NeverTrips;
            }
        }
        field += 1;
    }
}

/// Whether it is plain that nothing is wrong with what stands in a slot around which nothing is
/// said. A few looks at the only place where something may be said: the compiler takes them for
/// each child, and for each call as long as for ten of them.
const fn is_fine(slot: &DeclaredSlot) -> bool {
    let Node::Child(child) = slot.node else { return false };
    if slot.said.says_policy || child.is_of_its_types || cfg!(plant_bug = "all_is_plain") {
        return false;
    }
    if child.policy.is_some() {
        return is_fine_as_a_patch(&child.policy());
    }
    if let (Some((max, within)), false) =
        (child.restart_limit, cfg!(plant_bug = "plain_limits_are_fine"))
    {
        let longest = match child.backoff {
            Some((_, longest)) => longest as u128,
            None => Backoff::DEFAULT.max.as_nanos(),
        };
        if max != u32::MAX && longest * max as u128 > within as u128 {
            return false;
        }
    }
    !matches!(child.item.restart, Some(Restart::Temporary))
}

const fn is_fine_as_a_patch(declared: &PolicyPatch) -> bool {
    let is_in_reach = match (declared.restart_limit, declared.backoff.max) {
        (None, _) => true,
        (Some(limit), Some(longest)) => lint::is_in_reach(longest, limit),
        (Some(limit), None) => lint::is_in_reach(Backoff::DEFAULT.max, limit),
    };
    let is_whole = cfg!(plant_bug = "halves_are_fine")
        || declared.backoff.initial.is_some() == declared.backoff.max.is_some()
            && declared.health.heartbeat.is_some() == declared.health.stale_after.is_some();
    is_in_reach && is_whole && says_little(declared)
}

/// Raises what is wrong with the policies of what stands in the field of a supervisor with this
/// number.
///
/// # Panics
///
/// While the program is compiled, when something is wrong.
#[track_caller]
pub(super) const fn check(supervisor: &DeclaredSupervisor, field: usize) {
    let mut text = Text::new();
    let is_wrong = of_slot(&supervisor.slots()[field], &around(supervisor), &mut text);
    assert!(!is_wrong, "{}", text.as_str());
}

/// Whether the limit of what stands in a slot can never be spent.
///
/// Only where nothing is said about single classes of failure: a class may wait less.
const fn is_endless(slot: &DeclaredSlot, defaults: &PolicyPatch) -> bool {
    let (Node::Child(child) | Node::Pool(child) | Node::Many(child)) = slot.node() else {
        return false;
    };
    let (field, declared) = (slot.policy(), child.policy());
    let limit = or(field.restart_limit, or(declared.restart_limit, defaults.restart_limit));
    let Some(limit) = limit else { return false };
    let longest = or(field.backoff.max, or(declared.backoff.max, defaults.backoff.max));
    if lint::is_in_reach(said_or(longest, Backoff::DEFAULT.max), limit) {
        return false;
    }
    // About no time at all there is another rule.
    if field.on_failure.says_something()
        || declared.on_failure.says_something()
        || defaults.on_failure.says_something()
        || is(or(field.restart, or(declared.restart, defaults.restart)), Restart::Temporary)
        || limit.within.is_zero()
    {
        return false;
    }
    let backoff = field.backoff.over(declared.backoff).over(defaults.backoff);
    lint::never_trips(&backoff.resolve(), limit) && !cfg!(plant_bug = "limit_always_trips")
}

/// Stands for the warning that the compiler gives: a constant of it that is out of use.
#[derive(Debug)]
pub struct RestartLimit<const NEVER_TRIPS: bool>;

impl RestartLimit<true> {
    /// Its use is the warning.
    #[deprecated(
        note = "this `restart_limit` can never be spent: with its backoff the restarts take longer \
                than `within`, so the child is restarted for ever. Make `within` longer or the \
                backoff shorter"
    )]
    pub const CAN_BE_SPENT: () = ();
}

impl RestartLimit<false> {
    /// It can.
    pub const CAN_BE_SPENT: () = ();
}

/// What lies around a slot.
#[derive(Clone, Copy)]
struct Around<'a> {
    defaults: Defaults,
    /// The tightest limit on the end of what stands in it, and whose that is.
    room: Option<(Duration, &'static str)>,
    auto_shutdown: AutoShutdown,
    /// The supervisors on the way down, below the one that is checked.
    way: Option<&'a Way<'a>>,
}

/// The names of the supervisors down to some place.
pub(super) struct Way<'a> {
    pub(super) name: &'static str,
    pub(super) above: Option<&'a Way<'a>>,
}

/// The names on the way, each with a `/` after it.
pub(super) const fn way(text: &mut Text, at: Option<&Way<'_>>) {
    if let Some(at) = at {
        way(text, at.above);
        text.all(&[at.name, "/"]);
    }
}

const fn around(supervisor: &DeclaredSupervisor) -> Around<'static> {
    let room = match supervisor.shutdown_budget() {
        Some(budget) => Some((budget, "`budget` of this supervisor")),
        // Which budget is around it, if it is nested, is not known here.
        None => None,
    };
    Around {
        defaults: Defaults { in_code: *supervisor.defaults(), configured: PolicyPatch::NONE },
        room,
        auto_shutdown: supervisor.counts_for(),
        way: None,
    }
}

/// Whether anything is wrong in a slot, which is then said.
const fn of_slot(slot: &DeclaredSlot, around: &Around<'_>, text: &mut Text) -> bool {
    match slot.node() {
        Node::Child(child) => of_child(slot, child, around, false, text),
        // That their members count for nothing is another rule's.
        Node::Pool(child) | Node::Many(child) => of_child(slot, child, around, true, text),
        Node::Supervisor(inner) => of_supervisor(slot, inner, around, text),
    }
}

const fn of_child(
    slot: &DeclaredSlot,
    child: &DeclaredChild,
    around: &Around<'_>,
    is_group: bool,
    text: &mut Text,
) -> bool {
    // A nested supervisor has said it at its own struct.
    let declared = child.policy();
    let types = if child.is_of_its_types
        && around.way.is_none()
        && !cfg!(plant_bug = "values_of_types_unchecked")
    {
        rules::at_one_place(&declared)
    } else {
        None
    };
    if types.is_none() && is_plain(slot.policy(), &declared, around) {
        return false;
    }
    let layers = Layers::new(slot, &declared, &around.defaults);
    if let Some(fault) = types {
        return layers.say(slot, child.at(), around, &Complaint::OfTypes(fault), text);
    }
    let all = layers.all();
    let is_looked_at = !is_group;
    layers.say(slot, child.at(), around, &layers.complaint(&all, around, is_looked_at), text)
}

const fn of_supervisor(
    slot: &DeclaredSlot,
    inner: &DeclaredSupervisor,
    around: &Around<'_>,
    text: &mut Text,
) -> bool {
    if around.room.is_none()
        && !around.defaults.in_code.says_something()
        && is_plain(slot.policy(), inner.policy(), around)
        && is_unbound(slot.policy(), inner.policy())
    {
        return false;
    }
    let defaults = around.defaults.for_supervisor();
    let layers = Layers::new(slot, inner.policy(), &defaults);
    let all = layers.all();
    let complaint = layers.complaint(&all, around, true);
    if layers.say(slot, inner.at(), around, &complaint, text) {
        return true;
    }
    let room = match (all.shutdown.grace, around.room) {
        (Some(Grace::After(grace)), Some((budget, _))) if grace.as_nanos() >= budget.as_nanos() => {
            around.room
        }
        (Some(Grace::After(grace)), _) => Some((grace, "`grace` of the supervisor around it")),
        (Some(Grace::Infinite) | None, room) => room,
    };
    if room.is_none() && !around.defaults.in_code.says_something() {
        // It looks after itself: nothing comes from here.
        return false;
    }
    let below = Around {
        defaults: Defaults {
            in_code: inner.defaults().over(around.defaults.in_code),
            configured: PolicyPatch::NONE,
        },
        room,
        auto_shutdown: inner.counts_for(),
        way: Some(&Way { name: slot.name(), above: around.way }),
    };
    let mut field = 0;
    while field < inner.slots().len() {
        if of_slot(&inner.slots()[field], &below, text) {
            return true;
        }
        field += 1;
    }
    false
}

/// Whether it is plain at a glance that nothing said about a slot is at odds with what is said at
/// another place. That is so for most, and to lay one patch over another takes the compiler long.
const fn is_plain(field: &PolicyPatch, declared: &PolicyPatch, around: &Around<'_>) -> bool {
    let defaults = &around.defaults.in_code;
    cfg!(plant_bug = "all_is_plain")
        || says_little(field)
            && says_little(declared)
            && says_little(defaults)
            && go_together([
                (&field.backoff.initial, &field.backoff.max),
                (&declared.backoff.initial, &declared.backoff.max),
                (&defaults.backoff.initial, &defaults.backoff.max),
            ])
            && go_together([
                (&field.health.heartbeat, &field.health.stale_after),
                (&declared.health.heartbeat, &declared.health.stale_after),
                (&defaults.health.heartbeat, &defaults.health.stale_after),
            ])
            && (around.room.is_none()
                || (is_unbound(field, declared) && defaults.shutdown.grace.is_none()))
}

/// Whether nothing is said about the time it has to stop in.
const fn is_unbound(field: &PolicyPatch, declared: &PolicyPatch) -> bool {
    field.shutdown.grace.is_none() && declared.shutdown.grace.is_none()
}

/// Whether it says nothing that a rule compares with what is said, or not said, of other keys.
const fn says_little(said: &PolicyPatch) -> bool {
    matches!(
        said,
        PolicyPatch {
            restart: None | Some(Restart::Permanent | Restart::Transient),
            probe_after: None,
            significant: None,
            ..
        }
    ) && !said.on_failure.says_something()
}

/// Whether the strongest place that says one of two keys says the other too.
const fn go_together<A, B>(layers: [(&Option<A>, &Option<B>); 3]) -> bool {
    let mut n = 0;
    while n < layers.len() {
        match layers[n] {
            (None, None) => n += 1,
            (Some(_), Some(_)) => return true,
            (Some(_), None) | (None, Some(_)) => return false,
        }
    }
    true
}

const fn is(said: Option<Restart>, restart: Restart) -> bool {
    match said {
        Some(said) => said as u8 == restart as u8,
        None => false,
    }
}

#[cfg(test)]
mod tests;
