//! What the compiler keeps of what it finds out about a tree.

use super::item::Item;
use super::tree::{NO_WIRE, Problem, Room};
use crate::tree::layers::{self, Finding};
use crate::tree::supervised::Supervised;

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
