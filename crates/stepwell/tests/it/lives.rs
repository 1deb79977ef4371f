//! Scenes: a workflow, the outside world that answers it, and what readers see in the end,
//! whatever happens to the process meanwhile.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use stepwell::engine::{Cursor, EngineBuilder, EngineError, EventStream};
use stepwell::event::EventType;
use stepwell::store::Store;
use stepwell::{Engine, Event, Payload, RawEvent, StreamItem, Workflow};

use tokio::runtime::Runtime;

use crate::kit::{self, Home};
use crate::mortal::{Death, Mortal};
use crate::paused::{self, life, pass};

/// More lives than any scene needs.
const LIVES: usize = 500;

/// Asks the outside world for an answer.
#[derive(Event)]
#[event(request)]
pub(crate) struct Ask {
    pub(crate) n: u64,
}

#[derive(Event)]
#[event(response)]
pub(crate) struct Answer {
    pub(crate) n: u64,
    pub(crate) value: u64,
}

/// An event that steps send.
#[derive(Event)]
pub(crate) struct Note {
    pub(crate) n: u64,
}

pub(crate) fn answer(n: u64, value: u64) -> RawEvent {
    event_of::<Answer>(&json!({ "n": n, "value": value }))
}

/// Answers each question with ten times its number.
pub(crate) fn tenfold(asked: &RawEvent) -> Vec<RawEvent> {
    if &*asked.name != "Ask" {
        return Vec::new();
    }
    let asked: Value = serde_json::from_str(asked.value.text()).unwrap();
    let n = asked["n"].as_u64().unwrap();
    vec![answer(n, 10 * n)]
}

/// What the outside world answers to an event of the stream.
type Outside = dyn Fn(&RawEvent) -> Vec<RawEvent>;

/// What one life of a process is like.
#[derive(Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) engine: fn(EngineBuilder) -> EngineBuilder,
    /// How it dies, and after how many turns.
    pub(crate) death: Option<(Death, usize)>,
    pub(crate) runtime: Kind,
}

/// What a process runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One thread, where time passes only while nothing else can happen.
    Paused,
    Threads,
}

impl Kind {
    fn live<T>(self, future: impl Future<Output = T>) -> T {
        if self == Self::Paused {
            return life(future);
        }
        let runtime = Runtime::new().unwrap();
        let lived = runtime.block_on(future);
        runtime.shutdown_background();
        lived
    }

    /// Longer than anything a scene waits for, in seconds; where time is paused it costs nothing.
    fn patience(self) -> u64 {
        if self == Self::Paused { 24 * 60 * 60 } else { 30 }
    }
}

/// Looks at the last line that readers see.
type Last = dyn Fn(&str) -> bool;

pub(crate) struct Scene {
    workflow: Workflow,
    /// What is sent when the run has begun.
    first: Vec<RawEvent>,
    outside: Box<Outside>,
    /// The public items of the stream, a line each.
    shows: String,
    /// Looks at the last of them, if that is all that is said.
    last: Option<Box<Last>>,
    /// Looks at what happened outside of the run, given the number of crashes.
    after: Box<dyn Fn(usize)>,
}

impl Scene {
    pub(crate) fn new(workflow: Workflow) -> Self {
        Self {
            workflow,
            first: Vec::new(),
            outside: Box::new(|_| Vec::new()),
            shows: String::new(),
            last: None,
            after: Box::new(|_| ()),
        }
    }

    pub(crate) fn sending(mut self, first: impl IntoIterator<Item = RawEvent>) -> Self {
        self.first.extend(first);
        self
    }

    pub(crate) fn answering(
        mut self,
        outside: impl Fn(&RawEvent) -> Vec<RawEvent> + 'static,
    ) -> Self {
        self.outside = Box::new(outside);
        self
    }

    /// Says what readers see.
    pub(crate) fn shows(mut self, lines: &[&str]) -> Self {
        self.shows = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        self
    }

    /// Says what readers see last.
    pub(crate) fn ends_with(mut self, line: &str) -> Self {
        let line = line.to_owned();
        self.last = Some(Box::new(move |last| last == line));
        self
    }

    /// Says what the run fails with.
    pub(crate) fn fails_with(mut self, message: &str) -> Self {
        let message = format!("\"exception_message\":\"{message}\"");
        self.last = Some(Box::new(move |last| {
            last.starts_with("WorkflowFailedEvent") && last.contains(&message)
        }));
        self
    }

    /// Says what holds of the result.
    pub(crate) fn result_has(mut self, holds: impl Fn(&Value) -> bool + 'static) -> Self {
        self.last = Some(Box::new(move |last| {
            let stop = last.strip_prefix("StopEvent ").map(serde_json::from_str::<Value>);
            stop.is_some_and(|stop| holds(&stop.unwrap()["result"]))
        }));
        self
    }

    /// Says what the stop event, which is all that readers see, holds.
    pub(crate) fn results_in(self, result: impl Into<Value>) -> Self {
        let result: Value = result.into();
        self.shows(&[&format!("StopEvent {{\"result\":{result}}}")])
    }

    pub(crate) fn then(mut self, after: impl Fn(usize) + 'static) -> Self {
        self.after = Box::new(after);
        self
    }

    fn check(&self, shown: &str, crashes: usize, how: &str) {
        if let Some(holds) = &self.last {
            assert!(shown.lines().last().is_some_and(holds), "{how}: {shown}");
            assert!(!shown.contains("restarted"), "{how}: {shown}");
        } else {
            assert_eq!(shown, self.shows, "{how}");
        }
        (self.after)(crashes);
    }

