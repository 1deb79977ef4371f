//! How rows are packed: a format number, a checksum, and JSON.
//!
//! ```text
//!   1 byte   4 bytes, little-endian   the rest
//!   format   CRC-32 of the rest       a JSON array
//! ```

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The only format so far.
const FORMAT: u8 = 1;

const HEADER: usize = 5;

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it is shorter than its header")]
    Short,
    #[error("its format is {0}, and this version reads only {FORMAT}")]
    Format(u8),
    #[error("its checksum does not match its content")]
    Checksum,
    #[error("its content is not what was expected")]
    Content(#[from] serde_json::Error),
}

/// Packs values into one row.
pub(crate) fn pack<T: Serialize>(values: &[T]) -> Bytes {
    let mut row = vec![0; HEADER];
    serde_json::to_writer(&mut row, values).expect("journaled types have text keys");
    row[0] = FORMAT;
    let crc = crc32fast::hash(&row[HEADER..]);
    row[1..HEADER].copy_from_slice(&crc.to_le_bytes());
    row.into()
}

/// Unpacks a row that [`pack`] made.
pub(crate) fn unpack<T: DeserializeOwned>(row: &[u8]) -> Result<Vec<T>, RecordError> {
    let (header, body) = row.split_at_checked(HEADER).ok_or(RecordError::Short)?;
    if header[0] != FORMAT {
        return Err(RecordError::Format(header[0]));
    }
    if header[1..] != crc32fast::hash(body).to_le_bytes() {
        return Err(RecordError::Checksum);
    }
    Ok(serde_json::from_slice(body)?)
}
