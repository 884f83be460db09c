//! Which node of a tree each dependency means, and what is wrong with it.

use super::cycle::{self, Trail};
use super::item::{Item, ItemSlot};
use super::key::{Key, is_same};
use crate::policy::or;
use crate::policy::restart::Restart;
use crate::tree::declared::Supervised;
use crate::tree::layers::{self, Finding};

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
    /// For a parameter that is a handle of what has the key with this id.
    Handle(u64),
}

/// What the compiler keeps of what it found out about a tree. It is read for each field, and what
/// a constant holds is gone through each time, so it is small.
#[derive(Debug)]
pub struct Report<const N: usize, const W: usize> {
    pub(super) wires: [Wire; W],
    pub(super) wired: usize,
    /// By the number of the field.
    pub(super) findings: [Finding; N],
}

/// What is found out about a tree.
///
/// Slices and no arrays: the compiler would look at the types anew wherever their lengths are
/// parameters.
pub(super) struct Tree<'a> {
    pub(super) top: &'static Item,
    pub(super) nodes: &'a mut [Place],
    /// How many nodes have got their number.
    pub(super) placed: u32,
    /// The numbers of the nodes in the fields of the top, in the order of the fields.
    pub(super) direct: &'a mut [u32],
    /// By the hash of its key, the first node of its bucket.
    index: &'a mut [u32],
    /// Those of one node stand together.
    pub(super) wires: &'a mut [Wire],
    pub(super) wired: u32,
    /// By the number of the node at whose field they are raised. One at a time.
    pub(super) problems: &'a mut [Problem],
    has_broken: bool,
}

/// Room for what is found out about a tree of `N` nodes with `W` wishes, fulfilled or not.
pub(super) struct Room<const N: usize, const W: usize> {
    nodes: [Place; N],
    direct: [u32; N],
    index: [u32; N],
    wires: [Wire; W],
    problems: [Problem; N],
}

impl<const N: usize, const W: usize> Room<N, W> {
    pub(super) const fn new() -> Self {
        Self {
            nodes: [NO_PLACE; N],
            direct: [NONE; N],
            index: [NONE; N],
            wires: [NO_WIRE; W],
            problems: [Problem::None; N],
        }
    }

    /// All about the tree below `top`.
    pub(super) const fn tree(&mut self, top: &'static Item) -> Tree<'_> {
        let Self { nodes, direct, index, wires, problems } = self;
        let (placed, wired, has_broken) = (0, 0, false);
        let mut tree =
            Tree { top, nodes, placed, direct, index, wires, wired, problems, has_broken };
        look_through(&mut tree);
        let mut trail = Trail::<N>::new();
        cycle::find(&mut tree, &mut trail.moments());
        tree
    }
}

const NO_WIRE: Wire = Wire { from: 0, to: 0, kind: WireKind::Start };

/// One node of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) item: &'static Item,
    pub(super) slot: &'static ItemSlot,
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

const NO_ITEM: &Item = &Item::child(Key::new("", "", "", "", 0));
const NO_PLACE: Place = Place {
    item: NO_ITEM,
    slot: &ItemSlot::of("", NO_ITEM),
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
#[derive(Clone, Copy)]
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

/// Finds out what every dependency below `T` means and what is wrong with them, and with the
/// policies of what stands in its fields. `N` is [`nodes_below`], `W` is [`wishes_below`].
pub const fn analyse<T: Supervised, const N: usize, const W: usize>() -> Report<N, W> {
    let (top, mut room) = (T::ITEM, Room::<N, W>::new());
    let tree = room.tree(top);
    let (mut findings, mut field) = ([Finding::Nothing; N], 0);
    while field < top.slots.len() {
        if !matches!(tree.problems[tree.direct[field] as usize], Problem::None) {
            findings[field] = Finding::Dependency;
        }
        field += 1;
    }
    layers::look_through(T::NODE, &mut findings);
    let wired = tree.wired as usize;
    Report { wires: room.wires, wired, findings }
}

const fn look_through(tree: &mut Tree<'_>) {
    place(tree, tree.top, TOP);
    index(tree);
    let mut node = 0;
    while node < tree.placed {
        tree.nodes[node as usize].wires = tree.wired;
        let Place { item, slot, parent, .. } = tree.nodes[node as usize];
        if !slot.after.is_empty() {
            after(tree, node);
        }
        if !slot.needs().is_empty() {
            needs(tree, node);
        }
        if !item.handles.is_empty() {
            handles(tree, node);
        }
        tree.nodes[node as usize].wires_end = tree.wired;
        if parent == TOP {
            requirements(tree, node);
            told_apart(tree, node);
        }
        node += 1;
    }
}

/// The wires of a report, alone: what a program keeps of it. `C` is their number.
pub const fn wires<const N: usize, const W: usize, const C: usize>(
    report: &Report<N, W>,
) -> [Wire; C] {
    let mut wires = [NO_WIRE; C];
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
        self.wired
    }
}

impl Tree<'_> {
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
        let place = &self.nodes[node as usize];
        let (mut said, mut above) = (or(place.slot.restart, place.item.restart), place.parent);
        while said.is_none() {
            said = self.item_at(above).default_restart;
            if above == TOP {
                break;
            }
            above = self.nodes[above as usize].parent;
        }
        match said {
            Some(restart) => restart,
            None => Restart::Permanent,
        }
    }
}

