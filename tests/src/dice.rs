//! A generator of random numbers that needs no crate: splitmix64.

use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Draws, always the same from the same seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Draws from this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws of their own for whatever is named, whoever else draws in between.
    pub fn of(seed: u64, name: impl Hash) -> Self {
        // Written out, because the one of the standard library may be another one tomorrow.
        struct Fnv(u64);
        impl Hasher for Fnv {
            fn finish(&self) -> u64 {
                self.0
            }
            fn write(&mut self, bytes: &[u8]) {
                for byte in bytes {
                    self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
                }
            }
        }
        let mut hasher = Fnv(0xCBF2_9CE4_8422_2325 ^ seed);
        name.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// From 0 to `n`, without it.
    ///
    /// # Panics
    ///
    /// When `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    /// Once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }

    /// So many milliseconds, from `from` to `to`, without it.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}
