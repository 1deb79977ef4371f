//! A second reducer, written from the rules and without regard to cost: it says what must have
//! come of each entry. It knows nothing of workers; see `super::watch` for these.

mod call;
mod compare;
mod end;
mod route;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::state::Purpose;
use crate::{
    CallKey, Definition, Definitions, Entry, Event, Family, ItemId, Name, Outcome, Output, Tick,
    Timestamp, Trigger,
};

/// The number of a batch, and the index in the list that opened it.
pub(super) type Scope = Option<(u64, u32)>;
pub(super) type Lineage = BTreeMap<Name, u32>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Event(Event),
    Batch(Vec<(u32, Event)>),
    All(Vec<Event>),
    Failed(Name, Box<Given>),
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) step: Name,
    given: Given,
    scope: Scope,
    lineage: Lineage,
    attempt: u32,
    calls: Vec<Call>,
    answers: Vec<(CallKey, Outcome)>,
    is_parked: bool,
    delayed_until: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Call {
    key: CallKey,
    open: Option<Open>,
    is_dropped: bool,
    /// Whether nobody else took the event that answered it.
    is_sole: bool,
    /// The buffer that it collected in.
    buffer: Option<Name>,
    /// What it had been answered when it was given up.
    given_up: Option<Outcome>,
}

#[derive(Clone, Debug)]
struct Open {
    /// What it waits for; a sleep waits for nothing.
    wait: Option<(Vec<Name>, BTreeMap<String, Value>)>,
    order: u64,
    due: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Batch {
    opener: Name,
    parent: Scope,
    joins: Vec<Join>,
    is_closed: bool,
    /// Work of it was dropped, so that it never closes.
    is_lost: bool,
}

#[derive(Clone, Debug)]
struct Join {
    step: Name,
    members: Vec<(u32, Event)>,
    lineage: Lineage,
    has_fired: bool,
}

/// An event that waits for the others of its set.
#[derive(Clone, Debug)]
struct Slotted {
    step: Name,
    batch: Option<u64>,
    event: Event,
    lineage: Lineage,
}

pub(super) struct Oracle {
    definitions: Definitions,
    pub(super) definition: Definition,
    pub(super) items: BTreeMap<ItemId, Item>,
    pub(super) last_item: u64,
    batches: BTreeMap<u64, Batch>,
    slots: Vec<Slotted>,
    collected: Vec<(Name, Name, Event)>,
    kept: Vec<Event>,
    asked: u64,
    waits: u64,
    at: Timestamp,
    started_at: Timestamp,
    is_idle: bool,
    spent: Duration,
    timeout_due: Option<Timestamp>,
    /// How the run ended: the name of its last event, or what kind of failure it was.
    pub(super) end: Option<String>,
    /// What nobody took in this entry, and which step it was for.
    unhandled: Vec<(Name, Option<Name>)>,
    /// Whether no work was dropped.
    pub(super) is_whole: bool,
    /// What has happened how often, to see that all of it does.
    pub(super) seen: BTreeMap<&'static str, usize>,
}

impl Oracle {
    pub(super) fn new(definitions: Definitions) -> Self {
        Self {
            definitions,
            definition: Definition::new("none"),
            items: BTreeMap::new(),
            last_item: 0,
            batches: BTreeMap::new(),
            slots: Vec::new(),
            collected: Vec::new(),
            kept: Vec::new(),
            asked: 0,
            waits: 0,
            at: Timestamp(0),
            started_at: Timestamp(0),
            is_idle: false,
            spent: Duration::ZERO,
            timeout_due: None,
            end: None,
            unhandled: Vec::new(),
            is_whole: true,
            seen: BTreeMap::new(),
        }
    }

    /// Applies an entry that the run expects; `purpose` is that of the timer that it names.
    pub(super) fn apply(&mut self, entry: &Entry, purpose: Option<Purpose>) {
        let before = std::mem::replace(&mut self.at, entry.at);
        self.unhandled.clear();
        match &entry.tick {
            Tick::Resumed { .. } => return self.set_timeout(),
            Tick::Settled => {
                self.spend(before);
                return self.settled();
            }
            Tick::Undelivered { .. } => return,
            _ => {}
        }
        self.spend(before);
        if let Tick::Redefined { definition } = &entry.tick {
            let definition = self.definitions.get(*definition).unwrap();
            return self.redefined(&Definition::clone(definition));
        }
        if self.is_idle {
            self.see("a run that rested goes on");
        }
        self.wake();
        match &entry.tick {
            Tick::Started(started) => {
                let definition = self.definitions.get(started.definition).unwrap();
                self.definition = Definition::clone(definition);
                (self.started_at, self.spent) = (self.at, Duration::ZERO);
                self.set_timeout();
                self.route(&started.input, None, None, &Lineage::new());
            }
            Tick::Received { event, target } => {
                if self.route(event, target.as_ref(), None, &Lineage::new()) {
                    self.asked = self.asked.saturating_sub(1);
                }
            }
            Tick::Returned { item, output, .. } => self.returned(*item, output),
            Tick::Failed { item, retry, .. } => self.failed(*item, *retry),
            Tick::Parked { item, .. } => self.item(*item).is_parked = true,
            Tick::Streamed(streamed) => self.item(streamed.item).is_parked = false,
            Tick::Fired { .. } => self.fired(purpose.unwrap()),
            Tick::Cancelled => self.end("WorkflowCancelledEvent"),
            call => self.called(call),
        }
    }

