//! Runs that live through the deaths of their processes.

use std::sync::Arc;
use std::time::Duration;

use stepwell::engine::Clock;
use stepwell::store::Store;
use stepwell::{Engine, Timestamp, Workflow};
use tokio::time::Instant;

use crate::kit::{Home, soon, stream_text};
use crate::mortal::{Death, Mortal};
use crate::parts::start;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How a process died, and after how many turns.
pub(crate) type Lived = (Death, usize);

/// What came of a run that lived through deaths.
#[derive(Debug)]
pub(crate) struct Survived {
    /// The last line of its stream.
    pub(crate) end: String,
    pub(crate) stream: String,
    /// What it died of.
    pub(crate) deaths: Vec<Lived>,
}

/// Runs a workflow from beginning to end in many ways: undisturbed; dying once, at each moment
/// that a store can tell from others; and dying again after each turn. Each time `make` makes it
/// anew, with something that `check` looks at in the end.
pub(crate) fn through_deaths<T>(
    home: fn() -> Home,
    make: impl Fn() -> (Workflow, T),
    check: impl Fn(T, Survived),
) {
    let survive = |deaths: &mut dyn Iterator<Item = Lived>| {
        let (workflow, seen) = make();
        let survived = survive(home, &workflow, deaths);
        let died = survived.deaths.len();
        check(seen, survived);
        died
    };
    assert_eq!(survive(&mut std::iter::empty()), 0);
    for death in [Death::BeforeActing, Death::BeforeWriting] {
        let died = (1..).map(|turns| survive(&mut std::iter::once((death, turns))));
        let turns = died.take_while(|died| *died > 0).count();
        assert!(turns > 0, "it has turns to die after");
        // A run that makes no progress in a life of one turn would never end.
        let again = survive(&mut std::iter::repeat_n((death, 1), 10 * turns));
        assert!(again < 10 * turns, "{again} deaths");
    }
}

fn survive(
    home: fn() -> Home,
    workflow: &Workflow,
    deaths: &mut dyn Iterator<Item = Lived>,
) -> Survived {
    let home = home();
    let mut survived = Vec::new();
    loop {
        let death = deaths.next();
        let lives = survived.len() as u64;
        match live(&home, one_life(&home.store(), death, lives, workflow)) {
            Some(stream) => {
                let end = stream.lines().last().and_then(|line| line.split_once(' '));
                let end = end.unwrap_or_default().1.to_owned();
                return Survived { end, stream, deaths: survived };
            }
            None => survived.extend(death),
        }
    }
}

/// One life of a process: time is paused where it can be.
fn live<T>(home: &Home, life: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(home.is_memory()).build().unwrap().block_on(life)
}

/// Returns the stream of the run, or nothing if the process dies before it ends.
async fn one_life(
    store: &Arc<dyn Store>,
    death: Option<Lived>,
    lives: u64,
    workflow: &Workflow,
) -> Option<String> {
    let (death, turns) =
        death.map_or((Death::BeforeWriting, None), |(it, turns)| (it, Some(turns)));
    let mortal = Arc::new(Mortal::new(Arc::clone(store), death, turns));
    let store: Arc<dyn Store> = Arc::clone(&mortal) as _;
    let run = async {
        let clock = LifeClock { born: Instant::now(), lives };
        let builder = Engine::builder().store(Arc::clone(&store)).clock(clock);
        let engine = builder.workflow("it", workflow.clone()).open().await.unwrap();
        if store.handler("h").await.unwrap().is_none() {
            engine.start(start()).await.unwrap();
        }
        soon(stream_text(&engine, "h")).await
    };
    tokio::select! {
        () = mortal.died() => None,
        stream = run => Some(stream),
    }
}

/// Each life begins an hour after the one before.
#[derive(Debug)]
struct LifeClock {
    born: Instant,
    lives: u64,
}

impl Clock for LifeClock {
    fn now(&self) -> Timestamp {
        let born =
            Timestamp(1_000_000_000_000_000).after(HOUR * u32::try_from(self.lives).unwrap());
        born.after(self.born.elapsed())
    }
}
