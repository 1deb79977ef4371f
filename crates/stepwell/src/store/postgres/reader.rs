//! The connections that read, a few of them.

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};

use super::connection::{Connection, in_time};
use super::error::{is_refusal, store_error};
use crate::store::StoreError;

/// Four: one long listing does not hold up the rest, and a server takes some hundred connections
/// from all nodes together.
const CONNECTIONS: usize = 4;

/// A value for a query.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The connections. Callers wait for one, and the first come is the first served.
pub(super) struct Readers {
    config: Config,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(config: Config) -> Self {
        Self { config, permits: Semaphore::new(CONNECTIONS), idle: Mutex::default() }
    }

    /// Runs a query; a second time if the connection turns out to have been lost.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        values: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let _permit = self.permits.acquire().await.map_err(StoreError::unavailable)?;
        let mut was_new = false;
        loop {
            let known = self.idle.lock().pop().filter(|connection| !connection.is_closed());
            let mut connection = match known {
                Some(connection) => connection,
                None => {
                    was_new = true;
                    Connection::open(&self.config).await?
                }
            };
            match in_time(connection.query(sql, values)).await? {
                Ok(rows) => {
                    self.idle.lock().push(connection);
                    return Ok(rows);
                }
                Err(error) if was_new || is_refusal(&error) => return Err(store_error(error)),
                Err(_) => {}
            }
        }
    }
}