    /// Counts the time since the entry before, if the run was busy.
    fn spend(&mut self, before: Timestamp) {
        if !self.is_idle {
            self.spent += self.at.since(before);
        }
    }

    fn wake(&mut self) {
        if std::mem::take(&mut self.is_idle) {
            self.set_timeout();
        }
    }

    fn set_timeout(&mut self) {
        let left = self.definition.timeout.map(|timeout| timeout.saturating_sub(self.spent));
        self.timeout_due = left.filter(|_| !self.is_idle).map(|left| self.at.after(left));
    }

    fn returned(&mut self, id: ItemId, output: &Output) {
        let item = self.items.remove(&id).unwrap();
        let events = output.events();
        if let Some(stop) = events.iter().find(|event| event.family == Family::Stop) {
            return self.end(&stop.name);
        }
        self.asked += events.iter().filter(|event| event.family == Family::Request).count() as u64;
        match output {
            Output::Nothing => {}
            Output::Event(event) => {
                self.route(event, None, item.scope, &item.lineage);
            }
            Output::Events(events) => {
                let number = self.batches.len() as u64 + 1;
                let step = self.definition.steps.iter().find(|step| step.name == item.step);
                let joins = step.unwrap().joins.iter();
                let known = |name: &&Name| {
                    let mut steps = self.definition.steps.iter();
                    let step = steps.find(|step| step.name == **name);
                    step.is_some_and(|step| matches!(step.trigger, Trigger::Join { .. }))
                };
                let join = |step: &Name| Join {
                    step: step.clone(),
                    members: Vec::new(),
                    lineage: item.lineage.clone(),
                    has_fired: false,
                };
                let batch = Batch {
                    opener: item.step.clone(),
                    parent: item.scope,
                    joins: joins.filter(known).map(join).collect(),
                    is_closed: false,
                    is_lost: false,
                };
                self.batches.insert(number, batch);
                for (index, event) in (0..).zip(events) {
                    self.route(event, None, Some((number, index)), &item.lineage);
                }
            }
        }
        self.close_batches();
    }

    fn failed(&mut self, id: ItemId, retry: Option<Duration>) {
        if let Some(delay) = retry {
            self.see("a retry");
            let due = (!delay.is_zero()).then(|| self.at.after(delay));
            let item = self.item(id);
            item.attempt += 1;
            item.delayed_until = due;
            item.is_parked = false;
            return item.begin_anew();
        }
        let Item { step, given, scope, mut lineage, .. } = self.items.remove(&id).unwrap();
        let Some((handler, max)) = self.handler(&step) else { return self.end(&step) };
        let count = lineage.entry(handler.clone()).or_default();
        *count += 1;
        if *count > max {
            self.see("a spent budget");
            return self.end(&step);
        }
        self.see("a rescue");
        self.add(&handler, Given::Failed(step, Box::new(given)), scope, lineage);
    }

    /// The handler of a step, and how often it is entered.
    fn handler(&self, failed: &Name) -> Option<(Name, u32)> {
        let steps = &self.definition.steps;
        let of = |step: &Name| steps.iter().find(|it| it.name == *step).map(|it| &it.trigger);
        if matches!(of(failed), Some(Trigger::Catch { .. })) {
            return None;
        }
        let catching = |wanted: &dyn Fn(&Option<Vec<Name>>) -> bool| {
            steps.iter().find_map(|step| match &step.trigger {
                Trigger::Catch { steps, max_recoveries } if wanted(steps) => {
                    Some((step.name.clone(), *max_recoveries))
                }
                _ => None,
            })
        };
        catching(&|steps| steps.as_ref().is_some_and(|steps| steps.contains(failed)))
            .or_else(|| catching(&|steps| steps.is_none()))
    }

    fn fired(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Timeout | Purpose::Deadline => {
                self.see("a run out of time");
                self.end("WorkflowTimedOutEvent");
            }
            Purpose::Retry(item) => self.item(item).delayed_until = None,
            Purpose::Call(item, key) => {
                let open = self.item(item).call(&key).open.take().unwrap();
                self.see(if open.wait.is_some() { "a wait in vain" } else { "a sleep" });
                let outcome = if open.wait.is_some() { Outcome::TimedOut } else { Outcome::Slept };
                self.item(item).answer(&key, outcome);
            }
        }
    }

    fn add(&mut self, step: &Name, given: Given, scope: Scope, lineage: Lineage) {
        self.last_item += 1;
        let item = Item {
            step: step.clone(),
            given,
            scope,
            lineage,
            attempt: 1,
            calls: Vec::new(),
            answers: Vec::new(),
            is_parked: false,
            delayed_until: None,
        };
        self.items.insert(ItemId(self.last_item), item);
    }

    fn see(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn item(&mut self, id: ItemId) -> &mut Item {
        self.items.get_mut(&id).expect("an expected tick names an item")
    }
}
