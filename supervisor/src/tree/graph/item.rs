//! What a child or a supervisor needs, as it was written.

use super::key::Key;
use crate::policy::restart::Restart;
use crate::tree::declared::DeclaredSlot;

/// What was written about a child or a supervisor that the checks of the whole tree look at, and
/// nothing else: the compiler reads all of it at every level of a tree. A part of what was declared,
/// so that there is one static for each child. The macros write it field by field: a call takes the
/// compiler longer than a field.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is said or not, each for itself")]
pub struct Item {
    /// What it is.
    pub key: Key,
    /// Which exits are followed by a restart, if that was said.
    pub restart: Option<Restart>,
    /// For all that stands in it.
    pub default_restart: Option<Restart>,
    /// What has to be ready before it starts.
    pub depends_on: &'static [Key],
    /// What its parameters are handles of.
    pub handles: &'static [Key],
    /// What the supervisor above has for what stands in it.
    pub requires: &'static [Key],
    /// What stands in its fields.
    pub slots: &'static [DeclaredSlot],
    /// How many nodes there are below it.
    pub nodes_below: usize,
    /// How many dependencies and handles are asked for below it, at most.
    pub wishes_below: usize,
    /// Those of what stands in its own slots.
    pub wishes_of_slots: usize,
    /// Whether something stands below it, or is spawned there.
    pub is_supervisor: bool,
    /// `start(parallel)`.
    pub is_parallel: bool,
    /// It may stand in one struct more than once.
    pub is_multiple: bool,
    /// One of its parameters is a `Lease`.
    pub takes_lease: bool,
    /// What did not compile. Whatever is missing may be in it.
    pub is_broken: bool,
}

impl Item {
    /// A child that needs nothing, without its key.
    pub(in crate::tree) const NONE: Self = Self {
        key: Key::NONE,
        restart: None,
        default_restart: None,
        depends_on: &[],
        handles: &[],
        requires: &[],
        slots: &[],
        nodes_below: 0,
        wishes_below: 0,
        wishes_of_slots: 0,
        is_supervisor: false,
        is_parallel: false,
        is_multiple: false,
        takes_lease: false,
        is_broken: false,
    };

    /// A child that needs nothing.
    pub(in crate::tree) const fn child(key: Key) -> Self {
        Self { key, ..Self::NONE }
    }

    /// A supervisor of these children that needs nothing.
    pub(in crate::tree) const fn supervisor(key: Key, slots: &'static [DeclaredSlot]) -> Self {
        let (mut nodes_below, mut wishes_below, mut wishes_of_slots) = (slots.len(), 0, 0);
        let mut at = 0;
        while at < slots.len() {
            let slot = &slots[at];
            let item = slot.item();
            nodes_below += item.nodes_below;
            wishes_below += item.wishes_below;
            wishes_of_slots += slot.needs().len() + slot.comes_after().len() + item.handles.len();
            at += 1;
        }
        wishes_below += wishes_of_slots;
        let counted = Self { nodes_below, wishes_below, wishes_of_slots, ..Self::child(key) };
        Self { slots, is_supervisor: true, ..counted }
    }

    /// What stands for something that did not compile.
    pub(in crate::tree) const fn broken(key: Key) -> Self {
        Self { is_broken: true, ..Self::child(key) }
    }

    /// A group of what `member` says, which needs what its members need.
    pub(in crate::tree) const fn group(key: Key, member: &Self) -> Self {
        let (depends_on, handles) = (member.depends_on, member.handles);
        let takes_lease = member.takes_lease;
        Self { depends_on, handles, takes_lease, is_supervisor: true, ..Self::child(key) }
    }
}
