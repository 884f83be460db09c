//! Which node of a tree each dependency means, and what is wrong with it.

use super::cycle;
use super::item::{Item, ItemSlot};
use super::key::{Key, is_same};
use crate::policy::restart::Restart;
use crate::policy::{PolicyPatch, or};
use crate::tree::declared::{DeclaredSlot, DeclaredSupervisor, Node};

/// In place of a number of a node: the supervisor whose tree it is.
pub(super) const TOP: u32 = u32::MAX;
/// In place of a number of a node: there is none.
pub(super) const NONE: u32 = u32::MAX;

/// Two nodes of a tree, numbered from 0 on the way down, each supervisor before its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Who needs it.
    pub(crate) from: u32,
    /// What is needed.
    pub(crate) to: u32,
    /// What for.
    pub(crate) kind: WireKind,
}

/// What one node needs another for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireKind {
    /// To start.
    Start,
    /// For the parameter with this number.
    Handle(u32),
}

/// What the compiler found out about a tree: `N` nodes, and `W` wishes, fulfilled or not.
#[derive(Debug)]
pub struct Report<const N: usize, const W: usize> {
    pub(super) top: &'static Item,
    pub(super) nodes: [Place; N],
    /// How many nodes have got their number.
    pub(super) placed: u32,
    /// The numbers of the nodes in the fields of the top, in the order of the fields.
    pub(super) direct: [u32; N],
    /// Those of one node stand together.
    pub(super) wires: [Wire; W],
    pub(super) wired: u32,
    /// By the number of the node at whose field they are raised. One at a time.
    pub(super) problems: [Problem; N],
    has_broken: bool,
}

/// One node of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) item: &'static Item,
    pub(super) slot: &'static ItemSlot,
    pub(super) declared: &'static DeclaredSlot,
    pub(super) parent: u32,
    /// The number of the first node that is not below this one.
    pub(super) end: u32,
    /// The sibling declared before it.
    pub(super) before: u32,
    /// Itself or the one above it that stands in a field of the top.
    pub(super) direct: u32,
    /// Its wires are those from here to the first of the next node.
    pub(super) wires: u32,
    pub(super) wires_end: u32,
    /// Another node in the same bucket of the index.
    next: u32,
}

const NO_KEY: Key = Key::new("", "", None, 0);
const NO_SUPERVISOR: &DeclaredSupervisor =
    &DeclaredSupervisor::new(&[], PolicyPatch::NONE, PolicyPatch::NONE);
const NO_ITEM: &Item = &Item::child(NO_KEY, Node::Supervisor(NO_SUPERVISOR), "");
const NO_PLACE: Place = Place {
    item: NO_ITEM,
    slot: &ItemSlot::of(NO_ITEM),
    declared: &DeclaredSlot::of("", Node::Supervisor(NO_SUPERVISOR), PolicyPatch::NONE),
    parent: TOP,
    end: 0,
    before: NONE,
    direct: 0,
    wires: 0,
    wires_end: 0,
    next: NONE,
};

/// What somebody wants a key for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Start,
    Handle,
    /// The supervisor says `requires`.
    Requirement,
}

/// What is wrong with what stands in a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem {
    None,
    /// It needs itself to start.
    Itself,
    /// There is no such child.
    Unknown {
        who: u32,
        want: Want,
        key: &'static Key,
    },
    /// There is more than one.
    Ambiguous {
        who: u32,
        want: Want,
        key: &'static Key,
        first: u32,
        second: u32,
    },
    /// It is the tree around it.
    Enclosing {
        who: u32,
        want: Want,
    },
    /// Nothing says which instance of a generic child it is.
    Blurred {
        who: u32,
        key: &'static Key,
    },
    /// There are only members of a group.
    Member {
        who: u32,
        want: Want,
        key: &'static Key,
        group: u32,
    },
    /// Nothing brings it back when it has ended.
    Temporary {
        who: u32,
        on: u32,
    },
    /// Nothing tells it apart from what stands in another field.
    Twice {
        other: u32,
    },
    /// It is part of what waits for itself.
    Cycle {
        wire: u32,
    },
}

/// What was found where a key was looked for.
enum Found {
    At {
        node: u32,
        scope: u32,
    },
    /// The program around this tree has it, or so the top says.
    Outside,
    Nothing {
        scope: u32,
    },
    Enclosing {
        scope: u32,
    },
    Ambiguous {
        scope: u32,
        first: u32,
        second: u32,
    },
}

