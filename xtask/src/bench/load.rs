//! The load: connections that send the same request over and over, each after its last answer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use tokio::time::{Instant, sleep_until};

use super::http::Connection;
use super::process::{self, Child};

/// How much load, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) warm_up: Duration,
    pub(super) time: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) max: Duration,
    /// What each request cost the server's process, and this one; none where the system does not
    /// tell.
    pub(super) server_cpu: Option<Duration>,
    pub(super) client_cpu: Option<Duration>,
}

impl Load {
    /// Loads a server with a request that [`super::http::post`] made.
    pub(super) async fn run(self, child: &Child, request: &[u8]) -> Result<Measured> {
        let process = child.server.process();
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::open(&child.base).await?);
        }
        let request: Arc<[u8]> = request.into();
        let begin = Instant::now() + self.warm_up;
        let end = begin + self.time;
        let tasks = connections.into_iter().map(|connection| {
            let task = tokio::spawn(send(connection, Arc::clone(&request), begin, end));
            async { task.await? }
        });
        let cpu = async {
            sleep_until(begin).await;
            let before = (process::cpu(Some(process)), process::cpu(None));
            sleep_until(end).await;
            let after = (process::cpu(Some(process)), process::cpu(None));
            Ok((difference(before.0, after.0), difference(before.1, after.1)))
        };
        let (latencies, cpu) = tokio::try_join!(try_join_all(tasks), cpu)?;
        let latencies = latencies.concat();
        ensure!(!latencies.is_empty(), "no request was answered in {:?}", self.time);
        self.measured(latencies, cpu)
    }

    fn measured(
        self,
        mut latencies: Vec<Duration>,
        (server, client): (Option<Duration>, Option<Duration>),
    ) -> Result<Measured> {
        latencies.sort_unstable();
        let count = u32::try_from(latencies.len()).context("too many requests to count")?;
        Ok(Measured {
            per_second: f64::from(count) / self.time.as_secs_f64(),
            p50: percentile(&latencies, 50),
            p99: percentile(&latencies, 99),
            max: percentile(&latencies, 100),
            server_cpu: server.map(|cpu| cpu / count),
            client_cpu: client.map(|cpu| cpu / count),
        })
    }
}

/// Sends a request that takes long, once to warm up, then over and over until the time is over, at
/// least once. Returns the median of how long it took.
pub(super) async fn one_by_one(base: &str, request: &[u8], time: Duration) -> Result<Duration> {
    let mut connection = Connection::open(base).await?;
    connection.call(request).await?;
    let end = Instant::now() + time;
    let mut latencies = Vec::new();
    while latencies.is_empty() || Instant::now() < end {
        let sent = Instant::now();
        connection.call(request).await?;
        latencies.push(sent.elapsed());
    }
    latencies.sort_unstable();
    Ok(percentile(&latencies, 50))
}

/// Sends requests until the end, and returns how long those took that began after the warm-up and
/// were answered before the end.
async fn send(
    mut connection: Connection,
    request: Arc<[u8]>,
    begin: Instant,
    end: Instant,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(latencies);
        }
        connection.call(&request).await?;
        let answered = Instant::now();
        if sent >= begin && answered <= end {
            latencies.push(answered - sent);
        }
    }
}

fn difference(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    after?.checked_sub(before?)
}

/// Returns the value that `percent` of the sorted values do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted, 100), Duration::from_millis(200));
        assert_eq!(percentile(&sorted[..1], 50), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
