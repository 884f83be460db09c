//! Who waits for whom, and whether anybody waits for himself.
//!
//! Every node has two moments: its start *begins*, and it is *ready*.
//!
//! ```text
//!  ready(n)  after  begin(n)
//!  ready(n)  after  ready(c)           for each child c of the supervisor n
//!  begin(n)  after  begin(parent)
//!  begin(n)  after  ready(d)           for each dependency d of n
//!  begin(n)  after  ready(before n)    in a supervisor that starts one child after the other
//! ```
//!
//! A cycle of these never starts.

use super::report::WireKind;
use super::tree::{NONE, Problem, TOP, Tree};

/// A moment: twice the number of a node, and 1 more when it is ready.
pub(super) type Moment = u32;

pub(super) const fn begin(node: u32) -> Moment {
    node * 2
}

pub(super) const fn ready(node: u32) -> Moment {
    node * 2 + 1
}

pub(super) const fn node_of(moment: Moment) -> u32 {
    moment / 2
}

pub(super) const fn is_ready(moment: Moment) -> bool {
    moment % 2 == 1
}

/// Why one moment comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nothing is ready before it begins.
    Begun,
    /// A supervisor is ready when its children are.
    Child,
    /// A child begins after its supervisor.
    Parent,
    /// It comes after the field before.
    Order,
    /// It depends on it; the number of the wire.
    Wire(u32),
}

/// What a moment comes after.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) to: Moment,
    pub(super) why: Why,
    /// Where to go on asking.
    pub(super) next: u32,
}

/// Which steps count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    All,
    /// Those that hold whatever the order of the fields.
    WithoutOrder,
}

/// What `moment` comes after, one at a time: ask with 0 first, then with `next`.
pub(super) const fn step(
    tree: &Tree<'_>,
    moment: Moment,
    mut asked: u32,
    steps: Steps,
) -> Option<Step> {
    let node = node_of(moment);
    let place = tree.node(node);
    if is_ready(moment) {
        if asked == 0 {
            return Some(Step { to: begin(node), why: Why::Begun, next: node + 1 });
        }
        if asked >= place.end {
            return None;
        }
        return Some(Step { to: ready(asked), why: Why::Child, next: tree.node(asked).end });
    }
    if asked == 0 {
        if place.parent != TOP {
            return Some(Step { to: begin(place.parent), why: Why::Parent, next: 1 });
        }
        asked = 1;
    }
    if asked == 1 {
        if place.before != NONE
            && matches!(steps, Steps::All)
            && !cfg!(plant_bug = "cycles_without_order")
            && !tree.item_at(place.parent).is_parallel
        {
            return Some(Step { to: ready(place.before), why: Why::Order, next: 2 });
        }
        asked = 2;
    }
    let mut wire = place.wires + asked - 2;
    while wire < place.wires_end {
        let its = tree.wires[wire as usize];
        if matches!(its.kind, WireKind::Start) {
            let next = wire - place.wires + 3;
            return Some(Step { to: ready(its.to), why: Why::Wire(wire), next });
        }
        wire += 1;
    }
    None
}

/// A moment on the way of [`find`].
#[derive(Clone, Copy)]
struct Visit {
    moment: Moment,
    asked: u32,
    /// Why the next one on the way was visited.
    why: Why,
}

/// Room to go through the moments of `N` nodes.
pub(super) struct Trail<const N: usize> {
    seen: [[Seen; 2]; N],
    way: [[Visit; 2]; N],
    from: [[(Moment, Why); 2]; N],
}

impl<const N: usize> Trail<N> {
    pub(super) const fn new() -> Self {
        Self {
            seen: [[Seen::No; 2]; N],
            way: [[Visit { moment: 0, asked: 0, why: Why::Begun }; 2]; N],
            from: [[(NONE, Why::Begun); 2]; N],
        }
    }

    pub(super) const fn moments(&mut self) -> Moments<'_> {
        Moments { seen: &mut self.seen, way: &mut self.way, from: &mut self.from, end: NONE }
    }
}

/// Where a walk through the moments has been; by node and by moment.
pub(super) struct Moments<'a> {
    seen: &'a mut [[Seen; 2]],
    way: &'a mut [[Visit; 2]],
    /// Where each was reached from and why.
    from: &'a mut [[(Moment, Why); 2]],
    /// The last one of the shortest way.
    end: Moment,
}

#[derive(Clone, Copy)]
enum Seen {
    No,
    OnTheWay,
    Done,
}

/// Takes note of what waits for itself.
///
/// Only a dependency on what comes later, or on what is around it, can close a cycle: without one
/// all of it happens in the order of the numbers. That is so for most trees.
///
/// What does so whatever the order of the fields is said first: moving fields would not help.
pub(super) const fn find(tree: &mut Tree<'_>, moments: &mut Moments<'_>) {
    if looks_ahead(tree)
        && look(tree, moments, Steps::All, Findings::Count) > 0
        && look(tree, moments, Steps::WithoutOrder, Findings::Note) == 0
    {
        look(tree, moments, Steps::All, Findings::Note);
    }
}

