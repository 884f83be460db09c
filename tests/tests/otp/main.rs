//! Conformance: random programs, played here and compared step by step with what a real
//! Erlang/OTP supervisor did with them.
//!
//! `OTP_CORPUS=FILE` reads another corpus, plain or gzipped; `OTP_ONLY=SEED` plays one program.

mod corpus;
mod player;

use std::sync::Arc;

use corpus::Program;
use tokio::runtime::{Builder, Runtime};

#[test]
fn otp_programs_behave_the_same_on_current_thread() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    compare("current_thread", &runtime, 1);
}

#[test]
fn otp_programs_behave_the_same_on_multi_thread() {
    let runtime =
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    compare("multi_thread", &runtime, 2);
}

/// Plays every program, `at_once` of them side by side, and compares.
fn compare(flavor: &str, runtime: &Runtime, at_once: usize) {
    let programs = Arc::new(corpus::read());
    let total = programs.len();
    let players: Vec<_> = (0..at_once)
        .map(|player| {
            let programs = Arc::clone(&programs);
            runtime.spawn(async move {
                let mut differences = Vec::new();
                for program in programs.iter().skip(player).step_by(at_once) {
                    if let Err(difference) = player::play(program).await {
                        differences.push((program.seed, describe(program, &difference)));
                    }
                }
                differences
            })
        })
        .collect();
    let mut differences: Vec<_> = runtime.block_on(async {
        let mut all = Vec::new();
        for player in players {
            all.extend(player.await.expect("a player does not panic"));
        }
        all
    });
    differences.sort();
    let identical = total - differences.len();
    println!("OTP programs identical: {identical} of {total} ({flavor})");
    if let Some((_, first)) = differences.first() {
        panic!("{} programs differ ({flavor}); the first:\n{first}", differences.len());
    }
    assert!(total > 0, "the corpus is empty");
}

fn describe(program: &Program, difference: &player::Difference) -> String {
    format!(
        "program {}: {}\nstep {}: {:?}\n  OTP:  {}\n  here: {}",
        program.seed,
        serde_json::to_string(&program.declaration()).expect("plain data"),
        difference.step,
        difference.op,
        difference.otp,
        difference.here,
    )
}
