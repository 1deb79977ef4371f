//! Lets time pass, which takes none: the clock is paused.

use std::time::Duration;

pub(crate) async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
