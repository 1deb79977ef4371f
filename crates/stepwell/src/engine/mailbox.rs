//! What reaches the driver of a run, and in what order.
//!
//! Whatever is told is there at once. A body that tells of what may be many then waits until there
//! is room for more, so that one that floods its run is held up.

use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_core::{Event as RawEvent, Tick, TimerId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// How many messages bodies can queue before they wait: enough to keep a commit busy while the
/// next turn gathers, and little enough to hold events of the largest size.
const CAPACITY: usize = 1024;

/// Something a body did, or how it ended.
pub(crate) struct Input {
    pub(crate) tick: Tick,
    /// The items that belong to a [`Tick::Streamed`].
    pub(crate) streamed: Vec<RawEvent>,
    /// Called once the tick is durable; dropped if it never will be.
    pub(crate) on_commit: Option<Box<dyn FnOnce() + Send>>,
    /// What belongs into the same turn, before it.
    pub(crate) first: Option<Box<Self>>,
}

impl Input {
    pub(crate) fn new(tick: Tick) -> Self {
        Self { tick, streamed: Vec::new(), on_commit: None, first: None }
    }

    pub(crate) fn with_stream(mut self, event: RawEvent) -> Self {
        self.streamed.push(event);
        self
    }

    pub(crate) fn on_commit(mut self, call: impl FnOnce() + Send + 'static) -> Self {
        self.on_commit = Some(Box::new(call));
        self
    }

    /// Puts another one before it, into the same turn.
    pub(crate) fn after(mut self, first: Option<Self>) -> Self {
        self.first = first.map(Box::new);
        self
    }

    /// Returns about how much it adds to its turn.
    pub(crate) fn bytes(&self) -> usize {
        let size = |event: &RawEvent| event.value.text().len();
        let tick = match &self.tick {
            Tick::Returned { output, .. } => output.events().iter().map(size).sum(),
            Tick::Sent(sent) => size(&sent.event),
            Tick::Collected(collected) => size(&collected.event),
            Tick::Remembered(remembered) => {
                remembered.outcome.as_ref().map_or(0, |value| value.text().len())
            }
            Tick::Updated(updated) => updated.returned.text().len(),
            Tick::WaitBegun(wait) => wait.request.as_ref().map_or(0, size),
            Tick::Failed { failure, .. } => failure.message.len(),
            // Their size is limited, and small as a rule.
            _ => 0,
        };
        let first = self.first.as_ref().map_or(0, |first| first.bytes());
        first + tick + self.streamed.iter().map(size).sum::<usize>()
    }

    /// Tells whether it may wait a little for more of its kind.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.tick, Tick::Streamed(_))
    }
}

/// A message to a driver.
#[expect(clippy::large_enum_variant, reason = "almost all messages are inputs")]
pub(crate) enum Message {
    /// Put it into the next turn.
    Input { input: Input, _room: Room },
    /// See what [`Errands`] holds.
    Look,
    /// Set the run aside: it cannot go on until a person has looked at it.
    Park(String),
}

/// What a driver should see to besides its messages.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    /// Messages may be in the store's inbox.
    pub(crate) inbox: bool,
    /// Timers that came due.
    pub(crate) fired: Vec<(TimerId, Timestamp)>,
    /// The memory is needed: leave it, if nothing is under way.
    pub(crate) evict: bool,
    /// The run may be somebody else's by now.
    pub(crate) check: bool,
    /// The process is about to end.
    pub(crate) stop: bool,
    /// What is given back when the run has taken its next step, if it was taken up among many.
    pub(crate) permits: Vec<OwnedSemaphorePermit>,
}

impl Errands {
    pub(crate) fn is_empty(&self) -> bool {
        !self.inbox && self.fired.is_empty() && !self.evict && !self.check && !self.stop
    }
}

/// The way to a driver.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    messages: mpsc::UnboundedSender<Message>,
    permits: Arc<Semaphore>,
    errands: Arc<Mutex<Errands>>,
}

/// The driver's end.
#[derive(Debug)]
pub(crate) struct Letters {
    pub(crate) messages: mpsc::UnboundedReceiver<Message>,
    pub(crate) errands: Arc<Mutex<Errands>>,
    permits: Arc<Semaphore>,
}

/// What a message takes of the room in the queue, until it is dropped.
pub(crate) struct Room {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Mailbox {
    pub(crate) fn new() -> (Self, Letters) {
        let (sender, messages) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(CAPACITY));
        let errands = Arc::<Mutex<Errands>>::default();
        let letters =
            Letters { messages, errands: Arc::clone(&errands), permits: Arc::clone(&permits) };
        (Self { messages: sender, permits, errands }, letters)
    }

    /// Sends an input without waiting for room, and tells whether there was any. A driver that is
    /// gone has no use for it.
    pub(crate) fn tell(&self, input: Input) -> bool {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok();
        let has_room = permit.is_some();
        let _ = self.messages.send(Message::Input { input, _room: Room { _permit: permit } });
        has_room
    }

    /// Waits until there is room; none if the driver is gone.
    pub(crate) async fn room(&self) -> Option<()> {
        self.permits.acquire().await.ok().map(drop)
    }

    /// Has the run set aside.
    pub(crate) fn park(&self, reason: String) {
        let _ = self.messages.send(Message::Park(reason));
    }

    /// Takes what no driver has seen to.
    pub(crate) fn take_errands(&self) -> Errands {
        std::mem::take(&mut *self.errands.lock())
    }

    /// Adds an errand.
    pub(crate) fn add(&self, errand: impl FnOnce(&mut Errands)) {
        let mut errands = self.errands.lock();
        // A driver that was told to look and has not looked yet will see this one too.
        let was_told = !errands.is_empty();
        errand(&mut errands);
        if !was_told {
            let _ = self.messages.send(Message::Look);
        }
    }
}

impl Letters {
    pub(crate) fn take_errands(&self) -> Errands {
        std::mem::take(&mut *self.errands.lock())
    }
}

impl Drop for Letters {
    fn drop(&mut self) {
        // Bodies that wait for room would wait for ever.
        self.permits.close();
    }
}
