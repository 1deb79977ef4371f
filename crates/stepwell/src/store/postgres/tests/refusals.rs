//! What cannot be written or opened, and says so.

use futures::future::join_all;
use tokio_postgres::NoTls;

use super::*;
use crate::store::conformance::fixture::{
    assert_unavailable, commit, deliver, journal, new_run, newest, start, turn,
};

#[tokio::test]
async fn writes_that_queue_share_a_transaction() {
    let store = PostgresServer::shared().store();
    let names: Vec<String> = (0..200).map(|number| format!("r{number}")).collect();

    join_all(names.iter().map(|name| start(&store, name, name))).await;

    let transactions = store.transactions();
    assert!(transactions < 20, "{transactions}");
}

#[tokio::test]
async fn a_write_that_the_server_refuses_does_not_hurt_the_others() {
    let store = PostgresServer::shared().store();
    // Too long for an index, and nothing that could be compressed.
    let mut seed = 1_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from((seed >> 24) % 26).unwrap())
    };
    let long: String = (0..20_000).map(|_| letter()).collect();
    let names: Vec<String> = (0..20).map(|number| format!("r{number}")).collect();

    let refused = store.create(new_run(&store, &long, "long"));
    let written = join_all(names.iter().map(|name| start(&store, name, name)));
    let (refused, keys) = tokio::join!(refused, written);

    assert_unavailable(refused);
    for (name, key) in names.iter().zip(keys) {
        commit(&store, turn(&store, key, 1)).await;
        assert_eq!(newest(&store, name).await.head, 2);
    }
    assert_eq!(store.run(&RunId::new("long")).await.unwrap(), None);
}

#[tokio::test]
async fn a_text_that_postgres_cannot_hold_is_refused_and_never_found() {
    let store = PostgresServer::shared().store();
    let key = start(&store, "h", "r").await;
    let nul = "a\0b";

    assert_unavailable(store.create(new_run(&store, nul, "r2")).await);
    assert_unavailable(store.create(new_run(&store, "h2", nul)).await);
    let message =
        Message { run: key, idempotency_key: nul.into(), body: "m".into(), is_urgent: false };
    assert_unavailable(store.deliver(message).await);

    assert_eq!(store.handler(nul).await.unwrap(), None);
    assert_eq!(store.run(&RunId::new(nul)).await.unwrap(), None);
    assert!(!store.purge(nul).await.unwrap());
    let filter = HandlerFilter { workflows: vec![nul.into()], ..HandlerFilter::default() };
    assert!(store.handlers(&filter).await.unwrap().is_empty());
    assert_eq!(deliver(&store, key, "m").await, Delivery::Accepted);
}

#[tokio::test]
async fn a_turn_with_numbers_beyond_all_limits_is_refused() {
    let store = PostgresServer::shared().store();
    let key = start(&store, "h", "r").await;

    assert_unavailable(store.commit(Turn { epoch: u64::MAX, ..turn(&store, key, 1) }).await);
    let beyond = Turn { next_sequence: u64::MAX, ..turn(&store, key, 1) };
    assert_unavailable(store.commit(beyond).await);

    assert_eq!(journal(&store, key).await.len(), 1);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_not_touched() {
    let url = PostgresServer::shared().database();
    drop(open(&url).await);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let newer = "INSERT INTO stepwell_schema_migrations VALUES (99, 'of tomorrow', 1, now())";
    client.batch_execute(newer).await.unwrap();

    let error = PostgresStore::open(&url).await.unwrap_err();

    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("made by a newer Stepwell"), "{error}");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_explained() {
    for (url, expected) in [
        ("postgres://:::", "the address is not like postgres://"),
        ("postgres://nobody@127.0.0.1:1/nothing", "Connection refused"),
        ("postgres://nobody@127.0.0.1:1/nothing?sslmode=require", "PostgreSQL"),
    ] {
        let Err(StoreError::Unavailable(source)) = PostgresStore::open(url).await else {
            panic!("{url} is opened");
        };
        assert!(source.to_string().contains(expected), "{url}: {source}");
    }
}
