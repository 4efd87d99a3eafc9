//! Numbers that look random and are the same for ever.
//!
//! SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
//! It is ours because `rand` promises neither that `StdRng` nor that its ranges give the same
//! numbers in the next version, and because each store and day gets a stream of its own: what
//! happens on one day is then independent of how long the day before was. Good enough to make
//! up a shop, and for nothing that must be secret.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of `seed` that is named by `labels`.
    pub fn stream(seed: u64, labels: &[i64]) -> Self {
        let mut random = Self(seed);
        for label in labels {
            random.0 = random.next() ^ label.cast_unsigned();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to `most`, both included. The remainder's bias is far below notice.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        debug_assert!(least <= most, "{least} to {most}");
        least + (self.next() >> 1).cast_signed() % (most - least + 1)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: i64) -> bool {
        self.between(0, 99) < chance
    }

    /// An index below `len`, which must not be 0.
    pub fn index(&mut self, len: usize) -> usize {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.next() % len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        let mut random = Random::stream(1_234_567, &[]);
        let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
        let expect =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(drawn, expect);
    }

    #[test]
    fn a_range_is_reached_to_both_ends_and_not_left() {
        let mut random = Random::stream(7, &[1, 2]);
        let drawn: Vec<i64> = (0..1_000).map(|_| random.between(-2, 2)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&2));
    }
}
