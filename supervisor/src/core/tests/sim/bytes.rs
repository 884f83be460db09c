//! Histories out of bytes: what a fuzzer plays, and what it has found.

use super::{Step, play};

/// The longest history. What is found in a longer one is found in a shorter one, too.
const STEPS: usize = 150;

/// Plays a history: two bytes are the seed of the tree, and each four a step.
pub(crate) fn play_bytes(data: &[u8]) {
    let Some((seed, rest)) = data.split_first_chunk() else { return };
    let (steps, _) = rest.as_chunks();
    let steps: Vec<_> = steps.iter().take(STEPS).copied().map(step).collect();
    drop(play(u16::from_le_bytes(*seed).into(), &steps));
}

/// What is to be done, to whom, and how.
fn step([what, low, high, how]: [u8; 4]) -> Step {
    let pick = usize::from(u16::from_le_bytes([low, high]));
    // One byte says little: what is drawn from it depends on the rest.
    let seed = u64::from(u32::from_le_bytes([what, low, high, how]));
    let how = usize::from(how);
    match what % 32 {
        0..10 => Step::End { pick, how },
        10..14 => Step::Ready { pick },
        14 => Step::Beat { pick },
        15..17 => Step::Stale { pick, what: how },
        17..19 => Step::Wait { millis: seed >> 8 & 0xFFF },
        19..22 => Step::WaitForDeadline,
        22 => Step::Reload { pick, seed },
        23..30 => Step::Command { verb: how, pick, seed },
        30 => Step::WaitReady { pick },
        _ if how < 200 => Step::Shutdown,
        _ => Step::ShutdownNow,
    }
}

#[test]
#[cfg_attr(miri, ignore = "it reads files, and plays hundreds of histories")]
fn holds_for_the_histories_of_the_corpus() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/engine");
    let mut histories = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is there") {
        let file = entry.expect("a file").path();
        println!("{}", file.display());
        play_bytes(&std::fs::read(file).expect("a history"));
        histories += 1;
    }
    assert!(histories > 10, "{histories} files in {folder}");
}