/// How many nodes there are below `item`.
pub const fn nodes_below(item: &Item) -> usize {
    let (mut nodes, mut at) = (item.slots.len(), 0);
    while at < item.slots.len() {
        nodes += nodes_below(item.slots[at].item);
        at += 1;
    }
    nodes
}

/// How many dependencies and handles are asked for below `item`, at most.
pub const fn wishes_below(item: &Item) -> usize {
    let (mut wishes, mut at) = (0, 0);
    while at < item.slots.len() {
        let slot = &item.slots[at];
        wishes += slot.needs().len() + slot.after.len() + slot.item.handles.len();
        wishes += wishes_below(slot.item);
        at += 1;
    }
    wishes
}

/// Finds out what every dependency below `top` means and what is wrong with them. `N` is
/// [`nodes_below`], `W` is [`wishes_below`].
pub const fn analyse<const N: usize, const W: usize>(top: &'static Item) -> Report<N, W> {
    let mut report = Report {
        top,
        nodes: [NO_PLACE; N],
        placed: 0,
        direct: [NONE; N],
        wires: [Wire { from: 0, to: 0, kind: WireKind::Start }; W],
        wired: 0,
        problems: [Problem::None; N],
        has_broken: false,
    };
    place(&mut report, top, TOP);
    let index = index(&mut report);
    let mut node = 0;
    while node < report.placed {
        report.nodes[node as usize].wires = report.wired;
        after(&mut report, node);
        needs(&mut report, &index, node);
        handles(&mut report, &index, node);
        report.nodes[node as usize].wires_end = report.wired;
        if report.nodes[node as usize].parent == TOP {
            requirements(&mut report, &index, node);
            told_apart(&mut report, &index, node);
        }
        node += 1;
    }
    cycle::find(&mut report);
    report
}

/// The wires of a report, alone: what a program keeps of it. `C` is their number.
pub const fn wires<const N: usize, const W: usize, const C: usize>(
    report: &Report<N, W>,
) -> [Wire; C] {
    let mut wires = [Wire { from: 0, to: 0, kind: WireKind::Start }; C];
    let mut at = 0;
    while at < C {
        wires[at] = report.wires[at];
        at += 1;
    }
    wires
}

impl<const N: usize, const W: usize> Report<N, W> {
    /// How many dependencies and handles were found.
    pub const fn wired(&self) -> usize {
        self.wired as usize
    }

    pub(super) const fn node(&self, node: u32) -> &Place {
        &self.nodes[node as usize]
    }

    const fn wire(&mut self, from: u32, to: u32, kind: WireKind) {
        self.wires[self.wired as usize] = Wire { from, to, kind };
        self.wired += 1;
    }

    /// Takes note of what is wrong with `who`, at the field that it stands in or below.
    pub(super) const fn note(&mut self, who: u32, problem: Problem) {
        let field = self.nodes[who as usize].direct as usize;
        if matches!(self.problems[field], Problem::None) {
            self.problems[field] = problem;
        }
    }

    /// What stands at `node`, or the top itself.
    pub(super) const fn item_at(&self, node: u32) -> &'static Item {
        if node == TOP { self.top } else { self.nodes[node as usize].item }
    }

    /// The nodes below: from the first to before the second.
    const fn below(&self, node: u32) -> (u32, u32) {
        if node == TOP { (0, self.placed) } else { (node + 1, self.nodes[node as usize].end) }
    }

    /// The node at or above `node` that is a child of `scope`.
    const fn child_of(&self, scope: u32, mut node: u32) -> u32 {
        while self.nodes[node as usize].parent != scope {
            node = self.nodes[node as usize].parent;
        }
        node
    }

    /// Which exits of the node are followed by a restart, by all that this tree says about it.
    const fn restart(&self, node: u32) -> Restart {
        let place = self.node(node);
        let said = or(place.declared.policy().restart, said_by(place.item.node));
        let (mut said, mut above) = (said, place.parent);
        loop {
            if let Node::Supervisor(declared) = self.item_at(above).node {
                said = or(said, declared.defaults().restart);
            }
            if above == TOP {
                break;
            }
            above = self.node(above).parent;
        }
        match said {
            Some(restart) => restart,
            None => Restart::Permanent,
        }
    }
}

