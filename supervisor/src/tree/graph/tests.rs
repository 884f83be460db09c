//! Trees as text, and what the compiler would say about them.
//!
//! One field a line, the children of a supervisor below it and further in: `field: Type` and what
//! is said about it. `needs`, `takes`, `requires` and `after` are followed by names, `said` marks a
//! `#[child(…)]` at the field.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::cycle::Trail;
use super::item::Item;
use super::key::Key;
use super::raise::describe;
use super::report::{Wire, WireKind, wire, wire_at_length};
use super::short::Shelf;
use super::tree::{NO_WIRE, Room, TOP, Tree};
use crate::policy::PolicyPatch;
use crate::policy::restart::Restart;
use crate::tree::declared::{DeclaredChild, DeclaredSlot, Node, SaidAtField};
use crate::tree::layers::Finding;

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn leak_all<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}

fn key(name: &str) -> Key {
    let (name, version) = name.split_once('@').unwrap_or((name, "1.0.0"));
    let (name, instance) = name.split_once('<').unwrap_or((name, ""));
    let mut hasher = DefaultHasher::new();
    (name, version).hash(&mut hasher);
    let (name, version) = (leak(name.to_owned()), leak(version.to_owned()));
    let key = Key::new("app", name, version, hasher.finish());
    match instance.trim_end_matches('>') {
        "" => key,
        "?" => key.one_of_many(),
        "Pool" => key.group("Pool"),
        instance => key.instance(leak(instance.to_owned())),
    }
}

fn keys(names: &[&str]) -> &'static [Key] {
    leak_all(names.iter().map(|name| key(name)).collect())
}

/// One line and the lines below it.
struct Line<'a> {
    indent: usize,
    words: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let read = |line: &'a str| Self {
            indent: line.len() - line.trim_start().len(),
            words: line.split([' ', ',']).filter(|word| !word.is_empty()).collect(),
        };
        lines.map(read).collect()
    }

    fn says(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// What follows `word`, up to the next such word.
    fn after(&self, word: &str) -> &[&'a str] {
        let words = ["needs", "takes", "requires", "after", "said", "temporary", "multiple"];
        let Some(at) = self.words.iter().position(|said| *said == word) else { return &[] };
        let rest = &self.words[at + 1..];
        let end = rest.iter().position(|word| words.contains(word)).unwrap_or(rest.len());
        &rest[..end]
    }
}

/// A field with what says this.
fn slot(name: &'static str, item: Item) -> DeclaredSlot {
    DeclaredSlot::of(name, Node::Child(leak(DeclaredChild::of_item(item))))
}

/// The struct `name` of the first of these lines and all that are further in than it.
fn supervisor(name: &str, head: &Line<'_>, lines: &[Line<'_>]) -> &'static Item {
    let mut slots = Vec::new();
    let indent = lines.first().map_or(0, |line| line.indent);
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.indent == indent) {
        let below = &lines[at + 1..];
        let end = below.iter().position(|line| line.indent <= indent).unwrap_or(below.len());
        let field = leak(line.words[0].trim_end_matches(':').to_owned());
        let ty = line.words[1];
        let item = if end > 0 {
            *supervisor(ty, line, &below[..end])
        } else {
            Item {
                handles: keys(line.after("takes")),
                restart: line.says("temporary").then_some(Restart::Temporary),
                is_multiple: line.says("multiple"),
                ..Item::child(key(ty))
            }
        };
        let after = line.after("after").iter().map(|name| leak((*name).to_owned()).as_str());
        let nothing = if line.says("said") { SaidAtField::here() } else { SaidAtField::NONE };
        let said = nothing.depends_on(keys(line.after("needs"))).after(leak_all(after.collect()));
        slots.push(slot(field, item).saying(leak(said)));
    }
    let requires = keys(head.after("requires"));
    leak(Item { requires, ..Item::supervisor(key(name), leak_all(slots)) })
}

fn read(tree: &str) -> Tree<'static> {
    let lines = Line::read(tree);
    let top = supervisor("App", &lines[0], &lines[1..]);
    both_ways_agree(top);
    Box::leak(Box::new(Room::<32, 64>::new())).tree(top)
}

/// The short way, where it is one, comes to what the long way comes to.
#[track_caller]
fn both_ways_agree(top: &'static Item) {
    let at_length = wire_at_length::<512, 512>(top, [Finding::Nothing; 512]);
    assert_eq!(wire::<512, 512>(top), at_length);
}

