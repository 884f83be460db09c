//! What the report says, said by the compiler.

use super::cycle::{Steps, Way, Why, node_of};
use super::key::{Key, is_same};
use super::message::Text;
use super::resolve::{NONE, Problem, Report, TOP, Want};

/// Raises what is wrong with what stands in the field with this number.
///
/// # Panics
///
/// While the program is compiled, when something is wrong.
#[track_caller]
pub const fn check_field<const N: usize, const W: usize>(report: &Report<N, W>, field: usize) {
    check_node(report, report.direct[field]);
}

/// The same for the field with this name, in a struct of which `cfg` may have taken some out.
///
/// # Panics
///
/// As [`check_field`].
#[track_caller]
pub const fn check_field_called<const N: usize, const W: usize>(report: &Report<N, W>, name: &str) {
    let mut field = 0;
    while field < N && report.direct[field] != NONE {
        if is_same(report.node(report.direct[field]).declared.name(), name) {
            check_node(report, report.direct[field]);
        }
        field += 1;
    }
}

#[track_caller]
const fn check_node<const N: usize, const W: usize>(report: &Report<N, W>, node: u32) {
    if !matches!(report.problems[node as usize], Problem::None) {
        let text = describe(report, node);
        panic!("{}", text.as_str());
    }
}

/// What is wrong at a field of the top.
pub(super) const fn describe<const N: usize, const W: usize>(
    report: &Report<N, W>,
    node: u32,
) -> Text {
    let mut text = Text::new();
    match report.problems[node as usize] {
        Problem::None => {}
        Problem::Itself => {
            text.node(report, node);
            text.say(" depends on itself, so it could never start");
        }
        Problem::Unknown { who, want, key } => unknown(&mut text, report, who, want, key),
        Problem::Ambiguous { who, want, key, first, second } => {
            wants(&mut text, report, who, want);
            text.key(key);
            text.say(", which stands in two places: ");
            text.path(report, first);
            text.say(" and ");
            text.path(report, second);
            which(&mut text, report, node, first, second);
        }
        Problem::Enclosing { who, want } => {
            wants(&mut text, report, who, want);
            text.supervisor(report, TOP);
            text.say(", the supervisor that it stands in: neither could start before the other");
        }
        Problem::Blurred { who, key } => {
            wants(&mut text, report, who, Want::Start);
            text.key(key);
            text.say(
                ", a generic child that does not say what tells its instances apart\n  help: say \
                 so where it is declared: `#[child(multiple, instance = T::NAME)]`",
            );
        }
        Problem::Member { who, want, key, group } => {
            wants(&mut text, report, who, want);
            text.key(key);
            text.say(", and there are only the members of ");
            text.path(report, group);
            text.say(
                ", which is no one child\n  help: to start after all of it, say so at the field: ",
            );
            text.all(&["`#[child(after(", report.node(report.node(group).direct).declared.name()]);
            text.say("))]`");
        }
        Problem::Temporary { who, on } => {
            wants(&mut text, report, who, Want::Start);
            text.node(report, on);
            text.say(
                ", which is temporary: once it has ended nothing brings it back\n  help: make it \
                 `restart(transient)`, which is not restarted after a success either",
            );
        }
        Problem::Twice { other } => {
            text.path(report, node);
            text.say(" is the same child as ");
            text.path(report, other);
            text.say(", and nothing tells the two apart: ");
            text.key(&report.node(node).item.key);
            text.site(report, node);
            text.say(
                "\n  help: if two are meant, say so where it is declared: `#[child(multiple)]`",
            );
        }
        Problem::Cycle { wire } => cycle(&mut text, report, wire),
    }
    text
}

/// Who wants something, up to the name of it.
const fn wants<const N: usize, const W: usize>(
    text: &mut Text,
    report: &Report<N, W>,
    who: u32,
    want: Want,
) {
    text.node(report, who);
    text.say(match want {
        Want::Start => " depends on ",
        Want::Handle => " takes a handle of ",
        Want::Requirement => " requires ",
    });
}

