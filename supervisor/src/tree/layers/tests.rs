#![expect(
    clippy::large_types_passed_by_value,
    reason = "a table of cases reads better with values"
)]

use std::panic::Location;

use super::*;
use crate::policy::backoff::BackoffPatch;
use crate::policy::failure::OnLimit;
use crate::policy::health::HealthPatch;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use crate::policy::role::Role;
use crate::tree::declared::SaidAtField;
use crate::tree::graph::item::Item;
use crate::tree::graph::key;

const SECOND: Duration = Duration::from_secs(1);
const NONE: PolicyPatch = PolicyPatch::NONE;

fn any_key() -> key::Key {
    key::Key::new("app", "any", "1.0.0", 0)
}

fn declared(policy: PolicyPatch) -> DeclaredChild {
    DeclaredChild::of_policy(any_key(), Box::leak(Box::new(policy)))
}

fn child(policy: PolicyPatch) -> Node {
    Node::Child(Box::leak(Box::new(declared(policy))))
}

fn supervisor(slots: Vec<DeclaredSlot>, defaults: PolicyPatch) -> DeclaredSupervisor {
    DeclaredSupervisor::new(any_key(), slots.leak()).with_defaults(defaults)
}

fn nested(supervisor: DeclaredSupervisor) -> Node {
    Node::Supervisor(Box::leak(Box::new(supervisor)))
}

fn slot(name: &'static str, node: Node, policy: PolicyPatch) -> DeclaredSlot {
    let said = SaidAtField::NONE.with_policy(policy);
    DeclaredSlot::of(name, node).saying(Box::leak(Box::new(said)))
}

/// What is wrong in the only field, with the lines of this file left out.
fn said(supervisor: &DeclaredSupervisor) -> String {
    let mut text = Text::new();
    if !of_slot(&supervisor.slots()[0], &around(supervisor), &mut text) {
        return String::new();
    }
    let text = text.as_str();
    let Some((before, after)) = text.split_once(" (supervisor/src/") else { return text.into() };
    let (_, after) = after.split_once(')').expect("the end of a place");
    format!("{before}{after}")
}

fn one(declared: PolicyPatch, field: PolicyPatch, defaults: PolicyPatch) -> String {
    said(&supervisor(vec![slot("a", child(declared), field)], defaults))
}

fn wait(initial: Option<u32>, max: Option<u32>) -> BackoffPatch {
    let seconds = |n: u32| n * SECOND;
    BackoffPatch { initial: initial.map(seconds), max: max.map(seconds), ..BackoffPatch::NONE }
}

#[test]
fn values_that_follow_from_types_are_checked_where_the_types_are_known() {
    let shrinking = NONE.backoff(BackoffPatch { factor: Some(0.5), ..BackoffPatch::NONE });
    let generic = Node::Child(Box::leak(Box::new(DeclaredChild {
        is_of_its_types: true,
        ..declared(shrinking)
    })));
    assert_eq!(
        said(&supervisor(vec![slot("a", generic, NONE)], NONE)),
        "`a`: backoff `factor` is at least 1, or the wait would shrink\n  note: so it is with the \
         types at this field, by what is said where it is declared"
    );
    // Of one that knows its types it has been said where it is declared.
    assert_eq!(said(&supervisor(vec![slot("a", child(shrinking), NONE)], NONE)), "");
    // And of one in a nested supervisor at that supervisor's own field.
    let inner = nested(supervisor(vec![slot("a", generic, NONE)], NONE));
    let defaults = NONE.backoff(wait(None, Some(60)));
    assert_eq!(said(&supervisor(vec![slot("in", inner, NONE)], defaults)), "");
}

