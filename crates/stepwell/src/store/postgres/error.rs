//! What an error of PostgreSQL means to a caller of the store.

use std::error::Error as StdError;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Tells apart what trying again may help from what it cannot.
pub(super) fn store_error(error: Error) -> StoreError {
    let source = StdError::source(&error);
    if source.is_some_and(|source| source.is::<Unreadable>()) {
        return StoreError::Corrupt { what: describe(&error) };
    }
    match error.code() {
        Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => {
            StoreError::Corrupt { what: describe(&error) }
        }
        _ => StoreError::unavailable(describe(&error)),
    }
}

/// Says what is wrong; an [`Error`] alone says only who says it.
pub(super) fn describe(error: &Error) -> String {
    match StdError::source(error) {
        Some(source) => format!("PostgreSQL: {error}: {source}"),
        None => format!("PostgreSQL: {error}"),
    }
}

/// Tells whether the server refused a statement, rather than that it cannot be asked.
pub(super) fn is_refusal(error: &Error) -> bool {
    match error.code() {
        // It shuts down, it has crashed, it is not up yet, or it has broken off the connection.
        Some(code) => !(code.code().starts_with("57P") || code.code().starts_with("08")),
        None => {
            !error.is_closed() && StdError::source(error).is_some_and(|it| it.is::<Unreadable>())
        }
    }
}

/// Tells whether the same transaction may well succeed if it is made again.
pub(super) fn may_be_retried(error: &Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// A value in a row that no Stepwell has written.
#[derive(Debug, thiserror::Error)]
#[error("a number is out of range: {0}")]
pub(super) struct Unreadable(pub(super) i64);
