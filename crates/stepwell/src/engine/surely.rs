//! Asks a store again when it did not say what became of a write.

use std::time::Duration;

use crate::store::StoreError;

/// How often a write is tried in all.
const TRIES: usize = 5;

/// How long to wait before the second try; each later one waits twice as long. All in all a
/// caller waits a third of a second before it is told to come back.
const FIRST_DELAY: Duration = Duration::from_millis(20);

/// Makes a write that may be made again as it was, until the store says what became of it.
///
/// It takes no `AsyncFnMut`: of such a call the compiler cannot prove that it may move between
/// threads.
pub(crate) async fn surely<T, F: Future<Output = Result<T, StoreError>>>(
    what: &str,
    mut write: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut delay = FIRST_DELAY;
    for _ in 1..TRIES {
        match write().await {
            Err(error @ StoreError::Unavailable(_)) => {
                tracing::warn!(%error, what, "nobody knows whether it was written; asking again");
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
            answer => return answer,
        }
    }
    write().await
}