const fn said_by(node: Node) -> Option<Restart> {
    match node {
        Node::Child(declared) => declared.policy().restart,
        Node::Supervisor(declared) => declared.policy().restart,
    }
}

/// Numbers what stands below `item`.
const fn place<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    item: &'static Item,
    parent: u32,
) {
    let (mut at, mut before) = (0, NONE);
    while at < item.slots.len() {
        let slot = &item.slots[at];
        let node = report.placed;
        let direct = if parent == TOP { node } else { report.nodes[parent as usize].direct };
        report.nodes[node as usize] = Place {
            item: slot.item,
            slot,
            declared: item.declared(at),
            parent,
            before,
            direct,
            ..NO_PLACE
        };
        report.has_broken |= slot.item.is_broken;
        if parent == TOP {
            report.direct[at] = node;
        }
        report.placed += 1;
        place(report, slot.item, node);
        report.nodes[node as usize].end = report.placed;
        before = node;
        at += 1;
    }
}

/// The first node of each bucket. A later node comes before an earlier one.
const fn index<const N: usize, const W: usize>(report: &mut Report<N, W>) -> [u32; N] {
    let mut first = [NONE; N];
    let mut node = 0;
    while node < report.placed {
        let bucket = report.node(node).item.key.hash() as usize % N;
        report.nodes[node as usize].next = first[bucket];
        first[bucket] = node;
        node += 1;
    }
    first
}

/// The order that is asked for at the field.
const fn after<const N: usize, const W: usize>(report: &mut Report<N, W>, node: u32) {
    let place = *report.node(node);
    let mut at = 0;
    while at < place.slot.after.len() {
        let sibling = child_called(report, place.parent, place.slot.after[at]);
        // One that `cfg` takes out asks for nothing.
        if sibling != NONE {
            report.wire(node, sibling, WireKind::Start);
            if place.parent == TOP {
                never_temporary(report, node, sibling);
            }
        }
        at += 1;
    }
}

const fn child_called<const N: usize, const W: usize>(
    report: &Report<N, W>,
    parent: u32,
    name: &str,
) -> u32 {
    let (mut child, end) = report.below(parent);
    while child < end {
        if is_same(report.node(child).declared.name(), name) {
            return child;
        }
        child = report.node(child).end;
    }
    NONE
}

const fn needs<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    index: &[u32; N],
    node: u32,
) {
    let place = *report.node(node);
    let keys = place.slot.needs();
    let mut at = 0;
    while at < keys.len() {
        let key = &keys[at];
        at += 1;
        if place.parent == TOP && key.is_blurred() {
            report.note(node, Problem::Blurred { who: node, key });
            continue;
        }
        if key.is(&place.item.key) {
            if place.parent == TOP {
                report.note(node, Problem::Itself);
            }
            continue;
        }
        let found = find(report, index, node, key, NONE);
        if let Found::At { node: to, scope } = found {
            report.wire(node, to, WireKind::Start);
            if scope == TOP {
                never_temporary(report, node, to);
            }
        }
        judge(report, found, node, Want::Start, key);
    }
}

/// What may be gone for good is nothing to wait for.
const fn never_temporary<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    who: u32,
    on: u32,
) {
    if matches!(report.restart(on), Restart::Temporary)
        && !cfg!(plant_bug = "dependencies_on_temporary_children")
    {
        report.note(who, Problem::Temporary { who, on });
    }
}

const fn handles<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    index: &[u32; N],
    node: u32,
) {
    let keys = report.node(node).item.handles;
    let mut at = 0;
    while at < keys.len() {
        if let Some(key) = &keys[at] {
            if report.node(node).parent == TOP && key.is_blurred() {
                report.note(node, Problem::Blurred { who: node, key });
            } else {
                let found = find(report, index, node, key, NONE);
                if let Found::At { node: to, .. } = found {
                    report.wire(node, to, WireKind::Handle(at as u32));
                }
                judge(report, found, node, Want::Handle, key);
            }
        }
        at += 1;
    }
}

/// Whether the tree has what a supervisor in it says that the one above has.
const fn requirements<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    index: &[u32; N],
    node: u32,
) {
    let keys = report.node(node).item.requires;
    let mut at = 0;
    while at < keys.len() {
        let key = &keys[at];
        let found = find(report, index, node, key, node);
        judge(report, found, node, Want::Requirement, key);
        at += 1;
    }
}

