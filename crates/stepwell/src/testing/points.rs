//! A crash at every point of a scenario.

use std::any::Any;
use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;

use super::builder::TestKitBuilder;
use super::kit::{At, TestKit, fail};
use super::text::indented;

/// How many points at which something differs are told in full.
const TOLD: usize = 3;

/// A moment at which the process can crash.
///
/// What changes a run is written to the store: turns, and messages into its inbox. All writes of a
/// kit are numbered from 1, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Just before a write: what led to it has happened, and is forgotten.
    Before(usize),
    /// Just after a write: it is durable, and nobody has heard of it.
    After(usize),
}

impl CrashPoint {
    pub(super) fn write(self) -> usize {
        let (Self::Before(write) | Self::After(write)) = self;
        write
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(write) => write!(f, "before write {write}"),
            Self::After(write) => write!(f, "after write {write}"),
        }
    }
}

/// What came of a scenario that was crashed at every point.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrashReport<T> {
    /// What the scenario returned, each time.
    pub outcome: T,
    /// How many writes it made when nothing crashed.
    pub writes: usize,
    /// How many times it was run with a crash in it.
    pub crashes: usize,
    /// The points that it did not come to: it does not do the same each time.
    pub missed: Vec<CrashPoint>,
}

/// A scenario that was run once.
struct Tried<T> {
    /// Still as the scenario left it.
    kit: TestKit,
    /// What it returned, or why it panicked.
    outcome: Result<T, Box<dyn Any + Send>>,
    writes: usize,
    has_crashed: bool,
    /// Why runs were set aside.
    set_aside: Vec<String>,
}

pub(super) async fn for_every_crash_point<B, T>(
    make: impl Fn() -> B,
    scenario: impl AsyncFn(&mut TestKit) -> T,
    at: At,
) -> CrashReport<T>
where
    B: Into<TestKitBuilder>,
    T: PartialEq + Debug,
{
    let clean = Tried::new(make().into(), &scenario).await;
    let outcome = clean.outcome.unwrap_or_else(|panic| resume_unwind(panic));
    if let Some(why) = clean.set_aside.first() {
        fail(&format!("without any crash, a run was set aside: {why}"), at);
    }
    let mut report = CrashReport { outcome, writes: clean.writes, crashes: 0, missed: Vec::new() };
    drop(clean.kit);
    let mut differing = Vec::new();
    let points = (1..=report.writes).flat_map(|n| [CrashPoint::Before(n), CrashPoint::After(n)]);
    for point in points {
        let tried = Tried::new(make().into().crash_at(point), &scenario).await;
        if tried.has_crashed {
            report.crashes += 1;
        } else {
            report.missed.push(point);
        }
        if let Some(difference) = tried.difference(&report.outcome) {
            let told = differing.len() < TOLD;
            differing.push(if told { tried.tell(point, difference).await } else { String::new() });
        }
    }
    if !differing.is_empty() {
        let more = differing.len().saturating_sub(TOLD);
        let more = if more > 0 { format!("\nand {more} more\n") } else { String::new() };
        let (count, crashes) = (differing.len(), report.crashes);
        let differing = differing.concat();
        fail(&format!("{count} of {crashes} crashes make a difference\n{differing}{more}"), at);
    }
    report
}

impl<T: PartialEq + Debug> Tried<T> {
    async fn new(builder: TestKitBuilder, scenario: &impl AsyncFn(&mut TestKit) -> T) -> Self {
        let mut kit = builder.open().await;
        let outcome = AssertUnwindSafe(scenario(&mut kit)).catch_unwind().await;
        let look = kit.worker.call(|world| {
            let log = &world.log;
            (log.len(), log.has_crashed(), world.set_aside())
        });
        let (writes, has_crashed, set_aside) = look.await;
        Self { kit, outcome, writes, has_crashed, set_aside }
    }

    /// Says in what it differs from what it should be, if in anything.
    fn difference(&self, expected: &T) -> Option<String> {
        match &self.outcome {
            Err(panic) => Some(format!("the scenario panicked: {}\n", message(&**panic))),
            Ok(_) if !self.set_aside.is_empty() => {
                Some(format!("a run was set aside: {}\n", self.set_aside.join("; ")))
            }
            Ok(outcome) if outcome != expected => Some(format!(
                "the outcome was\n{}instead of\n{}",
                indented(&format!("{outcome:#?}")),
                indented(&format!("{expected:#?}")),
            )),
            Ok(_) => None,
        }
    }

    /// Says where it crashed, in what it differs, and what came of its runs.
    async fn tell(&self, point: CrashPoint, difference: String) -> String {
        let runs = self.kit.started.clone();
        let look = self.kit.worker.call(move |world| {
            let write = world.log.describe(point.write());
            let mut text = difference;
            for run in runs {
                let title = format!("the stream of {run}:");
                // The kit may have told it already.
                if !text.contains(&title) {
                    let stream = indented(&world.stream_text(run.handler()));
                    text += &format!("{title}\n{stream}");
                }
            }
            format!("\na crash {point} ({write}):\n{}", indented(&text))
        });
        look.await
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with something that is not a text")
}
