//! What reaches the driver of a run, and in what order.
//!
//! Bodies write into a bounded channel, so a body that floods its run waits. Whoever only wants
//! the driver to look somewhere sets a flag instead: that never waits and is never lost.

use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_core::{Event as RawEvent, Tick, TimerId, Timestamp};
use tokio::sync::mpsc;

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
}

impl Input {
    pub(crate) fn new(tick: Tick) -> Self {
        Self { tick, streamed: Vec::new(), on_commit: None }
    }

    pub(crate) fn with_stream(mut self, event: RawEvent) -> Self {
        self.streamed.push(event);
        self
    }

    pub(crate) fn on_commit(mut self, call: impl FnOnce() + Send + 'static) -> Self {
        self.on_commit = Some(Box::new(call));
        self
    }

    /// Returns about how much it adds to its turn.
    pub(crate) fn bytes(&self) -> usize {
        let output: usize = match &self.tick {
            Tick::Returned { output, .. } => {
                output.events().iter().map(|event| event.value.text().len()).sum()
            }
            Tick::Sent(sent) => sent.event.value.text().len(),
            // Their size is limited, and small as a rule.
            _ => 0,
        };
        output + self.streamed.iter().map(|event| event.value.text().len()).sum::<usize>()
    }

    /// Tells whether it may wait a little for more of its kind.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.tick, Tick::Streamed(_))
    }
}

/// A message to a driver.
pub(crate) enum Message {
    /// Put it into the next turn.
    Input(Input),
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
    /// The process is about to end.
    pub(crate) stop: bool,
}

impl Errands {
    pub(crate) fn is_empty(&self) -> bool {
        !self.inbox && self.fired.is_empty() && !self.stop
    }
}

/// The way to a driver.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    messages: mpsc::Sender<Message>,
    errands: Arc<Mutex<Errands>>,
}

/// The driver's end.
#[derive(Debug)]
pub(crate) struct Letters {
    pub(crate) messages: mpsc::Receiver<Message>,
    pub(crate) errands: Arc<Mutex<Errands>>,
}

/// Room for one message.
pub(crate) struct Permit<'a>(mpsc::Permit<'a, Message>);

impl Permit<'_> {
    pub(crate) fn send(self, input: Input) {
        self.0.send(Message::Input(input));
    }
}

impl Mailbox {
    pub(crate) fn new() -> (Self, Letters) {
        let (sender, messages) = mpsc::channel(CAPACITY);
        let errands = Arc::<Mutex<Errands>>::default();
        (Self { messages: sender, errands: Arc::clone(&errands) }, Letters { messages, errands })
    }

    /// Waits for room; none if the driver is gone.
    pub(crate) async fn reserve(&self) -> Option<Permit<'_>> {
        self.messages.reserve().await.ok().map(Permit)
    }

    /// Sends an input; a driver that is gone has no use for it.
    pub(crate) async fn input(&self, input: Input) {
        if let Some(permit) = self.reserve().await {
            permit.send(input);
        }
    }

    pub(crate) async fn park(&self, reason: String) {
        // A driver that is gone drives nothing that could be set aside.
        let _ = self.messages.send(Message::Park(reason)).await;
    }

    /// Takes what no driver has seen to.
    pub(crate) fn take_errands(&self) -> Errands {
        std::mem::take(&mut *self.errands.lock())
    }

    /// Adds an errand. It is seen even if the channel is full: the driver looks each time it has
    /// emptied it.
    pub(crate) fn add(&self, errand: impl FnOnce(&mut Errands)) {
        errand(&mut self.errands.lock());
        let _ = self.messages.try_send(Message::Look);
    }
}

impl Letters {
    pub(crate) fn take_errands(&self) -> Errands {
        std::mem::take(&mut *self.errands.lock())
    }
}
