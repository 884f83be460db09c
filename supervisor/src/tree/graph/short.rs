//! The short way through a tree.
//!
//! Most trees are plain: every child is there once, what it depends on stands in a field before its
//! own, and nothing goes on inside of what it stands in. Then nobody can wait for himself, and it
//! is enough to look for each name in one table. Whatever is not plain, and all that is wrong, is
//! left to the long way: see [`Room`](super::tree::Room).
//!
//! The compiler goes this way at every build, and it pays for each step and each call: so there are
//! few calls, not even of what reads a field, and arrays in place of structs.

use super::item::Item;
use super::report::{Wire, WireKind};
use super::tree::NONE;
use crate::policy::restart::Restart;

/// The nodes of a tree by the ids of their keys; by the number of the node, or of its bucket.
pub(super) struct Shelf<const N: usize> {
    first: [u32; N],
    next: [u32; N],
    ids: [u64; N],
    /// Whether something brings it back.
    is_lasting: [bool; N],
}

impl<const N: usize> Shelf<N> {
    pub(super) const fn new() -> Self {
        Self { first: [NONE; N], next: [NONE; N], ids: [0; N], is_lasting: [false; N] }
    }

    /// Finds what every dependency and every handle of what stands in the fields of `top` means,
    /// and says how many there are; `None` where this is not the way.
    pub(super) const fn look_through(
        &mut self,
        top: &'static Item,
        wires: &mut [Wire],
    ) -> Option<usize> {
        let Self { first, next, ids, is_lasting } = self;
        let mut rows = Rows { first, next, ids, is_lasting, has_wishes: top.wishes_of_slots > 0 };
        match put(&mut rows, top, true, 0, true) {
            NONE => None,
            _ if rows.has_wishes => look_for(&rows, top, wires),
            _ => Some(0),
        }
    }
}

/// The same for any number of nodes.
struct Rows<'a> {
    first: &'a mut [u32],
    next: &'a mut [u32],
    ids: &'a mut [u64],
    is_lasting: &'a mut [bool],
    has_wishes: bool,
}

/// Puts what stands below `item` into its buckets, from the number `node` on, and says which number
/// is the next; `NONE` where this is not the way. What stands in nested supervisors matters only to
/// those who look for something.
#[expect(clippy::cast_possible_truncation, reason = "any bits of it do")]
const fn put(
    rows: &mut Rows<'_>,
    item: &'static Item,
    is_top: bool,
    mut node: u32,
    is_lasting: bool,
) -> u32 {
    let is_lasting = match item.default_restart {
        Some(restart) => !matches!(restart, Restart::Temporary),
        None => is_lasting,
    };
    let (slots, mut at) = (item.slots, 0);
    let (count, buckets) = (slots.len(), rows.first.len());
    while at < count {
        let slot = &slots[at];
        let item = slot.item;
        at += 1;
        let (id, number) = (item.key.id, node as usize);
        let bucket = id as usize % buckets;
        if is_top {
            let ([], []) = (slot.said.after, item.requires) else { return NONE };
            let mut other = rows.first[bucket];
            while other != NONE {
                // Twice the same, unless both say what tells them apart.
                if rows.ids[other as usize] == id && !cfg!(plant_bug = "short_way_past_twins") {
                    return NONE;
                }
                other = rows.next[other as usize];
            }
        }
        rows.ids[number] = id;
        rows.next[number] = rows.first[bucket];
        rows.first[bucket] = node;
        rows.is_lasting[number] = match (slot.said.policy.restart, item.restart) {
            (Some(restart), _) | (None, Some(restart)) => !matches!(restart, Restart::Temporary),
            (None, None) => is_lasting,
        };
        node += 1;
        if let [_, ..] = item.slots {
            node = if rows.has_wishes {
                put(rows, item, false, node, is_lasting)
            } else {
                node + number_of(item.nodes_below)
            };
        }
    }
    node
}

#[expect(clippy::cast_possible_truncation, reason = "nobody writes that many fields")]
const fn number_of(nodes: usize) -> u32 {
    nodes as u32
}

/// Looks for what the fields of `top` ask for.
#[expect(clippy::cast_possible_truncation, reason = "any bits of it do")]
const fn look_for(rows: &Rows<'_>, top: &'static Item, wires: &mut [Wire]) -> Option<usize> {
    let (slots, mut at, mut from, mut count) = (top.slots, 0, 0, 0);
    let (first, next): (&[u32], &[u32]) = (rows.first, rows.next);
    let (ids, is_lasting): (&[u64], &[bool]) = (rows.ids, rows.is_lasting);
    let (fields, buckets) = (slots.len(), first.len());
    // Then no key is there twice, and it is enough to find one.
    let is_flat = top.nodes_below == fields;
    while at < fields {
        let slot = &slots[at];
        let item = slot.item;
        let mut keys = match slot.said.depends_on {
            Some(keys) => keys,
            None => item.depends_on,
        };
        let mut are_handles = false;
        loop {
            let [key, others @ ..] = keys else {
                if are_handles {
                    break;
                }
                (keys, are_handles) = (item.handles, true);
                continue;
            };
            keys = others;
            let (id, mut to) = (key.id, NONE);
            // Most depend on what stands just before them.
            if is_flat && at > 0 && ids[at - 1] == id {
                to = from - 1;
            } else {
                let mut node = first[id as usize % buckets];
                while node != NONE {
                    if ids[node as usize] == id {
                        if to != NONE && !cfg!(plant_bug = "short_way_to_one_of_two") {
                            return None;
                        }
                        to = node;
                        if is_flat {
                            break;
                        }
                    }
                    node = next[node as usize];
                }
            }
            if to == NONE || key.is_one_of_many {
                return None;
            }
            if are_handles {
                wires[count] = Wire { from, to, kind: WireKind::Handle(id) };
            } else {
                // What comes later, what it is itself, and what is gone for good.
                let is_before = to < from || cfg!(plant_bug = "short_way_ahead");
                if !is_before || !is_lasting[to as usize] {
                    return None;
                }
                wires[count] = Wire { from, to, kind: WireKind::Start };
            }
            count += 1;
        }
        from += 1 + number_of(item.nodes_below);
        at += 1;
    }
    Some(count)
}
