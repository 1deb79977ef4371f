//! Numbers with a `p20` beside them are what LlamaIndex Workflows printed.

mod conditions;
mod waits;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn failure() -> FailureView<'static> {
    FailureView::new("ValueError", "e0")
}

fn attempted(failures: u32, elapsed: Duration) -> Attempted<'static> {
    Attempted { elapsed, failures, failure: failure(), seed: 1 }
}

fn after_failures(failures: u32) -> Attempted<'static> {
    attempted(failures, Duration::ZERO)
}

/// Lets a step fail until the policy stops. Returns how long after the first attempt each attempt
/// began; an attempt takes no time.
fn attempts_of(policy: &RetryPolicy) -> Vec<f64> {
    let mut began = vec![Duration::ZERO];
    while let Verdict::Retry { delay } =
        policy.verdict(&attempted(began.len() as u32, began[began.len() - 1]))
    {
        began.push(began[began.len() - 1] + delay);
    }
    began.iter().map(Duration::as_secs_f64).collect()
}

fn retries(policy: &RetryPolicy, failure: FailureView<'_>) -> bool {
    let attempted = Attempted { elapsed: Duration::ZERO, failures: 1, failure, seed: 1 };
    policy.verdict(&attempted) != Verdict::Stop
}

fn says(message: &str) -> FailureView<'_> {
    FailureView::new("StepError", message)
}

#[test]
fn ry_3_the_default_waits_five_seconds_and_stops_after_three_attempts() {
    // p20: 5.0, 5.0, None
    assert_eq!(attempts_of(&retry()), [0.0, 5.0, 10.0]);
    assert_eq!(attempts_of(&RetryPolicy::default()), [0.0, 5.0, 10.0]);
}

#[test]
fn ry_3_a_failure_that_misses_the_condition_is_final() {
    // p20: attempts=1
    assert_eq!(attempts_of(&retry().on(error_type::<fmt::Error>())), [0.0]);
}

#[test]
fn ry_3_a_failure_that_misses_the_condition_asks_neither_wait_nor_stop() {
    let policy = retry()
        .on(Condition::never())
        .wait(Wait::custom(|_| panic!("asked")))
        .stop(Stop::custom(|_, _| panic!("asked")));
    assert_eq!(policy.verdict(&after_failures(1)), Verdict::Stop);
}

#[test]
fn ry_3_failures_count_from_one_and_zero_counts_as_one() {
    let policy = retry().wait(chain([fixed(SECOND), fixed(2 * SECOND)]));
    for failures in [0, 1] {
        assert_eq!(policy.verdict(&after_failures(failures)), Verdict::Retry { delay: SECOND });
    }
}

