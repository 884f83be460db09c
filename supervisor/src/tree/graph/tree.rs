//! A tree with numbers in place of its fields, in which names are looked for.

use super::cycle::{self, Trail};
use super::item::Item;
use super::key::Key;
use super::report::{Wire, WireKind};
use super::resolve::look_through;
use crate::policy::or;
use crate::policy::restart::Restart;
use crate::tree::declared::{DeclaredChild, DeclaredSlot, Node};

/// In place of a number of a node: the supervisor whose tree it is.
pub(super) const TOP: u32 = u32::MAX;
/// In place of a number of a node: there is none.
pub(super) const NONE: u32 = u32::MAX;

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
    pub(super) index: &'a mut [u32],
    /// Those of one node stand together.
    pub(super) wires: &'a mut [Wire],
    /// By the number of the wire, whether it took this tree to find it.
    pub(super) is_own: &'a mut [bool],
    pub(super) wired: u32,
    /// By the number of the node at whose field they are raised. One at a time.
    pub(super) problems: &'a mut [Problem],
    pub(super) has_broken: bool,
}

/// Room for what is found out about a tree of `N` nodes with `W` wishes, fulfilled or not.
pub(super) struct Room<const N: usize, const W: usize> {
    nodes: [Place; N],
    direct: [u32; N],
    index: [u32; N],
    wires: [Wire; W],
    is_own: [bool; W],
    problems: [Problem; N],
}

impl<const N: usize, const W: usize> Room<N, W> {
    pub(super) const fn new() -> Self {
        Self {
            nodes: [NO_PLACE; N],
            direct: [NONE; N],
            index: [NONE; N],
            wires: [NO_WIRE; W],
            is_own: [false; W],
            problems: [Problem::None; N],
        }
    }

    /// All about the tree below `top`.
    pub(super) const fn tree(&mut self, top: &'static Item) -> Tree<'_> {
        let Self { nodes, direct, index, wires, is_own, problems } = self;
        let (placed, wired, has_broken) = (0, 0, false);
        let mut tree =
            Tree { top, nodes, placed, direct, index, wires, is_own, wired, problems, has_broken };
        look_through(&mut tree);
        let mut trail = Trail::<N>::new();
        cycle::find(&mut tree, &mut trail.moments());
        tree
    }
}

pub(super) const NO_WIRE: Wire = Wire { from: 0, to: 0, kind: WireKind::Start };

/// One node of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) item: &'static Item,
    pub(super) slot: &'static DeclaredSlot,
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
    pub(super) next: u32,
}

static NOBODY: DeclaredChild = DeclaredChild::NONE;
static NO_SLOT: DeclaredSlot = DeclaredSlot::of("", Node::Child(&NOBODY));
const NO_PLACE: Place = Place {
    item: Node::Child(&NOBODY).item(),
    slot: &NO_SLOT,
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

impl Tree<'_> {
    pub(super) const fn node(&self, node: u32) -> &Place {
        &self.nodes[node as usize]
    }

    /// `scope` is the supervisor below which `to` was found.
    pub(super) const fn wire(&mut self, from: u32, to: u32, kind: WireKind, scope: u32) {
        self.wires[self.wired as usize] = Wire { from, to, kind };
        self.is_own[self.wired as usize] = scope == TOP;
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
    pub(super) const fn below(&self, node: u32) -> (u32, u32) {
        if node == TOP { (0, self.placed) } else { (node + 1, self.nodes[node as usize].end) }
    }

    /// The node at or above `node` that is a child of `scope`.
    pub(super) const fn child_of(&self, scope: u32, mut node: u32) -> u32 {
        while self.nodes[node as usize].parent != scope {
            node = self.nodes[node as usize].parent;
        }
        node
    }

    /// Which exits of the node are followed by a restart, by all that this tree says about it.
    pub(super) const fn restart(&self, node: u32) -> Restart {
        let place = &self.nodes[node as usize];
        let (mut said, mut above) =
            (or(place.slot.policy().restart, place.item.restart), place.parent);
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
pub(super) const fn place(tree: &mut Tree<'_>, item: &'static Item, parent: u32) {
    let (mut at, mut before) = (0, NONE);
    while at < item.slots.len() {
        let slot = &item.slots[at];
        let node = tree.placed;
        let direct = if parent == TOP { node } else { tree.nodes[parent as usize].direct };
        tree.nodes[node as usize] =
            Place { item: slot.item(), slot, parent, before, direct, ..NO_PLACE };
        tree.has_broken |= slot.item().is_broken;
        if parent == TOP {
            tree.direct[at] = node;
        }
        tree.placed += 1;
        place(tree, slot.item(), node);
        tree.nodes[node as usize].end = tree.placed;
        before = node;
        at += 1;
    }
}

/// Puts every node into its bucket. A later node comes before an earlier one.
pub(super) const fn index(tree: &mut Tree<'_>) {
    let mut node = 0;
    while node < tree.placed {
        let bucket = tree.nodes[node as usize].item.key.bucket(tree.index.len());
        tree.nodes[node as usize].next = tree.index[bucket];
        tree.index[bucket] = node;
        node += 1;
    }
}
