//! How much CPU others used while something was measured.

use std::time::{Duration, Instant};

/// Above this share of all cores a run counts as disturbed.
const TOLERATED: f64 = 0.05;
/// What the clock ticks of `/proc/stat` are counted in, on Linux always.
const TICK: Duration = Duration::from_millis(10);

/// A measurement of the machine that has begun.
#[derive(Debug)]
pub struct Watch {
    began: Instant,
    busy: Option<Duration>,
}

impl Watch {
    /// Begins to watch.
    pub fn start() -> Self {
        Self { began: Instant::now(), busy: busy() }
    }

    /// Whether others used so much that a run with this CPU time of its own is disturbed. Where
    /// there is no `/proc/stat` nobody knows, and no run is.
    pub fn is_disturbed(&self, own: Duration) -> bool {
        let (Some(before), Some(after)) = (self.busy, busy()) else {
            return false;
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // The ticks are coarse: one for each core is no news.
        let ticks = TICK * u32::try_from(cores).unwrap_or(1);
        let others = after.saturating_sub(before).saturating_sub(own).saturating_sub(ticks);
        let all = self.began.elapsed().as_secs_f64() * cores as f64;
        others.as_secs_f64() > all * TOLERATED
    }
}

/// The time that all cores were busy, with the time that was stolen from them.
fn busy() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u32> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal
    let [user, nice, system, _, _, irq, softirq, steal, ..] = *ticks else {
        return None;
    };
    Some(TICK * (user + nice + system + irq + softirq + steal))
}