    /// Plays it in an engine, which may lose its run as often as that.
    pub(crate) async fn play_on(self, home: Home, losses: usize) {
        let store = home.store();
        let engine = kit::open(&store, &self.workflow).await;
        // A store that fails may refuse; a start that it did not confirm still runs.
        while engine.handler("h").await.unwrap().is_none() {
            let _ = engine.start(paused::start("h")).await;
        }
        let shown = kit::soon(self.watch(&engine, &mut Sent::default())).await;
        self.check(&shown, losses, "on a store");
    }

    /// Plays it in an engine of a kind.
    pub(crate) fn play_in(self, engine: fn(EngineBuilder) -> EngineBuilder) {
        let (shown, _) = self.live(|_| Fate { engine, death: None, runtime: Kind::Paused });
        self.check(&shown, 0, "without a crash");
    }

    /// Plays it through life after life, until it is at its end. Returns what readers see, and how
    /// often the process died.
    pub(crate) fn live(&self, mut fate: impl FnMut(usize) -> Fate) -> (String, usize) {
        let home = Home::memory();
        let mut sent = Sent::default();
        for crashes in 0..LIVES {
            let fate = fate(crashes);
            let (death, turns) = fate.death.unzip();
            let death = death.unwrap_or(Death::BeforeActing);
            let mortal = Arc::new(Mortal::new(home.store(), death, turns));
            let shown = fate.runtime.live(async {
                let store = Arc::clone(&mortal) as Arc<dyn Store>;
                let builder = (fate.engine)(paused::builder(&store));
                let engine = builder.workflow("it", self.workflow.clone()).open().await.unwrap();
                if engine.handler("h").await.unwrap().is_none() {
                    engine.start(paused::start("h")).await.unwrap();
                }
                tokio::select! {
                    biased;
                    () = mortal.died() => None,
                    shown = self.watch(&engine, &mut sent) => Some(shown),
                    () = pass(fate.runtime.patience()) => {
                        panic!("it stands, after {crashes} crashes; aside: {:?}", engine.parked())
                    }
                }
            });
            if let Some(shown) = shown {
                return (shown, crashes);
            }
        }
        panic!("it does not come to an end");
    }

    /// Reads the stream to its end, and is the world outside.
    async fn watch(&self, engine: &Engine, sent: &mut Sent) -> String {
        let mut shown = String::new();
        let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
        if !std::mem::replace(&mut sent.first, true) {
            for event in &self.first {
                send(engine, event).await;
            }
        }
        while let Some(event) = next(&mut stream, &mut shown).await {
            if sent.answered.insert(event.0) {
                for answer in (self.outside)(&event.1) {
                    send(engine, &answer).await;
                }
            }
        }
        shown
    }
}

/// What the world outside has sent, in all lives.
#[derive(Debug, Default)]
struct Sent {
    first: bool,
    /// The numbers of the items that it has answered.
    answered: BTreeSet<u64>,
}

async fn send(engine: &Engine, event: &RawEvent) {
    for _ in 0..100 {
        match engine.send("h", event.clone(), None).await {
            Ok(()) | Err(EngineError::Ended(_)) => return,
            Err(_) => {}
        }
    }
    panic!("the store takes no message");
}

/// Returns the next public item, and writes down what readers see of it.
async fn next(stream: &mut EventStream, shown: &mut String) -> Option<(u64, RawEvent)> {
    while let Some(item) = stream.next().await.unwrap() {
        match item.item {
            StreamItem::Event(event) => {
                let _ = writeln!(shown, "{} {}", event.name, event.value.text());
                return Some((item.sequence, event));
            }
            StreamItem::Restarted { .. } => *shown += "restarted\n",
            _ => {}
        }
    }
    None
}

/// Plays a scene with a crash after each turn that it takes, once before anything was done about
/// the turn and once before the next one was written; and with crashes at once after every turn.
pub(crate) fn play_with_crashes(scene: impl Fn() -> Scene) {
    for death in [Death::BeforeActing, Death::BeforeWriting] {
        let mut turns = 1;
        while crash(&scene(), death, turns, false) > 0 {
            turns += 1;
        }
        crash(&scene(), death, 1, true);
    }
}

/// Lets a process die after some turns, and perhaps its successors as well. Returns how often one
/// died.
fn crash(scene: &Scene, death: Death, turns: usize, again: bool) -> usize {
    let (shown, crashes) = scene.live(|crashes| {
        let dies = crashes == 0 || again;
        let death = dies.then_some((death, turns));
        Fate { engine: |engine| engine, death, runtime: Kind::Paused }
    });
    scene.check(&shown, crashes, &format!("dying {death:?}, after {turns} turns, again: {again}"));
    crashes
}

/// Returns an event with these fields.
pub(crate) fn event_of<E: Event>(fields: &Value) -> RawEvent {
    EventType::of::<E>(None).read(&Payload::of(fields)).unwrap()
}

/// Plays each scene on every store, in engines that keep no bodies, that run them again at every
/// answer, and that crash.
macro_rules! scenes {
    ($($test:ident,)*) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test().play_on($crate::kit::Home::memory(), 0).await;
            })*
        }
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test().play_on($crate::kit::Home::sqlite(), 0).await;
            })*
        }
        mod on_a_faulty_store {
            $(#[tokio::test]
            async fn $test() {
                for seed in 0..10 {
                    super::$test().play_on($crate::kit::Home::faulty(seed), 1000).await;
                }
            })*
        }
        mod evicted {
            $(#[test]
            fn $test() {
                super::$test().play_in(|engine| engine.resident_bytes(0));
            })*
        }
        mod run_again {
            $(#[test]
            fn $test() {
                super::$test().play_in(|engine| engine.always_rerun());
            })*
        }
        mod with_crashes {
            $(#[test]
            fn $test() {
                $crate::lives::play_with_crashes(super::$test);
            })*
        }
    };
}
pub(crate) use scenes;
