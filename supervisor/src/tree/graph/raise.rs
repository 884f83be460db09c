//! What the report says, said by the compiler.

use super::cycle::{Moments, Steps, Trail, Why, node_of};
use super::key::{Key, is_same};
use super::message::Text;
use super::report::Report;
use super::resolve::is_among;
use super::tree::{NONE, Problem, Room, TOP, Tree, Want};
use crate::tree::declared::DeclaredSupervisor;
use crate::tree::layers::{self, Finding};

/// Raises what is wrong with what stands in the field of a supervisor with this number: what
/// it depends on, or else its policies. Otherwise it says whether its limit can never be spent.
///
/// # Panics
///
/// While the program is compiled, when something is wrong.
#[track_caller]
pub const fn check_field<const N: usize, const W: usize>(
    supervisor: &'static DeclaredSupervisor,
    report: &Report<N, W>,
    field: usize,
) -> bool {
    // seen by: cargo test -p supervisor-ui-tests --test ui -- what_is_wrong_does trybuild=graph_itself
    if cfg!(plant_bug = "fields_unchecked") {
        return false;
    }
    match report.findings[field] {
        Finding::Nothing => false,
        Finding::NeverTrips => true,
        Finding::Policy => {
            layers::check(supervisor, field);
            false
        }
        Finding::Dependency => {
            let mut room = Room::<N, W>::new();
            let tree = room.tree(supervisor.item());
            let mut trail = Trail::<N>::new();
            let text = describe(&tree, tree.direct[field], &mut trail.moments());
            panic!("{}", text.as_str());
        }
    }
}

/// The same for the field with this name, in a struct of which `cfg` may have taken some out.
///
/// # Panics
///
/// As [`check_field`].
#[track_caller]
pub const fn check_field_called<const N: usize, const W: usize>(
    supervisor: &'static DeclaredSupervisor,
    report: &Report<N, W>,
    name: &str,
) -> bool {
    let (slots, mut field) = (supervisor.slots(), 0);
    while field < slots.len() {
        if is_same(slots[field].name(), name) {
            return check_field(supervisor, report, field);
        }
        field += 1;
    }
    false
}

/// What is wrong at a field of the top.
pub(super) const fn describe(tree: &Tree<'_>, node: u32, moments: &mut Moments<'_>) -> Text {
    let mut text = Text::new();
    match tree.problems[node as usize] {
        Problem::None => {}
        Problem::Itself => {
            text.node(tree, node);
            text.say(" depends on itself, so it could never start");
        }
        Problem::Unknown { who, want, key } => unknown(&mut text, tree, who, want, key),
        Problem::Ambiguous { who, want, key, first, second } => {
            wants(&mut text, tree, who, want);
            text.key(key);
            text.say(", which stands in two places: ");
            text.path(tree, first);
            text.say(" and ");
            text.path(tree, second);
            which(&mut text, tree, node, first, second);
        }
        Problem::Enclosing { who, want } => {
            wants(&mut text, tree, who, want);
            text.supervisor(tree, TOP);
            text.say(", the supervisor that it stands in: neither could start before the other");
        }
        Problem::Blurred { who, key } => {
            wants(&mut text, tree, who, Want::Start);
            text.key(key);
            text.say(
                ", a generic child that does not say what tells its instances apart\n  help: say \
                 so where it is declared: `#[child(multiple, instance = T::NAME)]`",
            );
        }
        Problem::Member { who, want, key, group } => {
            wants(&mut text, tree, who, want);
            text.key(key);
            text.say(", and there are only the members of ");
            text.path(tree, group);
            text.say(
                ", which is no one child\n  help: to start after all of it, say so at the field: ",
            );
            text.all(&["`#[child(after(", tree.node(tree.node(group).direct).slot.name()]);
            text.say("))]`");
        }
        Problem::Temporary { who, on } => {
            wants(&mut text, tree, who, Want::Start);
            text.node(tree, on);
            text.say(
                ", which is temporary: once it has ended nothing brings it back\n  help: make it \
                 `restart(transient)`, which is not restarted after a success either",
            );
        }
        Problem::Twice { other } => {
            text.path(tree, node);
            text.say(" is the same child as ");
            text.path(tree, other);
            text.say(", and nothing tells the two apart: ");
            text.key(&tree.node(node).item.key);
            text.site(tree, node);
            text.say(
                "\n  help: if two are meant, say so where it is declared: `#[child(multiple)]`",
            );
        }
        Problem::Cycle { wire } => cycle(&mut text, tree, wire, moments),
    }
    text
}

/// Who wants something, up to the name of it.
const fn wants(text: &mut Text, tree: &Tree<'_>, who: u32, want: Want) {
    text.node(tree, who);
    text.say(match want {
        Want::Start => " depends on ",
        Want::Handle => " takes a handle of ",
        Want::Requirement => " requires ",
    });
}

