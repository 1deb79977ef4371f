//! What an error of SQLite means to a caller of the store.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// Tells apart what trying again may help from what it cannot.
pub(super) fn store_error(error: Error) -> StoreError {
    let unreadable = match &error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..) => true,
        error => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ),
    };
    if unreadable {
        StoreError::Corrupt { what: error.to_string() }
    } else {
        StoreError::unavailable(error)
    }
}
