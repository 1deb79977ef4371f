//! The only source of chance.

/// The SplitMix64 generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Begins with a seed; seeds that are near each other begin far apart.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Self(seed).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Returns one of some.
    pub(crate) fn of<T: Copy>(&mut self, some: &[T]) -> T {
        let at = usize::try_from(self.below(some.len() as u64)).expect("it is an index");
        some[at]
    }

    /// Says yes so many times in a thousand.
    pub(crate) fn per_mille(&mut self, rate: u64) -> bool {
        self.below(1_000) < rate
    }
}
