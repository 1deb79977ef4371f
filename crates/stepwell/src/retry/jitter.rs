//! Jitter: chance that is the same every time.

use std::time::Duration;

/// How delays that would be equal are spread, so that steps that failed together do not come back
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Anything between the minimum and the delay.
    Full,
    /// The delay and up to so much more, though not more than the maximum.
    UpTo(Duration),
}

/// Picks a duration between two, as the seed says; each is as likely as any other.
///
/// Whole numbers only, so that every machine picks the same.
pub(super) fn between(low: Duration, high: Duration, seed: u32) -> Duration {
    let (low, high) = (low.min(high), low.max(high));
    let span = (high - low).as_nanos();
    // A duration has less than 2^94 nanoseconds, so the product fits.
    let part = (span * u128::from(hash(seed))) >> u32::BITS;
    low + Duration::from_nanos_u128(part)
}

/// The upper half of one step of SplitMix64: seeds that differ by one give unrelated numbers.
fn hash(seed: u32) -> u32 {
    let mut hash = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ (hash >> 31)) >> u32::BITS) as u32
}
