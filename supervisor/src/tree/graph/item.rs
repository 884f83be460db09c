//! What a child or a supervisor needs, as it was written.

use super::key::Key;
use crate::policy::restart::Restart;
use crate::tree::seat::FromSeat;
use crate::tree::supervised::Supervised;

/// What was written about a child or a supervisor that the checks of the whole tree look at, and
/// nothing else: the compiler reads all of it at every level of a tree.
///
/// Only what the compiler runs refers to it, so that nothing of it is left in the program.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is said or not, each for itself")]
pub struct Item {
    pub(super) key: Key,
    pub(super) restart: Option<Restart>,
    /// For all that stands in it.
    pub(super) default_restart: Option<Restart>,
    pub(super) depends_on: &'static [Key],
    pub(super) handles: &'static [Key],
    pub(super) requires: &'static [Key],
    pub(in crate::tree) slots: &'static [ItemSlot],
    /// How many nodes there are below it.
    pub(super) nodes_below: usize,
    /// How many dependencies and handles are asked for below it, at most.
    pub(super) wishes_below: usize,
    /// Those of what stands in its own slots.
    pub(super) wishes_of_slots: usize,
    pub(super) is_supervisor: bool,
    pub(super) is_parallel: bool,
    pub(super) is_multiple: bool,
    /// One of its parameters is a `Lease`.
    pub(in crate::tree) takes_lease: bool,
    /// What did not compile. Whatever is missing may be in it.
    pub(super) is_broken: bool,
}

impl Item {
    /// A child that needs nothing.
    pub const fn child(key: Key) -> Self {
        Self {
            key,
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
        }
    }

    /// A supervisor of these children that needs nothing.
    pub const fn supervisor(key: Key, slots: &'static [ItemSlot]) -> Self {
        let (mut nodes_below, mut wishes_below, mut wishes_of_slots) = (slots.len(), 0, 0);
        let mut at = 0;
        while at < slots.len() {
            let slot = &slots[at];
            let item = slot.item;
            nodes_below += item.nodes_below;
            wishes_below += item.wishes_below;
            wishes_of_slots += slot.needs().len() + slot.after.len() + item.handles.len();
            at += 1;
        }
        wishes_below += wishes_of_slots;
        let counted = Self { nodes_below, wishes_below, wishes_of_slots, ..Self::child(key) };
        Self { slots, is_supervisor: true, ..counted }
    }

    /// What stands for something that did not compile.
    pub const fn broken(key: Key) -> Self {
        Self { is_broken: true, ..Self::child(key) }
    }

    /// Which of its exits are followed by a restart.
    #[must_use]
    pub const fn restart(mut self, restart: Restart) -> Self {
        self.restart = Some(restart);
        self
    }

    /// The same for all that stands in it, where nothing stronger is said.
    #[must_use]
    pub const fn default_restart(mut self, restart: Restart) -> Self {
        self.default_restart = Some(restart);
        self
    }

    /// It starts its children side by side.
    #[must_use]
    pub const fn parallel(mut self) -> Self {
        self.is_parallel = true;
        self
    }

    /// It starts when these are ready.
    #[must_use]
    pub const fn depends_on(mut self, keys: &'static [Key]) -> Self {
        self.depends_on = keys;
        self
    }

    /// Its parameters are handles of these.
    #[must_use]
    pub const fn handles(mut self, keys: &'static [Key]) -> Self {
        self.handles = keys;
        self
    }

    /// The supervisor above has these, for what stands in it.
    #[must_use]
    pub const fn requires(mut self, keys: &'static [Key]) -> Self {
        self.requires = keys;
        self
    }

    /// A group of what `member` says, which needs what its members need.
    pub const fn group(key: Key, member: &Self) -> Self {
        let (depends_on, handles) = (member.depends_on, member.handles);
        let takes_lease = member.takes_lease;
        Self { depends_on, handles, takes_lease, is_supervisor: true, ..Self::child(key) }
    }

    /// One of its parameters is a `Lease`.
    #[must_use]
    pub const fn takes_lease(mut self) -> Self {
        self.takes_lease = true;
        self
    }

    /// It may stand in one struct more than once without anything said at the fields.
    #[must_use]
    pub const fn multiple(mut self) -> Self {
        self.is_multiple = true;
        self
    }
}

/// What was written at one field, in the order of the fields.
#[derive(Clone, Copy, Debug)]
pub struct ItemSlot {
    pub(super) name: &'static str,
    pub(in crate::tree) item: &'static Item,
    pub(super) restart: Option<Restart>,
    /// Over what the child itself says.
    pub(super) depends_on: Option<&'static [Key]>,
    /// Names of fields of the same struct.
    pub(super) after: &'static [&'static str],
    /// Whether the field says anything about its child.
    pub(super) says_something: bool,
}

impl ItemSlot {
    /// The field `name` that holds `T`, at which nothing is said.
    ///
    /// The bound is on the handle, here and elsewhere: what has none is complained about in the
    /// same words as the type of the field, and the compiler says the same only once.
    pub const fn new<T: Supervised<Handle: FromSeat>>(name: &'static str) -> Self {
        Self::of(name, T::ITEM)
    }

    pub(super) const fn of(name: &'static str, item: &'static Item) -> Self {
        let (restart, depends_on) = (None, None);
        Self { name, item, restart, depends_on, after: &[], says_something: false }
    }

    /// The field says something about its child.
    #[must_use]
    pub const fn says_something(mut self) -> Self {
        self.says_something = true;
        self
    }

    /// Over what the child itself says about its restarts.
    #[must_use]
    pub const fn restart(mut self, restart: Restart) -> Self {
        self.restart = Some(restart);
        self
    }

    /// What stands here starts when these are ready, whatever the child itself depends on.
    #[must_use]
    pub const fn depends_on(mut self, keys: &'static [Key]) -> Self {
        self.depends_on = Some(keys);
        self
    }

    /// What stands here starts after these fields, and means what stands there.
    #[must_use]
    pub const fn after(mut self, names: &'static [&'static str]) -> Self {
        self.after = names;
        self
    }

    pub(super) const fn needs(&self) -> &'static [Key] {
        match self.depends_on {
            Some(keys) => keys,
            None => self.item.depends_on,
        }
    }
}
