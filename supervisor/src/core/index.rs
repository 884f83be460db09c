//! What stands at a path. Things are looked up in it and it is never iterated, so its order is
//! nobody's.
#![expect(
    clippy::disallowed_types,
    reason = "they are looked things up in by path and never iterated, so their order is nobody's"
)]

use std::collections::VecDeque;
use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::id::{ChildPath, Generation};

/// What paths are hashed with. A hash is made once for all that is looked up by it.
#[derive(Default)]
pub(super) struct PathHasher(DefaultHashBuilder);

/// The hash of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash(u64);

impl PathHasher {
    pub(super) fn hash(&self, path: &ChildPath) -> Hash {
        Hash(self.0.hash_one(path))
    }
}

impl fmt::Debug for PathHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathHasher")
    }
}

/// Numbers by paths that are kept elsewhere: an entry costs a few bytes. Where the path of a number
/// stands is said with each call.
#[derive(Default)]
pub(super) struct Index(HashTable<u32>);

impl Index {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize, hash_of: impl Fn(u32) -> Hash) {
        self.0.reserve(more, |&number| hash_of(number).0);
    }

    pub(super) fn find(&self, hash: Hash, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.0.find(hash.0, |&number| is_it(number)).copied()
    }

    /// Adds a number whose path is not there yet.
    pub(super) fn insert(&mut self, hash: Hash, number: u32, hash_of: impl Fn(u32) -> Hash) {
        self.0.insert_unique(hash.0, number, |&number| hash_of(number).0);
    }

    pub(super) fn remove(&mut self, hash: Hash, number: u32) {
        if let Ok(entry) = self.0.find_entry(hash.0, |&known| known == number) {
            entry.remove();
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.0.len())
    }
}

/// The generations of paths that are no longer known, the latest of them. A path that is let go
/// starts from 1 again if it ever comes back.
///
/// Of each only the hash is kept, and not the path, of which there may be thousands. Where two
/// should ever have the same 64 bits, one of them begins with a higher number than 1.
#[derive(Default)]
pub(super) struct Forgotten {
    capacity: usize,
    /// Oldest first. One that came back leaves its place empty.
    order: VecDeque<Option<Past>>,
    /// The number of the oldest place.
    oldest: u64,
    /// The numbers of those that have not come back.
    numbers: HashTable<u64>,
}

#[derive(Debug)]
struct Past {
    generation: Generation,
    hash: Hash,
}

impl Forgotten {
    /// Room for so many.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Changes how many there is room for.
    pub(super) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.shed();
    }

    pub(super) fn remember(&mut self, hash: Hash, generation: Generation) {
        if generation == Generation::default() {
            return;
        }
        self.order.push_back(Some(Past { generation, hash }));
        let number = self.oldest + self.order.len() as u64 - 1;
        self.index(number, hash);
        self.shed();
    }

    fn index(&mut self, number: u64, hash: Hash) {
        let (order, oldest) = (&self.order, self.oldest);
        let hash_of = |&number: &u64| at(order, oldest, number).map_or(0, |past| past.hash.0);
        self.numbers.insert_unique(hash.0, number, hash_of);
    }

    /// Lets go of those that are too many, those first that were forgotten first, and of places
    /// that are empty.
    fn shed(&mut self) {
        while let Some(oldest) = self.order.front()
            && (oldest.is_none() || self.numbers.len() > self.capacity)
        {
            let (number, past) = (self.oldest, self.order.pop_front().flatten());
            self.oldest += 1;
            if let Some(past) = past
                && let Ok(entry) = self.numbers.find_entry(past.hash.0, |&known| known == number)
            {
                entry.remove();
            }
        }
        // Those that come and go again and again must not take the room of the others.
        if self.order.len() > 2 * self.numbers.len() + 32 && !cfg!(plant_bug = "empty_places_kept")
        {
            self.close_up();
        }
    }

    fn close_up(&mut self) {
        self.order.retain(Option::is_some);
        self.numbers.clear();
        for place in 0..self.order.len() {
            if let Some(hash) = self.order[place].as_ref().map(|past| past.hash) {
                self.index(self.oldest + place as u64, hash);
            }
        }
    }

    /// The generation of a path that comes back.
    pub(super) fn recall(&mut self, hash: Hash) -> Generation {
        if cfg!(plant_bug = "generation_restarts") {
            return Generation::default();
        }
        let (order, oldest) = (&self.order, self.oldest);
        let is_it = |&number: &u64| at(order, oldest, number).is_some_and(|past| past.hash == hash);
        let Ok(entry) = self.numbers.find_entry(hash.0, is_it) else {
            return Generation::default();
        };
        let (number, _) = entry.remove();
        let past = self.order.get_mut(place(oldest, number)).and_then(Option::take);
        self.shed();
        past.map_or_else(Generation::default, |past| past.generation)
    }
}

/// Where the one with this number is.
fn place(oldest: u64, number: u64) -> usize {
    // A difference of numbers of what is in memory.
    #[expect(clippy::cast_possible_truncation, reason = "as many as are in memory")]
    let place = (number - oldest) as usize;
    place
}

/// The one with this number.
fn at(order: &VecDeque<Option<Past>>, oldest: u64, number: u64) -> Option<&Past> {
    order.get(place(oldest, number))?.as_ref()
}

impl fmt::Debug for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forgotten({})", self.numbers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_that_were_forgotten_go_on_where_they_were_and_each_only_once() {
        let (hasher, mut forgotten) = (PathHasher::default(), Forgotten::new(3));
        let path = |n: u64| ChildPath::parse(&format!("/root/{n}")).unwrap();
        for n in 1..=5 {
            forgotten.remember(hasher.hash(&path(n)), Generation(n));
        }
        let mut recall = |n| forgotten.recall(hasher.hash(&path(n))).0;
        assert_eq!([1, 2, 3, 4, 5].map(&mut recall), [0, 0, 3, 4, 5]);
        assert_eq!([3, 4, 5].map(&mut recall), [0, 0, 0]);
        // One that came back and goes again counts from its latest time.
        forgotten.remember(hasher.hash(&path(4)), Generation(7));
        forgotten.remember(hasher.hash(&path(6)), Generation(1));
        let mut recall = |n| forgotten.recall(hasher.hash(&path(n))).0;
        assert_eq!([4, 6].map(&mut recall), [7, 1]);
    }

    #[test]
    fn one_that_comes_and_goes_again_and_again_takes_the_room_of_one() {
        let (hasher, mut forgotten) = (PathHasher::default(), Forgotten::new(3));
        let path = |n: u64| ChildPath::parse(&format!("/root/{n}")).unwrap();
        for n in 1..=2 {
            forgotten.remember(hasher.hash(&path(n)), Generation(n));
        }
        let last = if cfg!(miri) { 100 } else { 1_000 };
        for generation in 10..last {
            forgotten.remember(hasher.hash(&path(9)), Generation(generation));
            let recalled = forgotten.recall(hasher.hash(&path(9)));
            assert_eq!(recalled, Generation(generation));
            assert!(forgotten.order.len() <= 40, "{}", forgotten.order.len());
        }
        let mut recall = |n| forgotten.recall(hasher.hash(&path(n))).0;
        assert_eq!([1, 2].map(&mut recall), [1, 2]);
        assert_eq!((forgotten.order.len(), forgotten.numbers.len()), (0, 0));
    }
}
