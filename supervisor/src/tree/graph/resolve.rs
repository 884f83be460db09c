//! Which node of a tree each dependency means, and what is wrong with it.

use super::key::{Key, is_same};
use super::report::WireKind;
use super::tree::{NONE, Place, Problem, TOP, Tree, Want, index, place};
use crate::policy::restart::Restart;

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

pub(super) const fn look_through(tree: &mut Tree<'_>) {
    place(tree, tree.top, TOP);
    index(tree);
    let mut node = 0;
    while node < tree.placed {
        tree.nodes[node as usize].wires = tree.wired;
        let Place { item, slot, parent, .. } = tree.nodes[node as usize];
        if !slot.comes_after().is_empty() {
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

/// The order that is asked for at the field.
const fn after(tree: &mut Tree<'_>, node: u32) {
    let place = tree.nodes[node as usize];
    let mut at = 0;
    while at < place.slot.comes_after().len() {
        let sibling = child_called(tree, place.parent, place.slot.comes_after()[at]);
        // One that `cfg` takes out asks for nothing.
        if sibling != NONE {
            tree.wire(node, sibling, WireKind::Start, place.parent);
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
        if is_same(tree.nodes[child as usize].slot.name(), name) {
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
            tree.wire(node, to, WireKind::Start, scope);
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
        if let Found::At { node: to, scope } = found {
            tree.wire(node, to, WireKind::Handle(key.id()), scope);
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
    let names = tree.nodes[from as usize].slot.comes_after();
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
            if !names.is_empty() && is_named(tree.nodes[child as usize].slot.name(), names) {
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

pub(super) const fn is_among(key: &Key, keys: &[Key]) -> bool {
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
    let is_told = place.item.is_multiple || place.slot.says_something() || place.item.is_broken;
    if is_told || place.item.is_supervisor || place.item.key.is_blurred() {
        return;
    }
    let mut other = tree.index[place.item.key.bucket(tree.index.len())];
    while other != NONE {
        let its = &tree.nodes[other as usize];
        let is_silent = !its.slot.says_something() && its.parent == TOP;
        if other < node && is_silent && its.item.key.is(&place.item.key) {
            return tree.note(node, Problem::Twice { other });
        }
        other = its.next;
    }
}