/// Takes note of what is wrong with what was found, if it is this tree's to say so: what a nested
/// supervisor can know is said at its own struct.
const fn judge<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    found: Found,
    who: u32,
    want: Want,
    key: &'static Key,
) {
    match found {
        Found::Nothing { scope: TOP } if !report.has_broken => {
            let group = group_of(report, key);
            let problem = if group == NONE {
                Problem::Unknown { who, want, key }
            } else {
                Problem::Member { who, want, key, group }
            };
            report.note(who, problem);
        }
        Found::Ambiguous { scope: TOP, first, second } => {
            report.note(who, Problem::Ambiguous { who, want, key, first, second });
        }
        Found::Enclosing { scope: TOP } => report.note(who, Problem::Enclosing { who, want }),
        Found::Nothing { .. }
        | Found::Ambiguous { .. }
        | Found::Enclosing { .. }
        | Found::Outside
        | Found::At { .. } => {}
    }
}

/// The first group whose members have this key.
const fn group_of<const N: usize, const W: usize>(report: &Report<N, W>, key: &Key) -> u32 {
    let mut node = 0;
    while node < report.placed {
        if report.node(node).item.key.is_group_of(key) {
            return node;
        }
        node += 1;
    }
    NONE
}

/// Looks for what `key` means to `who`, from the inside out, and not at or below `apart_from`.
const fn find<const N: usize, const W: usize>(
    report: &Report<N, W>,
    index: &[u32; N],
    who: u32,
    key: &Key,
    apart_from: u32,
) -> Found {
    let (mut scope, mut from) = (report.node(who).parent, who);
    loop {
        let item = report.item_at(scope);
        if key.is(&item.key) {
            return Found::Enclosing { scope };
        }
        match candidates(report, index, scope, from, key, apart_from) {
            (NONE, _) => {}
            (node, NONE) => return Found::At { node, scope },
            (first, second) => return Found::Ambiguous { scope, first, second },
        }
        if !is_among(key, item.requires) {
            return Found::Nothing { scope };
        }
        if scope == TOP {
            return Found::Outside;
        }
        (scope, from) = (report.node(scope).parent, scope);
    }
}

/// The first two nodes below `scope` that have this key; only one, where `after` at `from` says
/// which one is meant.
const fn candidates<const N: usize, const W: usize>(
    report: &Report<N, W>,
    index: &[u32; N],
    scope: u32,
    from: u32,
    key: &Key,
    apart_from: u32,
) -> (u32, u32) {
    let (begin, end) = report.below(scope);
    let names = report.node(from).slot.after;
    let (mut first, mut second) = (NONE, NONE);
    let (mut meant, mut also_meant) = (NONE, NONE);
    let mut node = index[key.hash() as usize % N];
    while node != NONE {
        let place = report.node(node);
        let is_apart =
            apart_from != NONE && apart_from <= node && node < report.node(apart_from).end;
        if begin <= node && node < end && !is_apart && place.item.key.is(key) {
            (first, second) = (node, first);
            let child = report.child_of(scope, node);
            if !names.is_empty() && is_named(report.node(child).declared.name(), names) {
                (meant, also_meant) = (node, meant);
            }
        }
        node = place.next;
    }
    if second == NONE || meant == NONE || cfg!(plant_bug = "after_settles_nothing") {
        (first, second)
    } else {
        (meant, also_meant)
    }
}

const fn is_named(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        if is_same(name, names[at]) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_among(key: &Key, keys: &[Key]) -> bool {
    let mut at = 0;
    while at < keys.len() {
        if key.is(&keys[at]) {
            return true;
        }
        at += 1;
    }
    false
}

/// Two fields with the same child, at neither of which anything is said, are a slip unless the
/// child says otherwise. Supervisors have names of their own for all that is in them.
const fn told_apart<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    index: &[u32; N],
    node: u32,
) {
    let place = *report.node(node);
    let is_told = place.item.is_multiple || place.slot.says_something || place.item.is_broken;
    if is_told || matches!(place.item.node, Node::Supervisor(_)) {
        return;
    }
    let mut other = index[place.item.key.hash() as usize % N];
    while other != NONE {
        let its = report.node(other);
        let is_silent = !its.slot.says_something && its.parent == TOP;
        if other < node && is_silent && its.item.key.is(&place.item.key) {
            return report.note(node, Problem::Twice { other });
        }
        other = its.next;
    }
}
