//! Waits.

use super::*;

/// The first delays of a wait, in seconds.
fn delays(wait: impl Into<Wait>, count: u32) -> Vec<f64> {
    let wait = wait.into();
    (1..=count).map(|failures| wait.delay(&after_failures(failures)).as_secs_f64()).collect()
}

#[test]
fn ry_5_exponential_waits_double_up_to_the_maximum() {
    let wait = exponential(SECOND).max(10 * SECOND);
    assert_eq!(delays(wait, 6), [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]); // p20

    assert_eq!(delays(Exponential::default(), 7), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]);
    assert_eq!(delays(exponential(SECOND).base(3.0).min(2 * SECOND), 3), [2.0, 3.0, 9.0]);
    let shrinking = exponential(8 * SECOND).base(0.5).min(3 * SECOND);
    assert_eq!(delays(shrinking, 3), [8.0, 4.0, 3.0]);
    assert_eq!(delays(exponential(SECOND).max(SECOND).min(2 * SECOND), 2), [2.0, 2.0]);
}

#[test]
fn ry_5_incrementing_waits_grow_evenly_up_to_the_maximum() {
    let wait = incrementing(SECOND, 2 * SECOND).max(6 * SECOND);
    assert_eq!(delays(wait, 5), [1.0, 3.0, 5.0, 6.0, 6.0]); // p20
    assert_eq!(delays(incrementing(Duration::ZERO, 100 * SECOND), 3), [0.0, 100.0, 200.0]);
}

#[test]
fn ry_5_no_wait_and_fixed_waits_stay_the_same() {
    assert_eq!(delays(Wait::none(), 3), [0.0, 0.0, 0.0]);
    assert_eq!(delays(fixed(SECOND), 3), [1.0, 1.0, 1.0]);

    let policy = retry().wait(fixed(millis(200))).stop(attempts(3));
    assert_eq!(attempts_of(&policy), [0.0, 0.2, 0.4]); // p20
}

#[test]
fn ry_5_a_chain_repeats_its_last_wait() {
    let steps = [100, 300, 500].map(|wait| fixed(millis(wait)));
    assert_eq!(delays(chain(steps.clone()), 5), [0.1, 0.3, 0.5, 0.5, 0.5]);
    let policy = retry().wait(chain(steps)).stop(attempts(4));
    assert_eq!(attempts_of(&policy), [0.0, 0.1, 0.4, 0.9]); // p20

    let grown = chain([fixed(SECOND), exponential(SECOND).into()]);
    assert_eq!(delays(grown, 3), [1.0, 2.0, 4.0]);
    assert_eq!(delays(chain::<Wait>([]), 2), [0.0, 0.0]);
}

#[test]
fn ry_5_waits_are_added() {
    assert_eq!(delays(exponential(SECOND) + fixed(millis(500)) + fixed(SECOND), 2), [2.5, 3.5]);
    assert_eq!(delays(fixed(SECOND) + incrementing(SECOND, SECOND), 2), [2.0, 3.0]);
    assert_eq!(delays(incrementing(SECOND, SECOND) + exponential(SECOND), 2), [2.0, 4.0]);
    let most = fixed(Duration::MAX) + fixed(SECOND);
    assert_eq!(most.delay(&after_failures(1)), Duration::MAX);
}

/// Checks that delays lie between two times and are spread over the space between them.
fn check_spread(wait: impl Into<Wait>, failures: u32, low: Duration, high: Duration) {
    let wait = wait.into();
    let delay = |seed| wait.delay(&Attempted { seed, ..after_failures(failures) });
    let delays: Vec<_> = (0..1000).map(delay).collect();
    assert!(delays.iter().all(|delay| (low..=high).contains(delay)), "{wait}");
    let mean = delays.iter().sum::<Duration>() / 1000;
    let (middle, margin) = ((low + high) / 2, (high - low) / 20);
    assert!(mean.abs_diff(middle) <= margin, "{wait}: {mean:?}");
    assert!(delays.iter().max() > delays.iter().min(), "{wait}");
}

#[test]
fn ry_5_random_waits_lie_between_their_limits() {
    check_spread(random(SECOND, 3 * SECOND), 1, SECOND, 3 * SECOND);
    check_spread(random(3 * SECOND, SECOND), 1, SECOND, 3 * SECOND);
    let long = Duration::MAX / 1000;
    check_spread(random(Duration::ZERO, long), 1, Duration::ZERO, long);
    assert_eq!(delays(random(SECOND, SECOND), 2), [1.0, 1.0]);
}

