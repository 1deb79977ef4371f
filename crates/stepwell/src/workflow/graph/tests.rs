//! Each check says what is wrong, and says the same while the program is compiled.

mod batches;
mod events;
mod handlers;
mod options;
mod paths;
mod random;

use expect_test::Expect;

use crate::workflow::builder::sketch::sketch;

/// Shows what is wrong with a workflow.
#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&sketch(text).problems());
}