/// Numbers what stands below `item`.
const fn place(tree: &mut Tree<'_>, item: &'static Item, parent: u32) {
    let (mut at, mut before) = (0, NONE);
    while at < item.slots.len() {
        let slot = &item.slots[at];
        let node = tree.placed;
        let direct = if parent == TOP { node } else { tree.nodes[parent as usize].direct };
        tree.nodes[node as usize] =
            Place { item: slot.item, slot, parent, before, direct, ..NO_PLACE };
        tree.has_broken |= slot.item.is_broken;
        if parent == TOP {
            tree.direct[at] = node;
        }
        tree.placed += 1;
        place(tree, slot.item, node);
        tree.nodes[node as usize].end = tree.placed;
        before = node;
        at += 1;
    }
}

/// Puts every node into its bucket. A later node comes before an earlier one.
const fn index(tree: &mut Tree<'_>) {
    let mut node = 0;
    while node < tree.placed {
        let bucket = tree.nodes[node as usize].item.key.bucket(tree.index.len());
        tree.nodes[node as usize].next = tree.index[bucket];
        tree.index[bucket] = node;
        node += 1;
    }
}

/// The order that is asked for at the field.
const fn after(tree: &mut Tree<'_>, node: u32) {
    let place = tree.nodes[node as usize];
    let mut at = 0;
    while at < place.slot.after.len() {
        let sibling = child_called(tree, place.parent, place.slot.after[at]);
        // One that `cfg` takes out asks for nothing.
        if sibling != NONE {
            tree.wire(node, sibling, WireKind::Start);
            if place.parent == TOP {
                never_temporary(tree, node, sibling);
            }
        }
        at += 1;
    }
}

const fn child_called(tree: &Tree<'_>, parent: u32, name: &str) -> u32 {
    let (mut child, end) = tree.below(parent);
    while child < end {
        if is_same(tree.nodes[child as usize].slot.name, name) {
            return child;
        }
        child = tree.nodes[child as usize].end;
    }
    NONE
}

const fn needs(tree: &mut Tree<'_>, node: u32) {
    let place = tree.nodes[node as usize];
    let keys = place.slot.needs();
    let mut at = 0;
    while at < keys.len() {
        let key = &keys[at];
        at += 1;
        if place.parent == TOP && key.is_blurred() {
            tree.note(node, Problem::Blurred { who: node, key });
            continue;
        }
        if key.is(&place.item.key) {
            if place.parent == TOP {
                tree.note(node, Problem::Itself);
            }
            continue;
        }
        let found = find(tree, node, key, NONE);
        if let Found::At { node: to, scope } = found {
            tree.wire(node, to, WireKind::Start);
            if scope == TOP {
                never_temporary(tree, node, to);
            }
        }
        judge(tree, found, node, Want::Start, key);
    }
}

/// What may be gone for good is nothing to wait for.
const fn never_temporary(tree: &mut Tree<'_>, who: u32, on: u32) {
    if matches!(tree.restart(on), Restart::Temporary)
        && !cfg!(plant_bug = "dependencies_on_temporary_children")
    {
        tree.note(who, Problem::Temporary { who, on });
    }
}

