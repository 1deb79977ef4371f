//! The test kit, as tests of workflows use it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod basics;
mod crash;
mod failures;
mod failures_of_points;
mod flows;
mod paused;
mod points;
mod points_of_fan_out;
mod random;
mod stores;