#[test]
fn the_ends_of_a_wait_are_compared_over_all_layers_and_named_with_their_places() {
    let (long, short) = (NONE.backoff(wait(Some(60), None)), NONE.backoff(wait(None, Some(2))));
    assert_eq!(
        one(short, long, NONE),
        "`a`: backoff `initial` (60s) at the field is above `max` (2s) where it is declared"
    );
    assert_eq!(
        one(long, NONE, short),
        "`a`: backoff `initial` (60s) where it is declared is above `max` (2s) in `defaults`"
    );
    assert_eq!(
        one(long, NONE, NONE),
        "`a`: backoff `initial` (60s) where it is declared is above `max` (30s) by default"
    );
    assert_eq!(one(long, NONE.backoff(wait(None, Some(120))), short), "");
    // What is wrong at one place is said there.
    assert_eq!(one(NONE.backoff(wait(Some(9), Some(1))), NONE, NONE), "");
}

#[test]
fn the_wait_of_a_class_starts_from_that_of_the_child() {
    let class = ClassPatch::NONE.backoff(wait(None, Some(1)));
    let of_class = NONE.on_failure(OnFailurePatch::NONE.on(FailureClass::Panic, class));
    let long = NONE.backoff(wait(Some(5), None));
    assert_eq!(
        one(of_class, long, NONE),
        "`a`: for `panic`: backoff `initial` (5s) is above `max` (1s)\n  note: what a class does not \
         say about its wait is what the child says"
    );
    assert_eq!(one(of_class, NONE, NONE), "");
}

#[test]
fn heartbeats_are_compared_over_all_layers_where_they_are_expected() {
    let often = NONE.health(HealthPatch::NONE.heartbeat(10 * SECOND));
    let stale = NONE.health(HealthPatch::NONE.stale_after(5 * SECOND));
    assert!(one(often, NONE, stale).starts_with("`a`: `heartbeat` (10s) where it is declared"));
    // Nothing is expected of it: in defaults these are values.
    let both = HealthPatch::NONE.heartbeat(10 * SECOND).stale_after(5 * SECOND);
    assert_eq!(one(NONE, NONE, NONE.health(both)), "");
}

#[test]
fn what_is_never_restarted_has_no_backoff_from_another_layer() {
    let temporary = NONE.restart(Restart::Temporary);
    let backoff = NONE.backoff(wait(Some(1), None));
    assert_eq!(
        one(temporary, backoff, NONE),
        "`a`: `backoff` means nothing here: the child is temporary where it is declared and \
         never restarted"
    );
    assert!(one(backoff, NONE, temporary).contains("temporary in `defaults`"));
    // The field overrules the function, and a default for many may well meet a temporary one.
    assert_eq!(one(backoff, temporary, NONE), "");
    assert_eq!(one(temporary, NONE, backoff), "");
}

#[test]
fn only_what_is_quarantined_over_all_layers_is_probed() {
    let probe = NONE.probe_after(SECOND);
    let text = one(probe, NONE, NONE.on_limit(OnLimit::Stop));
    assert!(text.starts_with("`a`: `probe_after` where it is declared means nothing"), "{text}");
    assert_eq!(one(probe, NONE.on_limit(OnLimit::Quarantine), NONE.on_limit(OnLimit::Stop)), "");
    assert_eq!(one(probe, NONE.on_limit(OnLimit::Stop), NONE), "");
}

#[test]
fn what_is_significant_ends_and_somebody_looks() {
    let job = NONE.restart(Restart::Transient).significant();
    let looks = |policy, field| {
        supervisor(vec![slot("a", child(policy), field)], NONE)
            .auto_shutdown(AutoShutdown::AnySignificant)
    };
    assert_eq!(said(&looks(job, NONE)), "");
    let text = said(&looks(job, NONE.restart(Restart::Permanent)));
    assert!(text.contains("significant where it is declared and permanent at the field"), "{text}");
    assert!(one(job, NONE, NONE).contains("nobody looks at it"));
}

#[test]
fn a_grace_is_compared_with_the_budgets_that_are_known() {
    let long = NONE.grace(Grace::After(60 * SECOND));
    let in_a_budget = supervisor(vec![slot("a", child(long), NONE)], NONE).budget(10 * SECOND);
    assert_eq!(
        said(&in_a_budget),
        "`a`: `grace` (60s) where it is declared is longer than the 10s of the `budget` of this \
         supervisor, so it would be cut short"
    );
    // It may be nested in a tree that has more.
    assert_eq!(one(long, NONE, NONE), "");
    let inner = nested(supervisor(vec![slot("a", child(long), NONE)], NONE));
    let tight = NONE.grace(Grace::After(3 * SECOND));
    let text = said(&supervisor(vec![slot("inner", inner, tight)], NONE));
    assert!(text.starts_with("`inner/a`: `grace` (60s)"), "{text}");
    assert!(text.contains("the 3s of the `grace` of the supervisor around it"), "{text}");
}

