//! What waits in the inbox of a run.

use bytes::Bytes;
use stepwell_core::InboxId;

use super::RunKey;

/// How many messages an inbox takes: a run that takes none, since it was set aside or waits for
/// its turn, must not fill the disk.
pub const INBOX_MESSAGES: u64 = 10_000;

/// How many bytes of messages an inbox takes: one that is not empty takes no message that would
/// make it more. Dozens of the largest.
pub const INBOX_BYTES: u64 = 64 << 20;

/// A message for a run's inbox.
#[derive(Clone, Debug)]
pub struct Message {
    /// The run.
    pub run: RunKey,
    /// Names the message among all that the run ever gets: a second one of the same name is not
    /// put in again.
    pub idempotency_key: String,
    /// The message.
    pub body: Bytes,
    /// Whether it is put in however full the inbox is.
    pub is_urgent: bool,
}

/// What became of a [`Store::deliver`](super::Store::deliver).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is in the inbox.
    Accepted,
    /// It, or one of the same name, was put in before, whatever became of the run since.
    Duplicate,
    /// The run has ended or is gone.
    Ended,
    /// [`INBOX_MESSAGES`] or [`INBOX_BYTES`] are in the inbox, and the message is not urgent.
    Full,
}

/// A message in an inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxRow {
    /// Its name; greater than those of the messages before.
    pub id: InboxId,
    /// The message.
    pub body: Bytes,
}
