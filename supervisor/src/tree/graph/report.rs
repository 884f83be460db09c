//! What the compiler keeps of what it finds out about a tree.

use super::item::Item;
use super::short::Shelf;
use super::tree::{NO_WIRE, Problem, Room};
use crate::tree::declared::DeclaredSupervisor;
use crate::tree::layers::{self, Finding};

/// Two nodes of a tree, numbered from 0 on the way down, each supervisor before its children.
///
/// A tree has those that it takes to know this tree: what is found inside of a nested supervisor
/// is a wire of that one.
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
#[derive(Debug, PartialEq, Eq)]
pub struct Report<const N: usize, const W: usize> {
    pub(super) wires: [Wire; W],
    pub(super) wired: usize,
    /// By the number of the field.
    pub(super) findings: [Finding; N],
}

/// How many nodes there are below what was declared.
pub const fn nodes_below(declared: &DeclaredSupervisor) -> usize {
    declared.item().nodes_below
}

/// How many dependencies and handles are asked for below what was declared, at most.
pub const fn wishes_below(declared: &DeclaredSupervisor) -> usize {
    declared.item().wishes_below
}

/// Finds out what every dependency below a supervisor means and what is wrong with them, and with
/// the policies of what stands in its fields. `N` is [`nodes_below`], `W` is [`wishes_below`].
///
/// Of the static itself, here and where the report is read: for a constant that refers to it the
/// compiler would go through all of the tree once more.
pub const fn analyse<const N: usize, const W: usize>(
    supervisor: &'static DeclaredSupervisor,
) -> Report<N, W> {
    let mut report = wire(supervisor.item());
    layers::look_through(supervisor, &mut report.findings);
    report
}

/// The part of it that is about dependencies.
pub(super) const fn wire<const N: usize, const W: usize>(top: &'static Item) -> Report<N, W> {
    let mut wires = [NO_WIRE; W];
    let findings = [Finding::Nothing; N];
    if let Some(wired) = Shelf::<N>::new().look_through(top, &mut wires) {
        return Report { wires, wired, findings };
    }
    wire_at_length(top, findings)
}

/// The same for any tree.
pub(super) const fn wire_at_length<const N: usize, const W: usize>(
    top: &'static Item,
    mut findings: [Finding; N],
) -> Report<N, W> {
    let mut room = Room::<N, W>::new();
    let tree = room.tree(top);
    let mut field = 0;
    while field < top.slots.len() {
        if !matches!(tree.problems[tree.direct[field] as usize], Problem::None) {
            findings[field] = Finding::Dependency;
        }
        field += 1;
    }
    let (mut wires, mut count, mut at) = ([NO_WIRE; W], 0, 0);
    while at < tree.wired as usize {
        if tree.is_own[at] {
            wires[count] = tree.wires[at];
            count += 1;
        }
        at += 1;
    }
    Report { wires, wired: count, findings }
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
