//! What every store must do: one list of tests, run on each.
//!
//! A store outside this crate runs it as well, with the feature `test-util`:
//!
//! ```
//! # use stepwell::store::MemoryStore;
//! // A fresh store for each test, and whatever must outlive it.
//! stepwell::store_conformance!((MemoryStore::default(), ()));
//! ```
//!
//! # What is deliberately not here
//!
//! - **No restarts.** What outlives a process differs between stores, and so do those tests.

mod create;
pub(in crate::store) mod fixture;
mod handler;
mod inbox;
mod purge;
mod snapshot;
mod stream;
mod timer;
mod turn;

pub use self::create::*;
pub use self::handler::*;
pub use self::inbox::*;
pub use self::purge::*;
pub use self::snapshot::*;
pub use self::stream::*;
pub use self::timer::*;
pub use self::turn::*;

/// Expands to one test for each test of the list, each on a fresh store.
///
/// The argument is an expression for a pair: a new store, and what must outlive it, such as its
/// directory.
///
/// The list below is the only one: a test added to it runs for every store.
#[macro_export]
macro_rules! store_conformance {
    ($new_store:expr) => {
        $crate::store_conformance!($new_store;
            a_new_run_is_found_by_its_name_and_by_its_handler,
            a_run_can_end_with_its_first_turn,
            a_run_created_again_is_the_same_run,
            a_run_created_again_is_the_same_run_after_its_handler_moved_on,
            of_many_runs_created_at_once_one_wins,
            a_handler_is_busy_until_its_run_ends,
            a_handler_that_points_elsewhere_has_changed,
            a_run_name_is_used_once,

            a_turn_changes_its_run,
            the_journal_holds_every_turn_in_order,
            runs_do_not_share_their_journals,
            a_repeated_turn_is_written_once,
            another_turn_at_the_same_head_is_fenced,
            a_turn_ahead_of_its_run_is_fenced,
            a_turn_of_an_older_owner_is_fenced,
            a_turn_of_an_unknown_run_is_fenced,
            a_fenced_turn_writes_nothing,
            of_many_turns_at_one_head_one_is_written,
            a_run_is_taken_as_it_stands,

            messages_wait_in_the_order_of_their_arrival,
            a_message_is_put_in_once,
            a_message_is_put_in_once_even_after_it_was_consumed,
            runs_do_not_share_names_of_messages,
            an_ended_run_takes_no_messages,
            an_unknown_run_takes_no_messages,
            consumed_messages_go_with_their_turn,
            a_turn_consumes_no_messages_of_other_runs,
            a_run_does_not_end_while_it_leaves_messages_behind,
            a_fenced_end_is_not_told_of_messages,
            an_inbox_takes_so_many_messages,
            an_inbox_takes_so_many_bytes,

            timers_come_earliest_first,
            timers_come_due_before_a_moment,
            a_timer_is_moved_and_cleared,
            timers_come_for_the_pools_asked_for,
            the_timers_of_an_ended_run_are_gone,
            a_timer_beyond_all_time_never_comes_due,
            timers_are_read_in_parts,

            the_newest_snapshot_is_kept,
            an_older_snapshot_does_not_replace_a_newer_one,
            a_snapshot_ahead_of_its_run_is_not_kept,
            runs_do_not_share_their_snapshots,
            a_snapshot_stays_until_its_run_is_purged,
            a_journal_is_read_in_parts,
            all_that_it_takes_to_go_on_is_read_at_once,

            a_stream_is_read_after_any_sequence,
            a_stream_is_read_in_parts,
            runs_do_not_share_their_streams,
            the_last_stream_rows_come_in_the_order_of_the_runs,

            handlers_are_listed_in_the_order_of_their_first_use,
            handlers_are_filtered,
            unfinished_runs_are_those_with_something_to_do,
            unfinished_runs_come_for_the_pools_asked_for,
            unfinished_runs_are_read_in_parts,
            definitions_are_kept,

            a_purge_removes_every_run_of_the_handler,
            a_purge_leaves_other_handlers_alone,
            a_handler_whose_run_goes_on_is_not_purged,
            a_purged_handler_can_be_used_again,
            the_key_of_a_purged_run_names_no_other,
            a_closed_store_refuses_writes,
        );
    };
    ($new_store:expr; $($test:ident,)*) => {$(
        #[tokio::test]
        async fn $test() {
            let (store, _guard) = $new_store;
            $crate::store::conformance::$test(&store).await;
            drop(store);
        }
    )*};
}