const fn unknown<const N: usize, const W: usize>(
    text: &mut Text,
    report: &Report<N, W>,
    who: u32,
    want: Want,
    key: &Key,
) {
    wants(text, report, who, want);
    text.key(key);
    text.say(", which is nowhere in ");
    text.supervisor(report, TOP);
    let mut node = 0;
    while node < report.placed {
        let its = &report.node(node).item.key;
        if is_same(its.name(), key.name()) && !its.is(key) {
            text.say("\n  note: ");
            text.path(report, node);
            text.say(" is another one: ");
            text.key(its);
            if is_same(its.module(), key.module()) && !is_same(its.version(), key.version()) {
                text.all(&[" of version ", its.version(), ", not ", key.version()]);
            }
            text.site(report, node);
            break;
        }
        node += 1;
    }
    text.say("\n  help: add a field for it to ");
    text.supervisor(report, TOP);
    text.say(", or let the supervisor above provide it: `#[supervisor(requires(");
    text.say(key.name());
    text.say("))]`");
}

/// How to say which of two is meant.
const fn which<const N: usize, const W: usize>(
    text: &mut Text,
    report: &Report<N, W>,
    field: u32,
    first: u32,
    second: u32,
) {
    let (one, other) = (report.node(first).direct, report.node(second).direct);
    let its = report.node(field);
    let one = if one == field { other } else { one };
    if report.node(first).direct == report.node(second).direct || one == field {
        text.say("\n  help: both are inside ");
        text.path(report, report.node(first).direct);
        text.say(", so depend on all of it, with `after` at the field");
        return;
    }
    text.all(&["\n  help: say which one at the field `", its.declared.name()]);
    text.all(&["`: `#[child(after(", report.node(one).declared.name(), "))]`"]);
}

const fn cycle<const N: usize, const W: usize>(text: &mut Text, report: &Report<N, W>, wire: u32) {
    text.say("dependency cycle in supervisor ");
    text.supervisor(report, TOP);
    text.say(", which could never start:");
    need(text, report, wire);
    // One that does not go away with the order of the fields comes first.
    let way = match Way::around(report, wire, Steps::WithoutOrder) {
        None => Way::around(report, wire, Steps::All),
        found => found,
    };
    let Some(way) = way else { return };
    let (mut number, mut ordered) = (0, (NONE, NONE));
    while number < way.length() {
        let (from, to, why) = way.step(number);
        let (from, to) = (node_of(from), node_of(to));
        number += 1;
        match why {
            Why::Begun => {}
            Why::Wire(wire) => need(text, report, wire),
            Why::Child => {
                text.say("\n    ");
                text.node(report, from);
                text.say(" is ready when ");
                text.path(report, to);
                text.say(" is");
            }
            Why::Parent => {
                text.say("\n    ");
                text.path(report, from);
                text.say(" is started by ");
                text.node(report, to);
            }
            Why::Order => {
                // One after the other, on to the last.
                let mut last = to;
                while number < way.length() {
                    let (_, next, why) = way.step(number);
                    match why {
                        Why::Begun => {}
                        Why::Order => last = node_of(next),
                        Why::Child | Why::Parent | Why::Wire(_) => break,
                    }
                    number += 1;
                }
                text.say("\n    ");
                text.node(report, from);
                text.say(" starts after ");
                text.path(report, last);
                text.say(", because ");
                text.supervisor(report, report.node(from).parent);
                text.say(" starts its fields one after the other");
                ordered = (from, last);
            }
        }
    }
    if let (first, last) = ordered
        && first != NONE
    {
        text.say("\n  help: move the field `");
        text.all(&[report.node(first).declared.name(), "` before `"]);
        text.all(&[report.node(last).declared.name(), "`"]);
    }
}

/// One dependency, as a line.
const fn need<const N: usize, const W: usize>(text: &mut Text, report: &Report<N, W>, wire: u32) {
    let wire = report.wires[wire as usize];
    text.say("\n    ");
    text.node(report, wire.from);
    text.say(" needs ");
    text.path(report, wire.to);
}
