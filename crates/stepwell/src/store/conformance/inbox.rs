//! How messages wait for their run.

use futures::future::join_all;

use super::fixture::{
    commit, deliver, inbox, inbox_ids, journal, last_turn, message, newest, start, stream,
    streaming, try_commit, turn,
};
use crate::store::{
    Commit, Delivery, INBOX_BYTES, INBOX_MESSAGES, Message, RunKey, Status, Store, Turn,
};

/// First come, first read, and no more than asked for.
pub async fn messages_wait_in_the_order_of_their_arrival(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    for name in ["c", "a", "b"] {
        assert_eq!(deliver(store, key, name).await, Delivery::Accepted);
    }

    assert_eq!(inbox(store, key).await, ["c", "a", "b"]);
    let ids = inbox_ids(store, key).await;
    assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
    let first = store.inbox(key, 2).await.expect("the store answers");
    assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..2]);
    assert_eq!(store.inbox(key, 0).await.expect("the store answers"), []);
}

/// A sender that did not hear the answer asks again, and is told.
pub async fn a_message_is_put_in_once(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    assert_eq!(deliver(store, key, "m").await, Delivery::Accepted);

    assert_eq!(deliver(store, key, "m").await, Delivery::Duplicate);

    assert_eq!(inbox(store, key).await, ["m"]);
}

/// The names of messages outlive them.
pub async fn a_message_is_put_in_once_even_after_it_was_consumed(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    deliver(store, key, "m").await;
    let consumed = inbox_ids(store, key).await;
    commit(store, Turn { consumed, ..turn(store, key, 1) }).await;

    assert_eq!(deliver(store, key, "m").await, Delivery::Duplicate);
    assert!(inbox(store, key).await.is_empty());

    commit(store, last_turn(store, key, 2)).await;
    assert_eq!(deliver(store, key, "m").await, Delivery::Duplicate);
}

/// A name says something only about one run.
pub async fn runs_do_not_share_names_of_messages(store: &dyn Store) {
    let first = start(store, "h1", "r1").await;
    let second = start(store, "h2", "r2").await;

    assert_eq!(deliver(store, first, "m").await, Delivery::Accepted);
    assert_eq!(deliver(store, second, "m").await, Delivery::Accepted);

    assert_eq!(inbox(store, first).await, ["m"]);
    assert_eq!(inbox(store, second).await, ["m"]);
}

/// What nobody would read is refused.
pub async fn an_ended_run_takes_no_messages(store: &dyn Store) {
    for status in [Status::Completed, Status::Failed, Status::TimedOut, Status::Cancelled] {
        let name = format!("{status:?}");
        let key = start(store, &name, &name).await;
        commit(store, Turn { status, ..turn(store, key, 1) }).await;

        assert_eq!(deliver(store, key, "m").await, Delivery::Ended);
        assert!(inbox(store, key).await.is_empty());
    }
}

/// There is nobody to read it.
pub async fn an_unknown_run_takes_no_messages(store: &dyn Store) {
    for key in [0, 77, u64::MAX] {
        assert_eq!(deliver(store, RunKey(key), "m").await, Delivery::Ended);
        assert!(inbox(store, RunKey(key)).await.is_empty());
    }
}

/// A message is taken out by the turn that it led to, and the others stay.
pub async fn consumed_messages_go_with_their_turn(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    for name in ["a", "b", "c"] {
        deliver(store, key, name).await;
    }
    let ids = inbox_ids(store, key).await;

    commit(store, Turn { consumed: vec![ids[0], ids[2]], ..turn(store, key, 1) }).await;
    assert_eq!(inbox(store, key).await, ["b"]);

    deliver(store, key, "d").await;
    assert_eq!(inbox(store, key).await, ["b", "d"]);
    let later = inbox_ids(store, key).await;
    assert!(!ids.contains(&later[1]), "the name of a consumed message was given again");
}

/// A turn changes its own run only.
pub async fn a_turn_consumes_no_messages_of_other_runs(store: &dyn Store) {
    let first = start(store, "h1", "r1").await;
    let second = start(store, "h2", "r2").await;
    deliver(store, first, "m").await;
    let consumed = inbox_ids(store, first).await;

    commit(store, Turn { consumed, ..turn(store, second, 1) }).await;

    assert_eq!(inbox(store, first).await, ["m"]);
}