#[test]
fn defaults_reach_all_that_is_below_and_the_inner_ones_are_stronger() {
    let long = NONE.backoff(wait(Some(5), None));
    let short = NONE.backoff(wait(None, Some(2)));
    let tree = |inner| {
        let inner = supervisor(vec![slot("a", child(long), NONE)], inner);
        supervisor(vec![slot("inner", nested(inner), NONE)], short)
    };
    assert!(said(&tree(NONE)).starts_with("`inner/a`: backoff `initial` (5s)"));
    assert_eq!(said(&tree(NONE.backoff(wait(None, Some(9))))), "");
}

#[test]
fn a_limit_that_no_layer_lets_trip_is_found_and_a_class_that_may_wait_less_is_left_alone() {
    let slow = NONE.backoff(BackoffPatch { jitter: Some(0.0), ..wait(Some(1), Some(60)) });
    let trips =
        |declared, field, defaults| !is_endless(&slot("a", child(declared), field), &defaults);
    let limit = |within| NONE.restart_limit(5, within * SECOND);
    assert!(!trips(slow, limit(30), NONE));
    assert!(trips(slow, limit(31), NONE));
    assert!(!trips(slow, NONE, limit(30)));
    assert!(trips(slow, NONE, NONE));
    assert!(trips(slow, NONE.restart(Restart::Temporary), limit(30)));
    let class = ClassPatch::NONE.backoff(wait(None, Some(1)));
    let of_class = NONE.on_failure(OnFailurePatch::NONE.on(FailureClass::Panic, class));
    assert!(trips(slow.over(of_class), limit(30), NONE));
}

#[test]
#[cfg_attr(miri, ignore = "it lays each of twenty over each over each")]
fn what_is_plain_at_a_glance_is_what_the_long_way_has_nothing_to_say_about() {
    let beats = |heartbeat: Option<u32>, stale_after: Option<u32>| HealthPatch {
        heartbeat: heartbeat.map(|n| n * SECOND),
        stale_after: stale_after.map(|n| n * SECOND),
    };
    let class = ClassPatch::NONE.backoff(wait(Some(7), None));
    let mut patches = vec![
        NONE,
        NONE.restart(Restart::Permanent),
        NONE.restart(Restart::Transient),
        NONE.restart(Restart::Temporary),
        NONE.backoff(wait(Some(7), None)),
        NONE.backoff(wait(None, Some(2))),
        NONE.backoff(wait(Some(3), Some(4))),
        NONE.health(beats(Some(9), None)),
        NONE.health(beats(None, Some(3))),
        NONE.health(beats(Some(1), Some(5))),
        NONE.on_failure(OnFailurePatch::NONE.on(FailureClass::Panic, class)),
        NONE.probe_after(SECOND),
        NONE.on_limit(OnLimit::Quarantine),
        NONE.significant(),
        NONE.grace(Grace::After(9 * SECOND)),
        NONE.restart_limit(3, SECOND),
    ];
    patches.extend(
        [Role::Service, Role::Worker, Role::Job, Role::Sidecar].map(|role| NONE.role(role)),
    );
    let (mut plain, mut not_plain) = (0, 0);
    for room in [None, Some((4 * SECOND, "`budget` of this supervisor"))] {
        for &defaults in &patches {
            let supervisor = DeclaredSupervisor::new(any_key(), &[]).with_defaults(defaults);
            let around = Around { room, ..around(&supervisor) };
            for (&declared, &field) in
                patches.iter().flat_map(|a| patches.iter().map(move |b| (a, b)))
            {
                if !is_plain(&field, &declared, &around) {
                    not_plain += 1;
                    continue;
                }
                plain += 1;
                let slot = slot("a", child(declared), field);
                let layers = Layers::new(&slot, &declared, &around.defaults);
                let complaint = layers.complaint(&layers.all(), &around, true);
                let mut text = Text::new();
                layers.say(&slot, slot_place(&slot), &around, &complaint, &mut text);
                assert_eq!(text.as_str(), "", "{field:?} over {declared:?} over {defaults:?}");
            }
        }
    }
    assert!(plain > not_plain / 4, "the glance finds little: {plain} of {}", plain + not_plain);
}

