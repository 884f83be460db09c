//! The clock of the runtime, stopped.

use std::time::{Duration, Instant as RealInstant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, advance, sleep};

/// Stops the clock of the current runtime, unless it stands already.
///
/// # Panics
///
/// Outside a Tokio runtime, and on one whose clock cannot be stopped.
pub(super) async fn pause() {
    let Ok(runtime) = Handle::try_current() else {
        panic!("there is no Tokio runtime here: write the test as `#[tokio::test]`")
    };
    assert!(
        runtime.runtime_flavor() == RuntimeFlavor::CurrentThread,
        "the clock can be stopped only on the current-thread runtime: write the test as \
         `#[tokio::test]`, without `multi_thread`"
    );
    if !is_paused() {
        tokio::time::pause();
        align().await;
    }
}

/// Moves the clock to a whole millisecond of the runtime, which is when its timers are due: then
/// 100 ms are 100 and not 101.
///
/// Where that is, only a timer knows. One that is set for less than what is missing is due at the
/// next millisecond, any other at the one after. A sleep does not change what is missing.
async fn align() {
    let (mut low, mut high) = (0, 1_000_001);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let before = Instant::now();
        sleep(Duration::from_nanos(middle)).await;
        if before.elapsed() > Duration::from_millis(1) {
            high = middle;
        } else {
            low = middle;
        }
    }
    advance(Duration::from_nanos(low)).await;
}

/// Tokio does not say, and stopping a clock twice is a panic. So: does it move while time passes?
fn is_paused() -> bool {
    let (clock, real) = (Instant::now(), RealInstant::now());
    while RealInstant::now() == real {
        std::hint::spin_loop();
    }
    Instant::now() == clock
}