/// With one place for all, in words that do not change.
fn said_at(tree: &Tree<'_>, node: u32) -> String {
    let any = key("any");
    let place = format!("({}:{})", any.file(), any.line());
    let text = describe(tree, node, &mut Trail::<32>::new().moments()).as_str().to_owned();
    text.replace(&place, "(app.rs:1)")
}

/// What is said at each field of the top.
fn said_about(tree: &str) -> String {
    let report = read(tree);
    let mut said = String::new();
    for node in (0..report.placed).filter(|node| report.node(*node).parent == TOP) {
        let text = said_at(&report, node);
        if !text.is_empty() {
            said += &text;
            said += "\n";
        }
    }
    said
}

fn path(report: &Tree<'_>, node: u32) -> String {
    let place = report.node(node);
    let above = if place.parent == TOP { String::new() } else { path(report, place.parent) + "/" };
    above + place.slot.name()
}

/// Who got what, one a line.
fn wired(tree: &str) -> Vec<String> {
    let report = read(tree);
    let line = |wire: &Wire| {
        let arrow = match wire.kind {
            WireKind::Start => "->",
            WireKind::Handle(_) => "~>",
        };
        format!("{} {arrow} {}", path(&report, wire.from), path(&report, wire.to))
    };
    report.wires[..report.wired as usize].iter().map(line).collect()
}

#[track_caller]
fn is_fine(tree: &str, expected: &[&str]) {
    assert_eq!(said_about(tree), "");
    assert_eq!(wired(tree), expected);
}

#[track_caller]
fn is_wrong(tree: &str, expected: &str) {
    assert_eq!(said_about(tree).trim(), expected.trim());
}

#[test]
fn a_dependency_is_found_wherever_in_the_tree_it_stands() {
    is_fine(
        "App
            pool: pool
            payments: Payments requires pool
                ledger: ledger needs pool
                fraud: fraud needs ledger
            audit: audit needs fraud, Payments",
        &[
            "payments/ledger -> pool",
            "payments/fraud -> payments/ledger",
            "audit -> payments/fraud",
            "audit -> payments",
        ],
    );
}

#[test]
fn what_is_nearer_is_meant() {
    is_fine(
        "App
            pool: pool
            reports: Reports
                pool: pool
                daily: daily needs pool",
        &["reports/daily -> reports/pool"],
    );
}

#[test]
fn what_a_library_started_alone_requires_counts_as_provided() {
    is_fine(
        "Payments requires pool
            ledger: ledger needs pool takes pool",
        &[],
    );
}

#[test]
fn a_handle_orders_nothing() {
    is_fine(
        "App
            a: a takes b
            b: b takes a",
        &["a ~> b", "b ~> a"],
    );
}

