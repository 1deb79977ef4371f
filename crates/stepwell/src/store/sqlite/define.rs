//! The write behind [`Store::define`](crate::store::Store::define).

use bytes::Bytes;
use rusqlite::Connection;
use stepwell_core::DefinitionId;

use super::writer::{Outcome, Verb};

pub(super) struct Define {
    pub(super) id: DefinitionId,
    pub(super) body: Bytes,
}

impl Verb for Define {
    type Answer = ();

    fn apply(&self, connection: &Connection) -> Outcome<()> {
        let sql = "INSERT INTO definitions (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
        connection.prepare_cached(sql)?.execute((self.id.to_string(), &self.body[..]))?;
        Ok(Ok(()))
    }
}