/// Whether anything depends on what is not over when it begins.
const fn looks_ahead(tree: &Tree<'_>) -> bool {
    let mut at = 0;
    while at < tree.wired {
        let wire = tree.wires[at as usize];
        if matches!(wire.kind, WireKind::Start) && tree.node(wire.to).end > wire.from {
            return true;
        }
        at += 1;
    }
    false
}

/// What to do about a cycle.
#[derive(Clone, Copy)]
enum Findings {
    Count,
    Note,
}

/// How many cycles of these steps are found. Depth first, each moment and each step once.
const fn look(
    tree: &mut Tree<'_>,
    moments: &mut Moments<'_>,
    steps: Steps,
    findings: Findings,
) -> u32 {
    let (mut found, mut field) = (0, 0);
    while field < moments.seen.len() {
        moments.seen[field] = [Seen::No; 2];
        field += 1;
    }
    let Moments { seen, way, .. } = moments;
    field = 0;
    while field < tree.top.slots.len() {
        let moment = ready(tree.direct[field]);
        field += 1;
        if !matches!(seen[node_of(moment) as usize][1], Seen::No) {
            continue;
        }
        seen[node_of(moment) as usize][1] = Seen::OnTheWay;
        way[0][0] = Visit { moment, asked: 0, why: Why::Begun };
        let mut length = 1;
        while length > 0 {
            let top = length - 1;
            let Visit { moment, asked, .. } = way[top / 2][top % 2];
            let Some(Step { to, why, next }) = step(tree, moment, asked, steps) else {
                seen[node_of(moment) as usize][moment as usize % 2] = Seen::Done;
                length -= 1;
                continue;
            };
            way[top / 2][top % 2] = Visit { moment, asked: next, why };
            match seen[node_of(to) as usize][to as usize % 2] {
                Seen::Done => {}
                Seen::OnTheWay => {
                    found += 1;
                    if matches!(findings, Findings::Note) {
                        note(tree, way, length, to);
                    }
                }
                Seen::No => {
                    seen[node_of(to) as usize][to as usize % 2] = Seen::OnTheWay;
                    way[length / 2][length % 2] = Visit { moment: to, asked: 0, why: Why::Begun };
                    length += 1;
                }
            }
        }
    }
    found
}

/// The end of the way comes after `to`, which is on it. The first field in which something depends
/// on what is part of this is at fault, unless all of it lies inside one supervisor: then it is
/// said at that one's own struct. What goes through a field about which something is said already
/// is most likely the same once more.
const fn note(tree: &mut Tree<'_>, way: &[[Visit; 2]], length: usize, to: Moment) {
    let field = tree.node(node_of(to)).direct;
    let (mut is_inside, mut is_said, mut at_fault) = (true, false, NONE);
    let mut at = length;
    loop {
        at -= 1;
        let Visit { moment, why, .. } = way[at / 2][at % 2];
        let its_field = tree.node(node_of(moment)).direct;
        is_inside &= its_field == field && moment != begin(field);
        is_said |= matches!(tree.problems[its_field as usize], Problem::Cycle { .. });
        if let Why::Wire(wire) = why
            && (at_fault == NONE
                || its_field < tree.node(tree.wires[at_fault as usize].from).direct)
        {
            at_fault = wire;
        }
        if moment == to {
            break;
        }
    }
    if !is_inside && !is_said && at_fault != NONE {
        let who = tree.wires[at_fault as usize].from;
        tree.note(who, Problem::Cycle { wire: at_fault });
    }
}

impl Moments<'_> {
    /// Looks for the shortest way on which the start of who needs `wire` comes before what it
    /// needs is ready, and says whether there is one.
    pub(super) const fn way_around(&mut self, tree: &Tree<'_>, wire: u32, steps: Steps) -> bool {
        let wire = tree.wires[wire as usize];
        let (start, end) = (ready(wire.to), begin(wire.from));
        self.end = end;
        let mut node = 0;
        while node < self.from.len() {
            self.from[node] = [(NONE, Why::Begun); 2];
            node += 1;
        }
        let (mut first, mut length) = (0, 1);
        self.way[0][0].moment = start;
        self.from[node_of(start) as usize][start as usize % 2].0 = start;
        while first < length {
            let moment = self.way[first / 2][first % 2].moment;
            first += 1;
            let mut asked = 0;
            while let Some(Step { to, why, next }) = step(tree, moment, asked, steps) {
                asked = next;
                if self.from[node_of(to) as usize][to as usize % 2].0 == NONE {
                    self.from[node_of(to) as usize][to as usize % 2] = (moment, why);
                    self.way[length / 2][length % 2].moment = to;
                    length += 1;
                    if to == end {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// How many steps the way has that was found last.
    pub(super) const fn length(&self) -> usize {
        let (mut at, mut length) = (self.end, 0);
        loop {
            let (from, _) = self.from[node_of(at) as usize][at as usize % 2];
            if from == at {
                return length;
            }
            at = from;
            length += 1;
        }
    }

    /// Its step with this number from the start: the moment it leaves, and the one it leads to.
    pub(super) const fn step(&self, number: usize) -> (Moment, Moment, Why) {
        let (mut to, mut left) = (self.end, self.length() - number);
        loop {
            let (from, why) = self.from[node_of(to) as usize][to as usize % 2];
            left -= 1;
            if left == 0 {
                return (from, to, why);
            }
            to = from;
        }
    }
}