/// Where what stands in it is declared.
fn slot_place(slot: &DeclaredSlot) -> &'static Location<'static> {
    slot.node().of_members().at()
}

#[test]
#[cfg_attr(miri, ignore = "it looks at two thousand children")]
fn what_is_fine_at_a_glance_is_fine() {
    // The last is more than the greatest wait is where nobody says one.
    let times = [None, Some(1), Some(9), Some(60)];
    let mut fine = 0;
    for (initial, max) in times.iter().flat_map(|one| times.map(|other| (*one, other))) {
        for (heartbeat, stale_after) in times.iter().flat_map(|a| times.map(|b| (*a, b))) {
            for restart in [None, Some(Restart::Transient), Some(Restart::Temporary)] {
                for within in [None, Some(1), Some(1_000)] {
                    let seconds = |n: u32| n * SECOND;
                    let health = HealthPatch {
                        heartbeat: heartbeat.map(seconds),
                        stale_after: stale_after.map(seconds),
                    };
                    let limit = within.map(|n| Limit::new(3, seconds(n)));
                    let said = PolicyPatch { restart, restart_limit: limit, health, ..NONE };
                    let said = said.backoff(wait(initial, max));
                    let one = DeclaredSlot::of("a", child(said));
                    if is_fine(&one) {
                        fine += 1;
                        let top = supervisor(vec![one], NONE);
                        let mut text = Text::new();
                        assert!(!of_slot(&one, &around(&top), &mut text), "{}", text.as_str());
                        assert!(!is_endless(&one, &NONE), "{said:?}");
                    }
                }
            }
        }
    }
    assert!(fine > 20, "{fine}");
}

#[test]
fn a_limit_in_a_field_of_its_own_that_never_trips_is_found_too() {
    let with = |backoff, within| DeclaredChild {
        restart_limit: Some((10, within)),
        backoff,
        ..DeclaredChild::of_item(Item::child(any_key()))
    };
    let minute = 60_000_000_000;
    for (backoff, within, finding) in [
        (Some((1, minute / 10)), minute, Finding::Nothing),
        (Some((minute, minute)), minute, Finding::NeverTrips),
        // The longest wait that is built in.
        (None, 1, Finding::NeverTrips),
    ] {
        let node = Node::Child(Box::leak(Box::new(with(backoff, within))));
        let supervisor = supervisor(vec![DeclaredSlot::of("a", node)], NONE);
        let mut findings = [Finding::Nothing];
        look_through(&supervisor, &mut findings);
        assert_eq!(findings, [finding], "{backoff:?} within {within}");
    }
}

#[test]
fn what_stands_in_fields_of_its_own_is_part_of_the_policy() {
    let patch: &'static PolicyPatch = Box::leak(Box::new(NONE.significant()));
    let item = Item { restart: Some(Restart::Transient), ..Item::child(any_key()) };
    let child = DeclaredChild {
        item,
        backoff: Some((1, 2)),
        restart_limit: Some((3, 4)),
        policy: Some(patch),
        ..DeclaredChild::NONE
    };
    let nanos = Duration::from_nanos;
    let wait = BackoffPatch::NONE.initial(nanos(1)).max(nanos(2));
    let all = NONE.restart(Restart::Transient).backoff(wait).restart_limit(3, nanos(4));
    assert_eq!(child.policy(), all.significant());
    // So it is for the members of a group, whose restart is not that of the group.
    let members = child.in_a_group(any_key());
    assert_eq!(members.policy(), all.significant());
    assert_eq!(members.item.restart, None);
}