#[test]
fn what_is_nowhere_is_unknown() {
    is_wrong(
        "App
            web: web needs pool@2.0.0
            pool: pool",
        "`web` (app.rs:1) depends on `app::pool`, which is nowhere in `App`
  note: `pool` is another one: `app::pool` of version 1.0.0, not 2.0.0 (app.rs:1)
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
    is_wrong(
        "App
            web: web takes pool",
        "`web` (app.rs:1) takes a handle of `app::pool`, which is nowhere in `App`
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
}

#[test]
fn every_level_restates_what_it_requires() {
    // `Inner` says it, `Outer` does not: it is `Outer`'s mistake, said at its struct.
    let inner = "
            inner: Inner requires pool
                ledger: ledger needs pool";
    is_wrong(
        &format!("Outer{inner}"),
        "`inner` (app.rs:1) requires `app::pool`, which is nowhere in `App`
  note: `inner/ledger` (app.rs:1) depends on it
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
    is_fine(&format!("Outer requires pool{inner}"), &[]);
}

#[test]
fn whoever_needs_what_is_required_is_named() {
    is_wrong(
        "App
            reports: Reports requires pool
                daily: daily takes pool
                other: other
                in: Inner requires pool
                    weekly: weekly needs pool",
        "`reports` (app.rs:1) requires `app::pool`, which is nowhere in `App`
  note: `reports/daily` (app.rs:1) takes a handle of it
  note: `reports/in/weekly` (app.rs:1) depends on it
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
    // It has one, and requires it all the same.
    is_wrong(
        "App
            reports: Reports requires pool
                pool: pool
                daily: daily needs pool",
        "`reports` (app.rs:1) requires `app::pool`, which is nowhere in `App`
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
}

#[test]
fn a_requirement_is_not_met_by_what_requires_it() {
    is_wrong(
        "App
            payments: Payments requires pool
                pool: pool",
        "`payments` (app.rs:1) requires `app::pool`, which is nowhere in `App`
  help: add a field for it to `App`, or let the supervisor above provide it: `#[supervisor(requires(pool))]`",
    );
}

#[test]
fn two_candidates_are_told_apart_by_after() {
    let tree = |after: &str| {
        format!(
            "App
                s0: shard said
                s1: shard said
                router: router needs shard {after}"
        )
    };
    is_wrong(
        &tree(""),
        "`router` (app.rs:1) depends on `app::shard`, which stands in two places: `s0` and `s1`
  help: say which one at the field `router`: `#[child(after(s0))]`",
    );
    is_fine(&tree("after s1"), &["router -> s1", "router -> s1"]);
    is_wrong(
        &tree("after s0, s1"),
        "`router` (app.rs:1) depends on `app::shard`, which stands in two places: `s0` and `s1`
  help: say which one at the field `router`: `#[child(after(s0))]`",
    );
}

#[test]
fn after_settles_for_all_that_stands_in_a_nested_supervisor() {
    is_fine(
        "App
            primary: Storage
                pool: pool
            replica: Storage
                pool: pool
            reports: Reports requires pool after replica
                daily: daily needs pool takes pool",
        &["reports -> replica", "reports/daily -> replica/pool", "reports/daily ~> replica/pool"],
    );
}

#[test]
fn instances_of_a_generic_child_are_different_children() {
    is_fine(
        "App
            orders: consumer<orders>
            refunds: consumer<refunds>
            router: router needs consumer<refunds>",
        &["router -> refunds"],
    );
    is_wrong(
        "App
            orders: consumer<?>
            router: router needs consumer<?>",
        "`router` (app.rs:1) depends on `app::consumer`, a generic child that does not say what tells its instances apart
  help: say so where it is declared: `#[child(multiple, instance = T::NAME)]`",
    );
}

#[test]
fn nothing_depends_on_what_may_be_gone_for_good() {
    is_wrong(
        "App
            migrate: migrate temporary
            web: web needs migrate",
        "`web` (app.rs:1) depends on `migrate` (app.rs:1), which is temporary: once it has ended nothing brings it back
  help: make it `restart(transient)`, which is not restarted after a success either",
    );
    is_wrong(
        "App
            sessions: session<Pool>
            web: web needs session",
        "`web` (app.rs:1) depends on `app::session`, and there are only the members of `sessions`, which is no one child
  help: to start after all of it, say so at the field: `#[child(after(sessions))]`",
    );
    is_fine(
        "App
            sessions: session<Pool>
            web: web takes session<Pool> after sessions",
        &["web -> sessions", "web ~> sessions"],
    );
}

#[test]
fn the_same_child_twice_is_a_slip_unless_something_is_said() {
    is_wrong(
        "App
            a: shard
            b: shard",
        "`b` is the same child as `a`, and nothing tells the two apart: `app::shard` (app.rs:1)
  help: if two are meant, say so where it is declared: `#[child(multiple)]`",
    );
    for fine in ["a: shard said\n b: shard", "a: shard multiple\n b: shard multiple"] {
        is_fine(&format!("App\n {fine}"), &[]);
    }
}

#[test]
fn nobody_depends_on_himself_or_on_what_is_around_him() {
    is_wrong(
        "App
            a: a needs a",
        "`a` (app.rs:1) depends on itself, so it could never start",
    );
    is_wrong(
        "App
            a: a needs App",
        "`a` (app.rs:1) depends on `App`, the supervisor that it stands in: neither could start before the other",
    );
}

#[test]
fn a_cycle_is_named_step_by_step_and_once() {
    is_wrong(
        "App
            pool: pool after warm
            warm: warm needs audit
            audit: audit needs fraud
            payments: Payments requires pool
                ledger: ledger needs pool
                fraud: fraud needs ledger",
        "dependency cycle in supervisor `App`, which could never start:
    `pool` (app.rs:1) needs `warm`
    `warm` (app.rs:1) needs `audit`
    `audit` (app.rs:1) needs `payments/fraud`
    `payments/fraud` (app.rs:1) needs `payments/ledger`
    `payments/ledger` (app.rs:1) needs `pool`",
    );
}

#[test]
fn a_supervisor_that_waits_for_its_own_child_is_a_cycle() {
    is_wrong(
        "App
            payments: Payments needs ledger
                ledger: ledger",
        "dependency cycle in supervisor `App`, which could never start:
    `payments` (app.rs:1) needs `payments/ledger`
    `payments/ledger` is started by `payments` (app.rs:1)",
    );
    is_wrong(
        "App
            pool: pool needs Payments
            payments: Payments requires pool
                ledger: ledger needs pool",
        "dependency cycle in supervisor `App`, which could never start:
    `pool` (app.rs:1) needs `payments`
    `payments` (app.rs:1) is ready when `payments/ledger` is
    `payments/ledger` (app.rs:1) needs `pool`",
    );
}

#[test]
fn what_waits_for_a_later_field_says_which_to_move() {
    is_wrong(
        "App
            web: web needs pool
            other: other
            pool: pool",
        "dependency cycle in supervisor `App`, which could never start:
    `web` (app.rs:1) needs `pool`
    `pool` (app.rs:1) starts after `web`, because `App` starts its fields one after the other
  help: move the field `pool` before `web`",
    );
}

#[test]
fn a_cycle_inside_a_nested_supervisor_is_said_there_and_nowhere_else() {
    let inner = "a: a needs b
                 b: b needs a";
    assert_eq!(
        said_about(&format!("App\n                 {inner}")).lines().next(),
        Some("dependency cycle in supervisor `App`, which could never start:")
    );
    is_fine(
        &format!("App\n          inner: Inner\n                 {inner}"),
        &["inner/a -> inner/b", "inner/b -> inner/a"],
    );
}

#[test]
fn what_did_not_compile_may_have_everything() {
    let web = Item { depends_on: keys(&["pool"]), ..Item::child(key("web")) };
    let slots = leak([slot("broken", Item::broken(key("Broken"))), slot("web", web)]);
    let mut room = Room::<32, 64>::new();
    let tree = room.tree(leak(Item::supervisor(key("App"), slots)));
    assert_eq!(said_at(&tree, 1), "");
}

/// Trees of few names, so that all that can be odd about one comes up.
struct Trees {
    random: u64,
}

impl Trees {
    fn below(&mut self, bound: u64) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from((self.random >> 33) % bound).expect("below a small number")
    }

    fn happens(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c", "d", "e", "f", "g", "h", "i<?", "j<Pool", "Inner0", "Inner1"]
            [self.below(12)]
    }

    fn names(&mut self, one_in: u64) -> &'static [Key] {
        let count = if self.happens(one_in) { 1 + self.below(2) } else { 0 };
        leak_all((0..count).map(|_| key(self.name())).collect())
    }

    fn restart(&mut self) -> Restart {
        [Restart::Permanent, Restart::Transient, Restart::Temporary][self.below(3)]
    }

    fn item(&mut self, name: &str, depth: usize) -> &'static Item {
        let mut slots = Vec::new();
        for field in 0..=self.below(4) {
            let inner = format!("Inner{field}");
            let mut item = if depth < 2 && self.happens(4) {
                *self.item(&inner, depth + 1)
            } else {
                let is_multiple = self.happens(4);
                Item { is_multiple, ..Item::child(key(self.name())) }
            };
            (item.depends_on, item.handles) = (self.names(3), self.names(8));
            if self.happens(8) {
                item.restart = Some(self.restart());
            }
            let mut said = SaidAtField::NONE;
            if self.happens(12) {
                said = said.with_policy(PolicyPatch::NONE.restart(self.restart()));
            }
            if self.happens(12) {
                said = said.depends_on(self.names(2));
            }
            if self.happens(12) {
                said = said.after(leak([leak(format!("f{}", self.below(4))).as_str()]));
            }
            if self.happens(6) {
                said.at = SaidAtField::here().at;
            }
            slots.push(slot(leak(format!("f{field}")), item).saying(leak(said)));
        }
        let mut item = Item::supervisor(key(name), leak_all(slots));
        if self.happens(8) {
            item.requires = self.names(1);
        }
        if self.happens(8) {
            item.default_restart = Some(self.restart());
        }
        item.is_parallel = self.happens(8);
        leak(item)
    }
}

#[test]
fn the_short_way_through_a_tree_comes_to_what_the_long_way_comes_to() {
    let mut trees = Trees { random: 1 };
    let (mut short, mut found) = (0, 0);
    // Miri is a thousand times slower.
    let times = if cfg!(miri) { 3 } else { 5_000 };
    for _ in 0..times {
        let top = trees.item("App", 0);
        both_ways_agree(top);
        let mut wires = [NO_WIRE; 512];
        if let Some(count) = Shelf::<512>::new().look_through(top, &mut wires) {
            short += 1;
            found += count;
        }
    }
    assert!(cfg!(miri) || short > 500 && found > 50, "{short} short ways, {found} wires");
}
