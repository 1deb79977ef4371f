//! Opens the store: what runs in its thread begins here.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{self, Connection};
use super::keeper::Keeper;
use super::owned::Owned;
use super::reader::Readers;
use super::thread::Thread;
use super::writer::{self, QUEUE_MAX, Writer};
use super::{PostgresStore, schema};
use crate::store::StoreError;

impl PostgresStore {
    /// Connects to a database by its address, `postgres://user:password@host:5432/database`, and
    /// brings its tables up to date. Runs that are then taken up cannot be written to by whoever
    /// had opened the database before.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Corrupt`] if the tables were made by a newer version of Stepwell.
    /// - [`StoreError::Unavailable`] if the address is wrong or the server does not answer.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let config = connection::parse(url)?;
        let thread = Thread::start().map_err(StoreError::unavailable)?;
        let to_open = config.clone();
        let opening = thread.run(async move {
            let mut connection = Connection::open(&to_open).await?;
            schema::migrate(&mut connection).await?;
            let epoch = writer::begin_epoch(&mut connection).await?;
            Ok::<_, StoreError>((connection, epoch))
        });
        let (connection, epoch) = opening.await??;
        let owned = Arc::<Owned>::default();
        let end = CancellationToken::new();
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let transactions = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&transactions);
        let writer =
            Writer::new(config.clone(), epoch, Arc::clone(&owned), connection, requests, counted);
        thread.serve(writer.run());
        let keeper = TaskTracker::new();
        thread.serve(
            keeper.track_future(
                Keeper {
                    config: config.clone(),
                    node: epoch,
                    owned: Arc::clone(&owned),
                    end: end.clone(),
                    connection: None,
                }
                .run(),
            ),
        );
        keeper.close();
        let readers = Arc::new(Readers::new(config));
        Ok(Self {
            epoch,
            transactions,
            queue,
            readers,
            owned,
            end: end.drop_guard(),
            keeper,
            thread,
        })
    }
}