#[test]
fn ry_5_full_jitter_lies_between_the_minimum_and_the_delay() {
    let wait = exponential(SECOND).jitter(Jitter::Full);
    check_spread(wait, 1, Duration::ZERO, SECOND);
    check_spread(wait, 4, Duration::ZERO, 8 * SECOND);
    check_spread(wait, 99, Duration::ZERO, 60 * SECOND);
    check_spread(wait.min(2 * SECOND), 3, 2 * SECOND, 4 * SECOND);
    assert_eq!(delays(wait.min(2 * SECOND), 2), [2.0, 2.0]);
}

#[test]
fn ry_5_exponential_jitter_is_added_up_to_the_maximum() {
    let wait = exponential(SECOND).max(4 * SECOND).jitter(Jitter::UpTo(SECOND));
    check_spread(wait, 1, SECOND, 2 * SECOND);
    check_spread(wait, 2, 2 * SECOND, 3 * SECOND);
    // p20: 1.134, 2.134, 4, 4; its random numbers are Python's.
    let delays = delays(wait, 4);
    assert!((delays[1] - delays[0] - 1.0).abs() < 1e-9, "{delays:?}");
    assert_eq!(delays[2..], [4.0, 4.0]);
}

#[test]
fn ry_5_no_number_makes_a_wait_panic() {
    let durations = [Duration::ZERO, Duration::from_nanos(1), SECOND, Duration::MAX];
    let bases = [0.0, -0.0, -2.0, 0.5, 1.0, 1e308, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN];
    let jitters = [Jitter::Full, Jitter::UpTo(Duration::MAX)];
    for (first, second, third) in triples(&durations) {
        check_limits(incrementing(first, second).max(third), Duration::ZERO, third);
        check_limits(random(first, second), first.min(second), first.max(second));
        for base in bases {
            let wait = exponential(first).base(base).max(second).min(third);
            check_limits(wait, third, second.max(third));
            for jitter in jitters {
                check_limits(wait.jitter(jitter), third, second.max(third));
            }
        }
    }
}

fn triples<T: Copy>(values: &[T]) -> impl Iterator<Item = (T, T, T)> {
    let pairs = move |a| values.iter().flat_map(move |b| values.iter().map(move |c| (a, *b, *c)));
    values.iter().copied().flat_map(pairs)
}

fn check_limits(wait: impl Into<Wait>, low: Duration, high: Duration) {
    let wait = wait.into();
    for (failures, seed, _) in triples(&[0, 1, 2, 1100, u32::MAX]) {
        let delay = wait.delay(&Attempted { seed, ..after_failures(failures) });
        assert!((low..=high).contains(&delay), "{wait}: {delay:?} after {failures}");
    }
}

#[test]
fn ry_5_numbers_out_of_range_have_a_meaning() {
    let check = |base, failures, expected| {
        let wait = Wait::from(exponential(SECOND).base(base).max(9 * SECOND));
        assert_eq!(wait.delay(&after_failures(failures)), expected, "{wait}");
    };
    check(2.0, u32::MAX, 9 * SECOND);
    check(f64::INFINITY, 1, SECOND);
    check(f64::INFINITY, 2, 9 * SECOND);
    check(f64::NAN, 7, SECOND);
    check(-2.0, 7, SECOND);
    check(0.0, 2, Duration::ZERO);
    assert_eq!(delays(exponential(Duration::ZERO).base(f64::INFINITY), 2), [0.0, 0.0]);
}

#[test]
fn a_custom_wait_sees_the_failure() {
    let wait = Wait::custom(|attempted| attempted.failures * SECOND);
    assert_eq!(delays(wait + fixed(SECOND), 3), [2.0, 3.0, 4.0]);
}

#[test]
fn ry_7_the_same_seed_draws_the_same_delay() {
    let wait = random(Duration::ZERO, SECOND);
    let drawn: Vec<_> = [0, 1, 2, 7, u32::MAX]
        .map(|seed| wait.delay(&Attempted { seed, ..after_failures(1) }))
        .map(|delay| delay.as_nanos())
        .into();
    // The first is 0xe220a839 / 2^32 s: SplitMix64 begins with 0xe220a8397b1dcdaf after seed 0.
    assert_eq!(drawn, [883_310_808, 566_561_575, 591_189_734, 389_829_748, 451_923_110]);
}
