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

use super::resolve::{NONE, Problem, Report, TOP, WireKind};

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
pub(super) const fn step<const N: usize, const W: usize>(
    report: &Report<N, W>,
    moment: Moment,
    mut asked: u32,
    steps: Steps,
) -> Option<Step> {
    let node = node_of(moment);
    let place = report.node(node);
    if is_ready(moment) {
        if asked == 0 {
            return Some(Step { to: begin(node), why: Why::Begun, next: node + 1 });
        }
        if asked >= place.end {
            return None;
        }
        return Some(Step { to: ready(asked), why: Why::Child, next: report.node(asked).end });
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
            && report.item_at(place.parent).is_sequential()
        {
            return Some(Step { to: ready(place.before), why: Why::Order, next: 2 });
        }
        asked = 2;
    }
    let mut wire = place.wires + asked - 2;
    while wire < place.wires_end {
        let its = report.wires[wire as usize];
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

#[derive(Clone, Copy)]
enum Seen {
    No,
    OnTheWay,
    Done,
}

/// Takes note of what waits for itself.
///
/// What does so whatever the order of the fields is said first: moving fields would not help.
pub(super) const fn find<const N: usize, const W: usize>(report: &mut Report<N, W>) {
    if look(report, Steps::All, Findings::Count) > 0
        && look(report, Steps::WithoutOrder, Findings::Note) == 0
    {
        look(report, Steps::All, Findings::Note);
    }
}

/// What to do about a cycle.
#[derive(Clone, Copy)]
enum Findings {
    Count,
    Note,
}

/// How many cycles of these steps are found. Depth first, each moment and each step once.
const fn look<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    steps: Steps,
    findings: Findings,
) -> u32 {
    let mut found = 0;
    let mut seen = [[Seen::No; 2]; N];
    let mut way = [[Visit { moment: 0, asked: 0, why: Why::Begun }; 2]; N];
    let mut field = 0;
    while field < N && report.direct[field] != NONE {
        let moment = ready(report.direct[field]);
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
            let Some(Step { to, why, next }) = step(report, moment, asked, steps) else {
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
                        note(report, &way, length, to);
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
const fn note<const N: usize, const W: usize>(
    report: &mut Report<N, W>,
    way: &[[Visit; 2]; N],
    length: usize,
    to: Moment,
) {
    let field = report.node(node_of(to)).direct;
    let (mut is_inside, mut is_said, mut at_fault) = (true, false, NONE);
    let mut at = length;
    loop {
        at -= 1;
        let Visit { moment, why, .. } = way[at / 2][at % 2];
        let its_field = report.node(node_of(moment)).direct;
        is_inside &= its_field == field && moment != begin(field);
        is_said |= matches!(report.problems[its_field as usize], Problem::Cycle { .. });
        if let Why::Wire(wire) = why
            && (at_fault == NONE
                || its_field < report.node(report.wires[at_fault as usize].from).direct)
        {
            at_fault = wire;
        }
        if moment == to {
            break;
        }
    }
    if !is_inside && !is_said && at_fault != NONE {
        let who = report.wires[at_fault as usize].from;
        report.note(who, Problem::Cycle { wire: at_fault });
    }
}

/// The shortest way on which the start of a dependency comes after what it is needed for.
pub(super) struct Way<const N: usize> {
    /// For each moment, where it was reached from and why; by node and by moment.
    from: [[(Moment, Why); 2]; N],
    /// The moment it ends at.
    end: Moment,
    is_found: bool,
}

impl<const N: usize> Way<N> {
    /// From being ready for `wire` back to the beginning of who needs it.
    pub(super) const fn around<const W: usize>(
        report: &Report<N, W>,
        wire: u32,
        steps: Steps,
    ) -> Option<Self> {
        let wire = report.wires[wire as usize];
        let (start, end) = (ready(wire.to), begin(wire.from));
        let mut way = Self { from: [[(NONE, Why::Begun); 2]; N], end, is_found: false };
        let mut queue = [[0; 2]; N];
        let (mut first, mut length) = (0, 1);
        queue[0][0] = start;
        way.from[node_of(start) as usize][start as usize % 2].0 = start;
        while first < length && !way.is_found {
            let moment: Moment = queue[first / 2][first % 2];
            first += 1;
            let mut asked = 0;
            while let Some(Step { to, why, next }) = step(report, moment, asked, steps) {
                asked = next;
                if way.from[node_of(to) as usize][to as usize % 2].0 == NONE {
                    way.from[node_of(to) as usize][to as usize % 2] = (moment, why);
                    queue[length / 2][length % 2] = to;
                    length += 1;
                    way.is_found |= to == end;
                }
            }
        }
        if way.is_found { Some(way) } else { None }
    }

    /// How many steps it has.
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

    /// The step with this number from the start: the moment it leaves, and the one it leads to.
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
