//! Why stores fail.

use std::error::Error as StdError;

/// Why a store could not do what it was asked.
///
/// There is one variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer. Trying again may help; after a write, look first.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),

    /// The store holds something this version cannot read. Trying again cannot help.
    #[error("the store holds something unreadable: {what}")]
    Corrupt {
        /// What is unreadable.
        what: String,
    },

    /// Another process has the store open. Stop it, or use another store.
    #[error("the store is in use by another process: {what}")]
    InUse {
        /// Which store.
        what: String,
    },
}

impl StoreError {
    /// Makes an [`StoreError::Unavailable`].
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}
