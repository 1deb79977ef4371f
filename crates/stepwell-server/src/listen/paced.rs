//! A connection on which the client may not dawdle.
//!
//! One that sends too slowly is closed; one that does not take its answer is cut. While a request
//! is answered, or its body read, nothing is expected of the client here: bodies have deadlines of
//! their own.
//!
//! A timer is not set again for each request: it may ring early, and then looks at how late it
//! really is. The one for reading runs while a request is answered too, for hyper does not look
//! for the next one when the answer is out, unless it is woken.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Limits;

/// How often it is looked whether a request has ended, at most: soon enough for connections that
/// are not to rest at all.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Counts the requests of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Requests(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    connected_at: Instant,
    begun: AtomicU64,
    /// How many parts of requests are underway: their answers, and bodies that are read.
    underway: AtomicU64,
    /// When the last one ended, in microseconds after `connected_at`.
    ended_after: AtomicU64,
}

/// A part of a request that is underway until this is dropped.
#[derive(Debug)]
pub(super) struct Underway(Requests);

impl Requests {
    pub(super) fn new() -> Self {
        let (begun, underway, ended_after) = Default::default();
        Self(Arc::new(Counts { connected_at: Instant::now(), begun, underway, ended_after }))
    }

    /// Counts another request, and the first part of it.
    pub(super) fn begin(&self) -> Underway {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.also()
    }

    /// Counts a further part of the newest request.
    pub(super) fn also(&self) -> Underway {
        self.0.underway.fetch_add(1, Ordering::Relaxed);
        Underway(self.clone())
    }

    fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// Returns since when no request is underway.
    fn ended_at(&self) -> Instant {
        let after = self.0.ended_after.load(Ordering::Relaxed);
        self.0.connected_at + Duration::from_micros(after)
    }

    fn is_underway(&self) -> bool {
        // The rest of a body is read by another task.
        self.0.underway.load(Ordering::Acquire) > 0
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let Counts { connected_at, underway, ended_after, .. } = &*self.0.0;
        let after = u64::try_from(connected_at.elapsed().as_micros()).unwrap_or(u64::MAX);
        ended_after.store(after, Ordering::Relaxed);
        underway.fetch_sub(1, Ordering::Release);
    }
}

/// A stream with deadlines.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    requests: Requests,
    head_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
    /// Which request is read, counted as [`Requests`] does.
    reading: u64,
    waiting: Option<Waiting>,
    /// Since when the client takes nothing.
    stuck_since: Option<Instant>,
    /// When it last took something that it had let wait.
    unstuck_at: Option<Instant>,
    reading_alarm: Alarm,
    writing_alarm: Alarm,
}

/// A wait for the client.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    what: Awaited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The next request on a connection that has had some.
    Request,
    /// The first byte of the first one, or the rest of a head.
    Head,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, limits: &Limits, requests: Requests) -> Self {
        Self {
            stream,
            requests,
            head_timeout: limits.head_timeout,
            idle_timeout: limits.idle_timeout,
            write_timeout: limits.write_timeout,
            reading: 0,
            waiting: Some(Waiting { since: Instant::now(), what: Awaited::Head }),
            stuck_since: None,
            unstuck_at: None,
            reading_alarm: Alarm::default(),
            writing_alarm: Alarm::default(),
        }
    }

    /// Notes that something came.
    fn received(&mut self) {
        if !self.requests.is_underway() && self.awaited() != Some(Awaited::Head) {
            self.waiting = Some(Waiting { since: Instant::now(), what: Awaited::Head });
        }
    }

    /// Returns what is waited for, if it belongs to the request that is read now.
    fn awaited(&mut self) -> Option<Awaited> {
        let begun = self.requests.begun();
        if self.reading != begun {
            self.reading = begun;
            self.waiting = None;
        }
        self.waiting.map(|waiting| waiting.what)
    }

    /// Tells whether the client is too late with what it has not sent.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        // An answer that the client has not taken is hyper's by now, and underway all the same.
        if self.requests.is_underway() || self.stuck_since.is_some() {
            // So that the task is woken when the request may have ended.
            let patience = self.idle_timeout.max(LOOK_AGAIN);
            return self.reading_alarm.rings(Instant::now(), patience, context);
        }
        if self.awaited().is_none() {
            let ended_at = self.requests.ended_at();
            let since = self.unstuck_at.map_or(ended_at, |unstuck_at| unstuck_at.max(ended_at));
            self.waiting = Some(Waiting { since, what: Awaited::Request });
        }
        let Some(Waiting { since, what }) = self.waiting else { return false };
        let patience = match what {
            Awaited::Request => self.idle_timeout,
            Awaited::Head => self.head_timeout,
        };
        self.reading_alarm.rings(since, patience, context)
    }

    /// Ends a write that the client does not take, in time.
    fn paced<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.stuck_since.take().is_some() {
                self.unstuck_at = Some(Instant::now());
            }
            return written;
        }
        let since = *self.stuck_since.get_or_insert_with(Instant::now);
        if self.writing_alarm.rings(since, self.write_timeout, context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                this.received();
            }
            read
        } else if this.is_late(context) {
            // As if the client had hung up.
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.paced(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.paced(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A timer that is made when it is first needed, and set again only to ring sooner.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Tells whether so much time has passed; otherwise the task is woken then, or before.
    fn rings(&mut self, since: Instant, patience: Duration, context: &mut Context<'_>) -> bool {
        let Some(deadline) = since.checked_add(patience) else { return false };
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }
}
