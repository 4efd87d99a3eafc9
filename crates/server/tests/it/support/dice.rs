//! Chance that can be repeated: the seed is printed where a test fails.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded by `STOCKROOM_TEST_SEED`, else by the time of day.
    pub fn new() -> Self {
        let given = std::env::var("STOCKROOM_TEST_SEED").ok();
        let given = given.map(|text| text.parse().expect("STOCKROOM_TEST_SEED is a number"));
        let seed: u64 = given.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::from(since.subsec_nanos()) << 32 | since.as_secs() & 0xffff_ffff
        });
        // Shown only where the test fails.
        println!("STOCKROOM_TEST_SEED={seed}");
        Self(seed)
    }

    /// Other numbers for each of several clients, from the same seed.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to and without `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("a small number")
    }

    /// A number from `first` up to and with `last`.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        first
            + i64::try_from(self.below(usize::try_from(last - first + 1).expect("a range")))
                .expect("small")
    }
}
