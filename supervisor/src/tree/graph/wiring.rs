//! The wires of a tree as a running tree knows them: relative to who needs something, so that a
//! tree can be mounted anywhere.

use std::sync::Arc;

use super::report::{Wire, WireKind};
use super::tree::NONE;
use crate::id::{ChildId, ChildPath};
use crate::tree::declared::{DeclaredSupervisor, Node};

/// Every node of a tree, in the order of their numbers, and the wires between them.
pub(crate) struct Wiring {
    nodes: Vec<(u32, &'static str)>,
    /// Of all supervisors, in the order of who needs something.
    wires: Vec<Wire>,
    /// The number of the node that is asked about next.
    next: u32,
}

/// What one node needs.
pub(crate) struct Needs {
    /// To start, as `../sibling` from the supervisor it stands in.
    pub(crate) to_start: Vec<String>,
    /// For its parameters.
    pub(crate) links: Arc<[Link]>,
}

/// Where a parameter of a child leads.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Of its key.
    id: u64,
    /// How many supervisors up from the one it stands in.
    up: u32,
    /// And then down.
    down: Vec<&'static str>,
}

impl Wiring {
    pub(crate) fn new(top: &'static DeclaredSupervisor) -> Self {
        let mut wiring = Self { nodes: Vec::new(), wires: Vec::new(), next: 0 };
        wiring.number(top, NONE);
        wiring.wires.sort_by_key(|wire| wire.from);
        wiring
    }

    fn number(&mut self, top: &'static DeclaredSupervisor, parent: u32) {
        let first = self.placed();
        let wires = top.wires().iter();
        self.wires.extend(wires.map(|wire| Wire {
            from: first + wire.from,
            to: first + wire.to,
            ..*wire
        }));
        for slot in top.slots() {
            let node = self.placed();
            self.nodes.push((parent, slot.name()));
            if let Node::Supervisor(inner) = slot.node() {
                self.number(inner, node);
            }
        }
    }

    fn placed(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("the compiler counted them")
    }

    /// What the next node needs; a supervisor comes before its children.
    pub(crate) fn next(&mut self) -> Needs {
        let node = self.next;
        self.next += 1;
        let first = self.wires.partition_point(|wire| wire.from < node);
        let (mut to_start, mut links) = (Vec::new(), Vec::new());
        for wire in self.wires[first..].iter().take_while(|wire| wire.from == node) {
            let (up, down) = self.way(node, wire.to);
            match wire.kind {
                WireKind::Start => {
                    let path = "../".repeat(up as usize) + &down.join("/");
                    // By its key and by its place: it is waited for once.
                    if !to_start.contains(&path) {
                        to_start.push(path);
                    }
                }
                WireKind::Handle(id) => links.push(Link { id, up, down }),
            }
        }
        Needs { to_start, links: links.into() }
    }

    /// From the supervisor that `from` stands in: how far up, and the names down to `to`.
    fn way(&self, from: u32, to: u32) -> (u32, Vec<&'static str>) {
        let above = |node: u32| self.nodes[node as usize].0;
        let mut above_to = vec![above(to)];
        while let Some(&node) = above_to.last().filter(|node| **node != NONE) {
            above_to.push(above(node));
        }
        let (mut scope, mut up) = (above(from), 0);
        while !above_to.contains(&scope) {
            (scope, up) = (above(scope), up + 1);
        }
        let (mut node, mut down) = (to, Vec::new());
        while node != scope {
            let (parent, name) = self.nodes[node as usize];
            down.push(name);
            node = parent;
        }
        down.reverse();
        (up, down)
    }
}

impl Needs {
    /// The links of the members of a group, which stand one further down than it does.
    pub(crate) fn links_of_members(&self) -> Arc<[Link]> {
        self.links.iter().map(|link| Link { up: link.up + 1, ..link.clone() }).collect()
    }
}

impl Link {
    /// Where it leads a child at `path`, if it is of the key with this id.
    pub(crate) fn leads(&self, id: u64, path: &ChildPath) -> Option<ChildPath> {
        if self.id != id {
            return None;
        }
        let above = (0..=self.up).try_fold(path.clone(), |path, _| path.parent())?;
        self.down.iter().try_fold(above, |path, name| Some(path.join(&ChildId::new(*name).ok()?)))
    }
}
