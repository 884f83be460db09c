//! What stands at a path. Things are looked up in it and it is never iterated, so its order is
//! nobody's.
#![expect(
    clippy::disallowed_types,
    reason = "they are looked things up in by path and never iterated, so their order is nobody's"
)]

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::id::ChildPath;

/// Numbers by paths that are kept elsewhere: an entry costs a few bytes. Where the path of a number
/// stands is said with each call.
#[derive(Default)]
pub(super) struct Index {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
}

impl Index {
    /// Makes room for so many more.
    pub(super) fn reserve<'a>(&mut self, more: usize, path_of: impl Fn(u32) -> &'a ChildPath) {
        let hasher = &self.hasher;
        self.table.reserve(more, |&number| hasher.hash_one(path_of(number)));
    }

    pub(super) fn find<'a>(
        &self,
        path: &ChildPath,
        path_of: impl Fn(u32) -> &'a ChildPath,
    ) -> Option<u32> {
        let hash = self.hasher.hash_one(path);
        self.table.find(hash, |&number| path_of(number) == path).copied()
    }

    /// Adds a number whose path is not there yet.
    pub(super) fn insert<'a>(&mut self, number: u32, path_of: impl Fn(u32) -> &'a ChildPath) {
        let hasher = &self.hasher;
        let hash = |&number: &u32| hasher.hash_one(path_of(number));
        self.table.insert_unique(hash(&number), number, hash);
    }

    pub(super) fn remove(&mut self, path: &ChildPath, number: u32) {
        let hash = self.hasher.hash_one(path);
        if let Ok(entry) = self.table.find_entry(hash, |&known| known == number) {
            entry.remove();
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.table.len())
    }
}

/// Values by paths of its own.
pub(super) struct ByPath<T>(HashMap<ChildPath, T>);

impl<T> ByPath<T> {
    pub(super) fn get(&self, path: &ChildPath) -> Option<&T> {
        self.0.get(path)
    }

    /// Puts in a value, and gives back the one that was there.
    pub(super) fn insert(&mut self, path: ChildPath, value: T) -> Option<T> {
        self.0.insert(path, value)
    }

    pub(super) fn remove(&mut self, path: &ChildPath) -> Option<T> {
        self.0.remove(path)
    }
}

impl<T> Default for ByPath<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T> fmt::Debug for ByPath<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByPath({})", self.0.len())
    }
}
