//! What comes to a run from outside, as it lies in the inbox.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stepwell_core::{Event as RawEvent, Name, Tick};

use crate::store::{RecordError, pack, unpack};

/// A message from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Inbound {
    /// An event, for one step or for all that accept it.
    Event {
        event: RawEvent,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Name>,
    },
    /// The wish that the run end.
    Cancel,
}

impl Inbound {
    pub(crate) fn pack(&self) -> Bytes {
        pack(std::slice::from_ref(self))
    }

    pub(crate) fn unpack(body: &[u8]) -> Result<Option<Self>, RecordError> {
        Ok(unpack(body)?.pop())
    }

    pub(crate) fn tick(self) -> Tick {
        match self {
            Self::Event { event, target } => Tick::Received { event, target },
            Self::Cancel => Tick::Cancelled,
        }
    }
}