const fn unknown(text: &mut Text, tree: &Tree<'_>, who: u32, want: Want, key: &Key) {
    wants(text, tree, who, want);
    text.key(key);
    text.say(", which is nowhere in ");
    text.supervisor(tree, TOP);
    if matches!(want, Want::Requirement) {
        whose(text, tree, who, key);
    }
    let mut node = 0;
    while node < tree.placed {
        let its = &tree.node(node).item.key;
        if is_same(its.name(), key.name()) && !its.is(key) {
            text.say("\n  note: ");
            text.path(tree, node);
            text.say(" is another one: ");
            text.key(its);
            if is_same(its.module(), key.module()) && !is_same(its.version(), key.version()) {
                text.all(&[" of version ", its.version(), ", not ", key.version()]);
            }
            text.site(tree, node);
            break;
        }
        node += 1;
    }
    text.say("\n  help: add a field for it to ");
    text.supervisor(tree, TOP);
    text.say(", or let the supervisor above provide it: `#[supervisor(requires(");
    text.say(key.name());
    text.say("))]`");
}

/// Who it is inside a supervisor that needs what the supervisor requires.
const fn whose(text: &mut Text, tree: &Tree<'_>, supervisor: u32, key: &Key) {
    let (mut node, end) = tree.below(supervisor);
    while node < end {
        let place = tree.node(node);
        let want = if leads_to(tree, node, key) {
            // Something nearer has been found.
            None
        } else if is_among(key, place.slot.needs()) {
            Some(Want::Start)
        } else if is_among(key, place.item.handles) {
            Some(Want::Handle)
        } else {
            None
        };
        if let Some(want) = want {
            text.say("\n  note: ");
            wants(text, tree, node, want);
            text.say("it");
        }
        node += 1;
    }
}

/// Whether a wire of the node leads to something with this key.
const fn leads_to(tree: &Tree<'_>, node: u32, key: &Key) -> bool {
    let place = tree.node(node);
    let mut wire = place.wires;
    while wire < place.wires_end {
        if tree.node(tree.wires[wire as usize].to).item.key.is(key) {
            return true;
        }
        wire += 1;
    }
    false
}

/// How to say which of two is meant.
const fn which(text: &mut Text, tree: &Tree<'_>, field: u32, first: u32, second: u32) {
    let (one, other) = (tree.node(first).direct, tree.node(second).direct);
    let its = tree.node(field);
    let one = if one == field { other } else { one };
    if tree.node(first).direct == tree.node(second).direct || one == field {
        text.say("\n  help: both are inside ");
        text.path(tree, tree.node(first).direct);
        text.say(", so depend on all of it, with `after` at the field");
        return;
    }
    text.all(&["\n  help: say which one at the field `", its.slot.name()]);
    text.all(&["`: `#[child(after(", tree.node(one).slot.name(), "))]`"]);
}

const fn cycle(text: &mut Text, tree: &Tree<'_>, wire: u32, moments: &mut Moments<'_>) {
    text.say("dependency cycle in supervisor ");
    text.supervisor(tree, TOP);
    text.say(", which could never start:");
    need(text, tree, wire);
    // One that does not go away with the order of the fields comes first.
    if !moments.way_around(tree, wire, Steps::WithoutOrder)
        && !moments.way_around(tree, wire, Steps::All)
    {
        return;
    }
    let length = moments.length();
    let (mut number, mut ordered) = (0, (NONE, NONE));
    while number < length {
        let (from, to, why) = moments.step(number);
        let (from, to) = (node_of(from), node_of(to));
        number += 1;
        match why {
            Why::Begun => {}
            Why::Wire(wire) => need(text, tree, wire),
            Why::Child => {
                text.say("\n    ");
                text.node(tree, from);
                text.say(" is ready when ");
                text.path(tree, to);
                text.say(" is");
            }
            Why::Parent => {
                text.say("\n    ");
                text.path(tree, from);
                text.say(" is started by ");
                text.node(tree, to);
            }
            Why::Order => {
                // One after the other, on to the last.
                let mut last = to;
                while number < length {
                    let (_, next, why) = moments.step(number);
                    match why {
                        Why::Begun => {}
                        Why::Order => last = node_of(next),
                        Why::Child | Why::Parent | Why::Wire(_) => break,
                    }
                    number += 1;
                }
                text.say("\n    ");
                text.node(tree, from);
                text.say(" starts after ");
                text.path(tree, last);
                text.say(", because ");
                text.supervisor(tree, tree.node(from).parent);
                text.say(" starts its fields one after the other");
                ordered = (from, last);
            }
        }
    }
    if let (first, last) = ordered
        && first != NONE
    {
        text.say("\n  help: move the field `");
        text.all(&[tree.node(first).slot.name(), "` before `"]);
        text.all(&[tree.node(last).slot.name(), "`"]);
    }
}

/// One dependency, as a line.
const fn need(text: &mut Text, tree: &Tree<'_>, wire: u32) {
    let wire = tree.wires[wire as usize];
    text.say("\n    ");
    text.node(tree, wire.from);
    text.say(" needs ");
    text.path(tree, wire.to);
}
