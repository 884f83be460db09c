//! What an exit, a command and a look at the state cost in trees of a hundred to a million children.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -p bench-scaling -- docs/en/src
//! ```
//!
//! CPU time of the process, on a runtime with one thread: what others do on the machine changes it
//! little. The least of several measurements counts. Writes `scaling.md` and `scaling.svg` into the
//! folder that is given.

mod plot;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bench_guard::Tree;
use rustix::time::{ClockId, clock_gettime};

/// How many children.
const SIZES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

/// How often each is measured.
const SAMPLES: usize = 7;

/// What is measured, and how often it is done in one measurement.
const WORK: [(&str, &str, u32, fn(&Tree)); 3] = [
    ("one exit and its restart", "exit", 2_000, Tree::restart),
    ("a member added and removed", "command", 1_000, Tree::add_and_remove),
    ("the state of one child", "state", 5_000, Tree::state),
];

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).map(PathBuf::from).context("which folder?")?;
    let mut table = String::from("| children | ");
    for (what, ..) in WORK {
        write!(table, "{what} | ")?;
    }
    table.push_str("for each child: the state of all | its start | its end |\n");
    table.push_str("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    let mut lines: Vec<(&str, Vec<f64>)> = WORK.map(|(_, name, ..)| (name, Vec::new())).into();
    for children in SIZES {
        // What the process takes from the system for the first time is not the tree's.
        Tree::started(children).shut_down();
        let mut tree = None;
        let start = micros_of(|| tree = Some(Tree::started(children)));
        let tree = tree.context("it was started")?;
        write!(table, "| {} |", grouped(children))?;
        for (n, (.., times, work)) in WORK.into_iter().enumerate() {
            let each = micros(times, || work(&tree));
            write!(table, " {each:.2} us |")?;
            lines[n].1.push(each);
        }
        // One of them has changed each time.
        let whole = micros(1, || {
            tree.restart();
            tree.states();
        });
        let end = micros_of(|| tree.shut_down());
        for all in [whole, start, end] {
            write!(table, " {:.2} us |", all / children as f64)?;
        }
        table.push('\n');
        eprint!("{children} ");
    }
    eprintln!();
    print!("{table}");
    fs::write(folder.join("scaling.md"), &table).context("cannot write scaling.md")?;
    let plot = plot::svg(&SIZES, &lines);
    fs::write(folder.join("scaling.svg"), plot).context("cannot write scaling.svg")?;
    Ok(())
}

/// The CPU time of one of `times`, at least of several measurements.
fn micros(times: u32, mut work: impl FnMut()) -> f64 {
    let sample = || micros_of(|| (0..times).for_each(|_| work())) / f64::from(times);
    std::iter::repeat_with(sample).take(SAMPLES).fold(f64::INFINITY, f64::min)
}

/// The CPU time of something that is done once.
fn micros_of(work: impl FnOnce()) -> f64 {
    let before = cpu();
    work();
    (cpu() - before).as_secs_f64() * 1e6
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("not before it began");
    Duration::new(seconds, u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// `1,000,000` for a million.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}