/// The turn that ends a run must have taken every message that was accepted.
pub async fn a_run_does_not_end_while_it_leaves_messages_behind(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    for name in ["a", "b", "c"] {
        deliver(store, key, name).await;
    }
    let rows = store.inbox(key, 9).await.expect("the store answers");
    let last = Turn { consumed: vec![rows[1].id], ..streaming(last_turn(store, key, 1), 0, 1) };

    let answer = try_commit(store, last.clone()).await;

    assert_eq!(answer, Commit::Leftovers(vec![rows[0].clone(), rows[2].clone()]));
    assert_eq!(newest(store, "h").await.status, Status::Running);
    assert_eq!(journal(store, key).await, ["turn 0"]);
    assert!(stream(store, key).await.is_empty());
    assert_eq!(inbox(store, key).await, ["a", "b", "c"]);

    let consumed = rows.iter().map(|row| row.id).collect();
    commit(store, Turn { consumed, ..last }).await;
    assert_eq!(newest(store, "h").await.status, Status::Completed);
    assert!(inbox(store, key).await.is_empty());
}

/// Whether the turn fits is asked first.
pub async fn a_fenced_end_is_not_told_of_messages(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    deliver(store, key, "m").await;

    let rival = Turn { id: 7, ..last_turn(store, key, 0) };
    assert_eq!(try_commit(store, rival).await, Commit::Fenced);
    assert_eq!(try_commit(store, last_turn(store, key, 2)).await, Commit::Fenced);
}

/// Until some are consumed. What is urgent finds its place all the same.
pub async fn an_inbox_takes_so_many_messages(store: &dyn Store) {
    let [full, other] = [start(store, "h1", "r1").await, start(store, "h2", "r2").await];
    let names: Vec<String> = (0..INBOX_MESSAGES).map(|number| number.to_string()).collect();
    let answers = join_all(names.iter().map(|name| deliver(store, full, name))).await;
    assert!(answers.iter().all(|answer| *answer == Delivery::Accepted));

    assert_eq!(deliver(store, full, "one more").await, Delivery::Full);
    assert_eq!(deliver(store, full, "7").await, Delivery::Duplicate);
    assert_eq!(deliver(store, other, "m").await, Delivery::Accepted);
    let urgent = Message { is_urgent: true, ..message(full, "cancel") };
    assert_eq!(store.deliver(urgent).await.expect("the store answers"), Delivery::Accepted);

    let consumed = inbox_ids(store, full).await[..2].to_vec();
    commit(store, Turn { consumed, ..turn(store, full, 1) }).await;
    assert_eq!(deliver(store, full, "one more").await, Delivery::Accepted);
    assert_eq!(deliver(store, full, "two more").await, Delivery::Full);
}

/// One that is empty takes any message.
pub async fn an_inbox_takes_so_many_bytes(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let half = usize::try_from(INBOX_BYTES / 2).expect("it is not that large");
    let sized = async |name: &str, bytes| {
        let body = vec![b' '; bytes].into();
        let message = Message { body, ..message(key, name) };
        store.deliver(message).await.expect("the store answers")
    };
    assert_eq!(sized("a", half + 1).await, Delivery::Accepted);
    assert_eq!(sized("b", half).await, Delivery::Full);
    assert_eq!(sized("c", half - 1).await, Delivery::Accepted);
    assert_eq!(sized("d", 1).await, Delivery::Full);
    assert_eq!(sized("e", 0).await, Delivery::Accepted);

    let consumed = inbox_ids(store, key).await[1..].to_vec();
    commit(store, Turn { consumed, ..turn(store, key, 1) }).await;
    assert_eq!(sized("d", 1).await, Delivery::Accepted);

    let consumed = inbox_ids(store, key).await;
    commit(store, Turn { consumed, ..turn(store, key, 2) }).await;
    assert_eq!(sized("b", 2 * half + 1).await, Delivery::Accepted);
}
