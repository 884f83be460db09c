//! The same program with an allocator that counts.

#[path = "main.rs"]
mod program;

use std::alloc::System;

#[global_allocator]
static HEAP: &stats_alloc::StatsAlloc<System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn main() {
    program::main();
}
