mod owners;
mod refusals;
mod restarts;

use super::*;

crate::store_conformance!((PostgresServer::shared().store(), ()));

/// Opens a store at an address.
async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(url).await.unwrap()
}