#[test]
fn a_fatal_failure_is_never_retried() {
    let fatal = FailureView { fatal: true, ..failure() };
    let always = retry().on(Condition::always()).stop(Stop::never());
    assert!(!retries(&always, fatal));
    assert!(!retries(&RetryPolicy::custom(|_| Verdict::Retry { delay: SECOND }), fatal));
    assert!(!retries(&retry().on(|failure: &FailureView<'_>| failure.fatal), fatal));
}

#[test]
fn ry_6_attempts_are_counted_in_all() {
    for (most, expected) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
        let policy = retry().wait(Wait::none()).stop(attempts(most));
        assert_eq!(attempts_of(&policy).len(), expected, "{policy}");
    }
}

#[test]
fn ry_6_before_delay_stops_one_attempt_sooner_than_after_delay() {
    let policy = retry().wait(fixed(millis(300)));
    // p20: attempts=2 elapsed=0.3 and attempts=3 elapsed=0.6
    assert_eq!(attempts_of(&policy.clone().stop(before_delay(millis(500)))), [0.0, 0.3]);
    assert_eq!(attempts_of(&policy.stop(after_delay(millis(500)))), [0.0, 0.3, 0.6]);
}

#[test]
fn ry_6_a_limit_that_is_just_reached_stops() {
    let at = |elapsed| attempted(9, millis(elapsed));
    for (elapsed, after, before) in [(399, false, false), (400, false, true), (500, true, true)] {
        assert_eq!(after_delay(millis(500)).reached(&at(elapsed), millis(100)), after);
        assert_eq!(before_delay(millis(500)).reached(&at(elapsed), millis(100)), before);
    }
    let longest = attempted(1, Duration::MAX);
    assert!(before_delay(Duration::MAX).reached(&longest, Duration::MAX));
}

#[test]
fn ry_6_stops_are_joined_with_or_and_and() {
    let waiting = retry().wait(fixed(SECOND));
    for (stop, expected) in [
        (attempts(5) | after_delay(2 * SECOND), 3),
        (attempts(2) | after_delay(9 * SECOND), 2),
        (attempts(5) & after_delay(2 * SECOND), 5),
        (attempts(2) & after_delay(3 * SECOND), 4),
        (attempts(2) | Stop::never(), 2),
        (attempts(9) | attempts(4) & after_delay(SECOND), 4),
    ] {
        let policy = waiting.clone().stop(stop);
        assert_eq!(attempts_of(&policy).len(), expected, "{policy}");
    }
    let endless = waiting.stop(Stop::never() & attempts(1));
    assert_ne!(endless.verdict(&attempted(u32::MAX, Duration::MAX)), Verdict::Stop);
}

#[test]
fn ry_7_the_seed_is_the_end_of_a_hash() {
    // What Python computes: int(sha256(text).hexdigest(), 16) & 0xffffffff
    assert_eq!(seed("run-1", "fetch", 1), 2_257_565_984);
    assert_eq!(seed("run-1", "fetch", 2), 4_282_370_464);
}

#[test]
fn ry_11_a_constant_delay_makes_three_attempts_five_seconds_apart() {
    assert_eq!(attempts_of(&RetryPolicy::constant_delay()), [0.0, 5.0, 10.0]);
}

#[test]
fn ry_11_an_exponential_backoff_makes_five_attempts_within_doubling_delays() {
    let policy = RetryPolicy::exponential_backoff();
    let began = attempts_of(&policy);
    assert_eq!(began.len(), 5);
    for (nth, limit) in [1.0, 2.0, 4.0, 8.0].into_iter().enumerate() {
        let delay = began[nth + 1] - began[nth];
        assert!((0.0..=limit).contains(&delay), "{began:?}");
    }
}

#[test]
fn a_stop_turns_into_a_policy() {
    let policy: RetryPolicy = attempts(2).into();
    assert_eq!(attempts_of(&policy), [0.0, 5.0]);
}

#[test]
fn a_custom_policy_decides_within_condition_and_stop() {
    let policy = RetryPolicy::custom(|attempted| match attempted.failures {
        4 => Verdict::Stop,
        failures => Verdict::Retry { delay: failures * SECOND },
    });
    assert_eq!(attempts_of(&policy), [0.0, 1.0, 3.0, 6.0]);
    assert_eq!(attempts_of(&policy.clone().stop(attempts(2))), [0.0, 1.0]);
    assert_eq!(attempts_of(&policy.clone().stop(before_delay(3 * SECOND))), [0.0, 1.0]);
    assert_eq!(attempts_of(&policy.clone().on(Condition::never())), [0.0]);
    assert_eq!(attempts_of(&policy.wait(Wait::none()).stop(attempts(2))), [0.0, 0.0]);
}

#[test]
fn a_change_of_a_clone_leaves_the_policy_as_it_was() {
    let policy = retry();
    assert_eq!(attempts_of(&policy.clone().stop(attempts(1))).len(), 1);
    assert_eq!(attempts_of(&policy).len(), 3);
}

#[test]
fn a_policy_goes_to_other_threads() {
    fn check<T: Clone + fmt::Debug + fmt::Display + Send + Sync + 'static>() {}
    check::<RetryPolicy>();
    check::<Condition>();
    check::<Wait>();
    check::<Stop>();
}

fn is_busy(failure: &FailureView<'_>) -> bool {
    failure.message.contains("busy")
}

fn decide(_: &Attempted<'_>) -> Verdict {
    Verdict::Stop
}

#[test]
fn a_policy_says_what_it_does() {
    let check = |policy: RetryPolicy, expected: &str| {
        let text = policy.to_string().replace(concat!(module_path!(), "::"), "");
        assert_eq!(text, expected);
        assert_eq!(format!("{policy:?}"), policy.to_string());
    };
    check(retry(), "any error, wait 5s, stop after 3 attempts");
    check(
        retry().wait(exponential(SECOND)).stop(attempts(5)),
        "any error, wait 1s x 2^n up to 60s, stop after 5 attempts",
    );
    check(
        RetryPolicy::exponential_backoff().stop(attempts(1) | before_delay(60 * SECOND)),
        "any error, wait 1s x 2^n up to 60s with full jitter, stop after 1 attempt or before 60s",
    );
    check(
        retry().on(when(is_busy) & !message_is("too \"busy\"")).wait(Wait::none()),
        "when is_busy and not message \"too \\\"busy\\\"\", no wait, stop after 3 attempts",
    );
    let condition = error_type::<fmt::Error>() | cause_type::<fmt::Error>();
    check(
        retry().on(condition | message_matches("5..")).unless(is_busy).stop(Stop::never()),
        "(core::fmt::Error or caused by core::fmt::Error or message like /5../) and not when \
         is_busy, wait 5s, never stop",
    );
    check(
        retry().wait(
            incrementing(SECOND, SECOND)
                + chain([fixed(SECOND), random(SECOND, 2 * SECOND)])
                + exponential(SECOND).min(millis(1)).base(1.5).jitter(Jitter::UpTo(SECOND)),
        ),
        "any error, wait 1s + 1s x n plus (1s then random 1s to 2s) plus 1s x 1.5^n from 1ms up \
         to 60s with 1s of jitter, stop after 3 attempts",
    );
    check(RetryPolicy::custom(decide), "any error, as decide says");
    check(
        RetryPolicy::custom(decide).stop(after_delay(SECOND) & attempts(2)),
        "any error, as decide says, stop after 1s and after 2 attempts",
    );
}
