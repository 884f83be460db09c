//! How much is taken from the heap, and how often. The numbers are those of the library as it is by
//! default; who changes one writes the new one down, here and in the book.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use bench_guard::Tree;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One at a time: they look at what the whole process takes.
static ALONE: Mutex<()> = Mutex::new(());

/// The most allocations of one restart: the future, Tokio's task, and the error it failed with with
/// what is said about it. What the run and the driver share is that of the run before. One more is
/// the question here whether it is over. The messages between them come in blocks of 32, which are
/// used again, as is what the journal lets go of.
const PER_RESTART: f64 = 5.0;
/// Of a member that is added, acknowledged, removed and acknowledged: two questions and their
/// answers, its paths and its id, what it amounts to, a run, and what is remembered. Who asks and why
/// is shared with the question before.
const PER_ADD_AND_REMOVE: f64 = 16.1;
/// The most allocations that are alive for each parked child: its path, what is known of it by
/// declaration, the future, what the run and the driver share, and Tokio's task.
const PER_CHILD: f64 = 5.1;
/// Their bytes, with its share of what is large.
const BYTES_PER_CHILD: f64 = 690.0;

/// The least of three times: the test harness has a thread of its own, which takes a few as well
/// when it begins another test or prints the outcome of one.
fn allocations_of(times: u32, mut work: impl FnMut()) -> f64 {
    let mut each = || {
        let region = Region::new(HEAP);
        for _ in 0..times {
            work();
        }
        let change = region.change();
        (change.allocations + change.reallocations) as f64 / f64::from(times)
    };
    each().min(each()).min(each())
}

#[test]
fn a_restart_takes_no_more_than_it_needs() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let tree = Tree::started(1_000);
    // Until the history of its exits and the journal are full.
    allocations_of(1_000, || tree.restart());
    let each = allocations_of(1_000, || tree.restart());
    println!("{each} allocations for each restart");
    assert!(each <= PER_RESTART, "{each}");
}

#[test]
fn a_member_that_comes_and_goes_takes_no_more_than_it_needs() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let tree = Tree::started(1_000);
    allocations_of(1_000, || tree.add_and_remove());
    let each = allocations_of(1_000, || tree.add_and_remove());
    println!("{each} allocations for each member that is added and removed");
    assert!(each <= PER_ADD_AND_REMOVE, "{each}");
}

#[test]
fn a_parked_child_keeps_no_more_than_it_needs() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    drop(Tree::started(10));
    let region = Region::new(HEAP);
    let tree = Tree::started(10_000);
    let kept = region.change();
    let bytes = (kept.bytes_allocated - kept.bytes_deallocated) as f64 / 10_000.0;
    let allocations = (kept.allocations - kept.deallocations) as f64 / 10_000.0;
    println!("{allocations} allocations and {bytes} bytes for each parked child");
    assert!(allocations <= PER_CHILD, "{allocations}");
    assert!(bytes <= BYTES_PER_CHILD, "{bytes}");
    drop(tree);
}
