//! Instructions, counted by valgrind: the same on every run, however busy the machine is.
//!
//! `just bench-guard`. Each has a number it was measured with and may cost five in a hundred more.
//! Who makes something cheaper writes the new number down.

use std::hint::black_box;

use bench_guard::Tree;
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use rust_supervisor::bench_guard::Core;

/// How many children there are beside.
const CHILDREN: usize = 1_000;

fn at_most(measured: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, measured + measured / 20)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// A core that has done everything once. Somebody has read its state, so the first change after that
/// lets go of what was seen of 64 nodes.
fn core() -> Core {
    let mut core = Core::started(CHILDREN);
    core.restart(0);
    core.add_and_remove();
    core.snapshot();
    core
}

/// A tree that has done everything once.
fn tree() -> Tree {
    let tree = Tree::started(CHILDREN);
    tree.restart();
    tree.add_and_remove();
    tree.state();
    tree
}

#[library_benchmark(setup = core)]
#[bench::of_1000(config = at_most(CORE_RESTART))]
fn core_restart(mut core: Core) -> Core {
    core.restart(black_box(500));
    core
}

#[library_benchmark(setup = core)]
#[bench::of_1000(config = at_most(CORE_ADD_AND_REMOVE))]
fn core_add_and_remove(mut core: Core) -> Core {
    core.add_and_remove();
    core
}

#[library_benchmark(setup = core)]
#[bench::of_1000(config = at_most(CORE_SNAPSHOT))]
fn core_snapshot_after_one_restart(mut core: Core) -> Core {
    core.restart(500);
    core.snapshot();
    core
}

#[library_benchmark(setup = core)]
#[bench::of_1000(config = at_most(CORE_SHUTDOWN))]
fn core_shutdown(mut core: Core) -> Core {
    core.shut_down();
    core
}

#[library_benchmark]
#[bench::of_1000(config = at_most(CORE_START))]
fn core_start() -> Core {
    Core::started(black_box(CHILDREN))
}

#[library_benchmark(setup = tree)]
#[bench::of_1000(config = at_most(RESTART))]
fn restart(tree: Tree) -> Tree {
    tree.restart();
    tree
}

#[library_benchmark(setup = tree)]
#[bench::of_1000(config = at_most(ADD_AND_REMOVE))]
fn add_and_remove(tree: Tree) -> Tree {
    tree.add_and_remove();
    tree
}

#[library_benchmark(setup = tree)]
#[bench::of_1000(config = at_most(STATE_OF_ONE))]
fn state_of_one(tree: Tree) -> Tree {
    tree.state();
    tree
}

library_benchmark_group!(
    name = core_alone,
    benchmarks = [
        core_start,
        core_restart,
        core_add_and_remove,
        core_snapshot_after_one_restart,
        core_shutdown
    ]
);
library_benchmark_group!(name = end_to_end, benchmarks = [restart, add_and_remove, state_of_one]);
main!(library_benchmark_groups = [core_alone, end_to_end]);

// What each was measured with: x86-64, glibc 2.36, Rust 1.95, release.
const CORE_START: u64 = 6_540_984;
const CORE_RESTART: u64 = 8_403;
const CORE_ADD_AND_REMOVE: u64 = 16_478;
const CORE_SNAPSHOT: u64 = 61_925;
const CORE_SHUTDOWN: u64 = 1_979_188;
const RESTART: u64 = 15_351;
const ADD_AND_REMOVE: u64 = 31_141;
const STATE_OF_ONE: u64 = 7_566;
