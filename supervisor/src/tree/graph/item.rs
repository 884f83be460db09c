//! What a child or a supervisor needs, as it was written.

use super::key::Key;
use crate::tree::declared::{DeclaredSlot, Node, Supervised};

/// What was written about a child or a supervisor that the checks of the whole tree look at.
///
/// Only constants refer to it: it knows the file it was written in, and that belongs into no
/// program.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub(super) key: Key,
    pub(super) node: Node,
    pub(super) file: &'static str,
    pub(super) depends_on: &'static [Key],
    pub(super) handles: &'static [Option<Key>],
    pub(super) requires: &'static [Key],
    pub(super) slots: &'static [ItemSlot],
    pub(super) is_multiple: bool,
    /// What did not compile. Whatever is missing may be in it.
    pub(super) is_broken: bool,
}

impl Item {
    /// A child that needs nothing.
    pub const fn child(key: Key, node: Node, file: &'static str) -> Self {
        Self::supervisor(key, node, file, &[])
    }

    /// A supervisor of these children that needs nothing.
    pub const fn supervisor(
        key: Key,
        node: Node,
        file: &'static str,
        slots: &'static [ItemSlot],
    ) -> Self {
        Self {
            key,
            node,
            file,
            depends_on: &[],
            handles: &[],
            requires: &[],
            slots,
            is_multiple: false,
            is_broken: false,
        }
    }

    /// What stands for something that did not compile.
    pub const fn broken(key: Key, node: Node, file: &'static str) -> Self {
        Self { is_broken: true, ..Self::child(key, node, file) }
    }

    /// It starts when these are ready.
    #[must_use]
    pub const fn depends_on(mut self, keys: &'static [Key]) -> Self {
        self.depends_on = keys;
        self
    }

    /// Its parameters are handles of these.
    #[must_use]
    pub const fn handles(mut self, keys: &'static [Option<Key>]) -> Self {
        self.handles = keys;
        self
    }

    /// The supervisor above has these, for what stands in it.
    #[must_use]
    pub const fn requires(mut self, keys: &'static [Key]) -> Self {
        self.requires = keys;
        self
    }

    /// It may stand in one struct more than once without anything said at the fields.
    #[must_use]
    pub const fn multiple(mut self) -> Self {
        self.is_multiple = true;
        self
    }

    /// Whether it starts one child after the other.
    pub(super) const fn is_sequential(&self) -> bool {
        matches!(self.node, Node::Supervisor(_))
    }

    /// What was declared at the field `index`.
    pub(super) const fn declared(&self, index: usize) -> &'static DeclaredSlot {
        match self.node {
            Node::Supervisor(declared) => declared.slot(index),
            Node::Child(_) => panic!("only a supervisor has fields"),
        }
    }
}

/// What was written at one field, in the order of the fields.
#[derive(Clone, Copy, Debug)]
pub struct ItemSlot {
    pub(super) item: &'static Item,
    /// Over what the child itself says.
    pub(super) depends_on: Option<&'static [Key]>,
    /// Names of fields of the same struct.
    pub(super) after: &'static [&'static str],
    /// Whether the field says anything about its child.
    pub(super) says_something: bool,
}

impl ItemSlot {
    /// A field at which nothing is said.
    pub const fn new<T: Supervised>() -> Self {
        Self::of(T::ITEM)
    }

    pub(super) const fn of(item: &'static Item) -> Self {
        Self { item, depends_on: None, after: &[], says_something: false }
    }

    /// The field says something about its child.
    #[must_use]
    pub const fn says_something(mut self) -> Self {
        self.says_something = true;
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