const fn handles(tree: &mut Tree<'_>, node: u32) {
    let Place { item, parent, .. } = tree.nodes[node as usize];
    let mut at = 0;
    while at < item.handles.len() {
        let key = &item.handles[at];
        at += 1;
        if parent == TOP && key.is_blurred() {
            tree.note(node, Problem::Blurred { who: node, key });
            continue;
        }
        let found = find(tree, node, key, NONE);
        if let Found::At { node: to, .. } = found {
            tree.wire(node, to, WireKind::Handle(key.id()));
        }
        judge(tree, found, node, Want::Handle, key);
    }
}

/// Whether the tree has what a supervisor in it says that the one above has.
const fn requirements(tree: &mut Tree<'_>, node: u32) {
    let keys = tree.nodes[node as usize].item.requires;
    let mut at = 0;
    while at < keys.len() {
        let key = &keys[at];
        let found = find(tree, node, key, node);
        judge(tree, found, node, Want::Requirement, key);
        at += 1;
    }
}

/// Takes note of what is wrong with what was found, if it is this tree's to say so: what a nested
/// supervisor can know is said at its own struct.
const fn judge(tree: &mut Tree<'_>, found: Found, who: u32, want: Want, key: &'static Key) {
    match found {
        Found::Nothing { scope: TOP } if !tree.has_broken => {
            let group = group_of(tree, key);
            let problem = if group == NONE {
                Problem::Unknown { who, want, key }
            } else {
                Problem::Member { who, want, key, group }
            };
            tree.note(who, problem);
        }
        Found::Ambiguous { scope: TOP, first, second } => {
            tree.note(who, Problem::Ambiguous { who, want, key, first, second });
        }
        Found::Enclosing { scope: TOP } => tree.note(who, Problem::Enclosing { who, want }),
        Found::Nothing { .. }
        | Found::Ambiguous { .. }
        | Found::Enclosing { .. }
        | Found::Outside
        | Found::At { .. } => {}
    }
}

/// The first group whose members have this key.
const fn group_of(tree: &Tree<'_>, key: &Key) -> u32 {
    let mut node = 0;
    while node < tree.placed {
        if tree.nodes[node as usize].item.key.is_group_of(key) {
            return node;
        }
        node += 1;
    }
    NONE
}

/// Looks for what `key` means to `who`, from the inside out, and not at or below `apart_from`.
const fn find(tree: &Tree<'_>, who: u32, key: &Key, apart_from: u32) -> Found {
    let (mut scope, mut from) = (tree.nodes[who as usize].parent, who);
    loop {
        let item = tree.item_at(scope);
        if key.is(&item.key) {
            return Found::Enclosing { scope };
        }
        match candidates(tree, scope, from, key, apart_from) {
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
        (scope, from) = (tree.nodes[scope as usize].parent, scope);
    }
}

/// The first two nodes below `scope` that have this key; only one, where `after` at `from` says
/// which one is meant.
const fn candidates(
    tree: &Tree<'_>,
    scope: u32,
    from: u32,
    key: &Key,
    apart_from: u32,
) -> (u32, u32) {
    let (begin, end) = tree.below(scope);
    let names = tree.nodes[from as usize].slot.after;
    let (mut first, mut second) = (NONE, NONE);
    let (mut meant, mut also_meant) = (NONE, NONE);
    let mut node = tree.index[key.bucket(tree.index.len())];
    while node != NONE {
        let place = &tree.nodes[node as usize];
        let is_apart =
            apart_from != NONE && apart_from <= node && node < tree.nodes[apart_from as usize].end;
        if begin <= node && node < end && !is_apart && place.item.key.is(key) {
            (first, second) = (node, first);
            let child = tree.child_of(scope, node);
            if !names.is_empty() && is_named(tree.nodes[child as usize].slot.name, names) {
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
const fn told_apart(tree: &mut Tree<'_>, node: u32) {
    let place = tree.nodes[node as usize];
    let is_told = place.item.is_multiple || place.slot.says_something || place.item.is_broken;
    if is_told || place.item.is_supervisor || place.item.key.is_blurred() {
        return;
    }
    let mut other = tree.index[place.item.key.bucket(tree.index.len())];
    while other != NONE {
        let its = &tree.nodes[other as usize];
        let is_silent = !its.slot.says_something && its.parent == TOP;
        if other < node && is_silent && its.item.key.is(&place.item.key) {
            return tree.note(node, Problem::Twice { other });
        }
        other = its.next;
    }
}
