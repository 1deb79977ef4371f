//! The macros write what a person could have written: one workflow, which uses everything, by the
//! macros and by hand.

use std::sync::Arc;
use std::time::Duration;

use stepwell::retry::attempts;
use stepwell::workflow::{Builder, GraphCheck, IntoWorkflow};
use stepwell::{
    Accept, AnyInput, BlockingContext, Context, Emit, Event, FanOut, Join, OnStall, Res,
    StartEvent, StepError, StepFailed, StepOptions, StopEvent, Take, Workflow, step, workflow,
};

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Tally {
    pages: u64,
}

#[derive(Event)]
struct Page {
    number: u64,
}

#[derive(Event)]
#[event(alias = "Weighed", module = "scales")]
struct Weight {
    grams: u64,
}

#[derive(Event)]
struct Sum {
    grams: u64,
}

#[derive(Event)]
struct Early {}

#[derive(Event)]
#[event(response)]
struct Approval {}

#[derive(Emit)]
enum Split {
    Pages(FanOut<Page>),
    Nothing,
}

#[derive(Accept)]
enum Signal {
    Sum(Sum),
    Early(Early),
}

struct Scale;

struct Shop {
    factor: u64,
}

const HEARTBEAT: Duration = Duration::from_millis(1500);

/// Weighs pages.
///
/// All of them.
#[workflow(
    name = "shop", version = "2", module = "shop", timeout = "60s", deadline = 2 * HEARTBEAT,
    on_stall = "fail", concurrent_runs = 3, verbose, events = [Approval], steps = [stamp],
    skip(reachability)
)]
impl Shop {
    /// Splits.
    #[step(workers = 2)]
    async fn split(&self, _: StartEvent, ctx: &Context<Tally>) -> Result<Split, StepError> {
        ctx.update(|tally| tally.pages += self.factor).await?;
        let pages = FanOut::from(vec![Page { number: self.factor }]);
        Ok(if self.factor > 1 { Split::Pages(pages) } else { Split::Nothing })
    }

    #[step(name = "weigh it", blocking, retry = attempts(3), timeout = "250ms")]
    fn weigh(&self, page: Page, ctx: &BlockingContext<Tally>, _scale: Res<Scale>) -> Weight {
        ctx.block_on(async { Weight { grams: page.number * self.factor } })
    }

    #[step(take = 2, heartbeat = HEARTBEAT, state = "atomic", skip(dead_end))]
    async fn some(weights: Join<Weight>) -> Sum {
        Sum { grams: weights.len() as u64 }
    }

    #[step(description = "The first.")]
    async fn first(ctx: Context<Tally>, weights: Take<Weight, 1>) -> Option<Early> {
        (ctx.attempt() == weights.len() as u32).then_some(Early {})
    }

    #[step]
    async fn pair(&self, early: Early, scale: Res<Scale>, sum: Sum) -> StopEvent {
        let (Early {}, Scale) = (early, &*scale);
        StopEvent::new(sum.grams)
    }

    #[step]
    async fn note(&self, signal: Signal) {
        let (Signal::Sum(Sum { .. }) | Signal::Early(Early { .. })) = signal;
    }

    #[catch(for = [weigh, stamp], max_recoveries = 2)]
    async fn guess(&self, failed: StepFailed<Page>) -> Weight {
        Weight { grams: failed.input.number }
    }

    #[catch(name = "the rest")]
    async fn rest(failed: StepFailed, ctx: Context<Tally>) -> StopEvent {
        let StepFailed { input: AnyInput(_), .. } = failed;
        StopEvent::new(ctx.attempt())
    }
}

/// Stamps.
#[step(workers = 1)]
async fn stamp(page: Page, ctx: &Context<Tally>) -> Result<(), StepError> {
    ctx.update(|tally| tally.pages += page.number).await?;
    Ok(())
}

impl Shop {
    fn by_hand(self) -> Builder<Tally> {
        let flow = Arc::new(self);
        let (split, weigh) = (Arc::clone(&flow), Arc::clone(&flow));
        let (pair, note, guess) = (Arc::clone(&flow), Arc::clone(&flow), flow);
        Workflow::builder("shop")
            .version("2")
            .module("shop")
            .description("Weighs pages.\n\nAll of them.")
            .timeout(Duration::from_secs(60))
            .deadline(Duration::from_secs(3))
            .on_stall(OnStall::Fail)
            .concurrent_runs(3)
            .verbose()
            .additional_event::<Approval>()
            .skip(GraphCheck::Reachability)
            .state::<Tally>()
            .step_with(
                "split",
                StepOptions::new().description("Splits.").workers(2),
                move |start: StartEvent, ctx: Context<Tally>| {
                    let flow = Arc::clone(&split);
                    async move { flow.split(start, &ctx).await }
                },
            )
            .blocking_step(
                "weigh it",
                StepOptions::new()
                    .retry(attempts(3))
                    .timeout(Duration::from_millis(250))
                    .needs::<Scale>("scale"),
                move |page: Page, ctx: BlockingContext<Tally>| {
                    let scale = ctx.block_on(ctx.resource())?;
                    Ok::<_, StepError>(weigh.weigh(page, &ctx, scale))
                },
            )
            .step_with(
                "some",
                StepOptions::new().take(2).heartbeat(HEARTBEAT).atomic().skip(GraphCheck::DeadEnd),
                |weights: Join<Weight>, _: Context<Tally>| Shop::some(weights),
            )
            .step_with(
                "first",
                StepOptions::new().description("The first."),
                |weights: Take<Weight, 1>, ctx: Context<Tally>| Shop::first(ctx, weights),
            )
            .step_with(
                "pair",
                StepOptions::new().needs::<Scale>("scale"),
                move |(early, sum): (Early, Sum), ctx: Context<Tally>| {
                    let flow = Arc::clone(&pair);
                    async move {
                        let scale = ctx.resource().await?;
                        Ok::<_, StepError>(flow.pair(early, scale, sum).await)
                    }
                },
            )
            .step("note", move |signal: Signal, _: Context<Tally>| {
                let flow = Arc::clone(&note);
                async move { flow.note(signal).await }
            })
            .catch("guess", ["weigh it", "stamp"], 2, move |failed: StepFailed<Page>, _| {
                let flow = Arc::clone(&guess);
                async move { flow.guess(failed).await }
            })
            .catch_all("the rest", 1, |failed: StepFailed, ctx| Shop::rest(failed, ctx))
            .step_with(
                "stamp",
                StepOptions::new().description("Stamps.").workers(1),
                |page: Page, ctx: Context<Tally>| async move { stamp(page, &ctx).await },
            )
    }
}

/// Everything that is known of a workflow, except for its code.
fn shown<S: super::State>(builder: Builder<S>) -> String {
    let builder = builder.resource(Scale);
    let settings = format!("{builder:#?}");
    let workflow = builder.build().unwrap();
    let mut text = format!(
        "{settings}\n{:#?}\n{:?} {:?} {:?} {:?}\n",
        workflow.definition(),
        workflow.version(),
        workflow.description(),
        workflow.event_types(),
        workflow.concurrent_runs(),
    );
    for step in workflow.steps() {
        text += &format!("{step:#?} {:#?}\n", (&step.options, &step.catch));
        text += &format!("{:?} {:?} {}\n", step.bare, step.listed, step.has_list);
    }
    text
}

#[test]
fn the_macros_write_what_a_person_could_have_written() {
    let (by_macro, by_hand) = (Shop { factor: 2 }.into_builder(), Shop { factor: 2 }.by_hand());

    assert_eq!(shown(by_macro), shown(by_hand));
}

#[test]
fn without_options_the_defaults_are_those_of_the_builder() {
    struct Small;

    #[workflow]
    impl Small {
        #[step]
        async fn only(_: StartEvent) -> StopEvent {
            StopEvent::default()
        }
    }

    let by_hand = Workflow::builder("Small")
        .step("only", |start: StartEvent, _: Context| async move { Small::only(start).await });

    assert_eq!(shown(Small.into_builder()), shown(by_hand));
}

#[test]
fn options_may_depend_on_the_value() {
    struct Configured {
        workers: u32,
        timeout: Duration,
    }

    #[workflow(timeout = self.timeout, concurrent_runs = [1, self.workers as usize].len())]
    impl Configured {
        #[step(workers = self.workers, retry = attempts(self.workers))]
        async fn only(_: StartEvent) -> StopEvent {
            StopEvent::default()
        }
    }

    let timeout = Duration::from_secs(7);
    let by_macro = Configured { workers: 3, timeout }.into_builder();
    let by_hand = Workflow::builder("Configured").timeout(timeout).concurrent_runs(2).step_with(
        "only",
        StepOptions::new().workers(3).retry(attempts(3)),
        |start: StartEvent, _: Context| Configured::only(start),
    );

    assert_eq!(shown(by_macro), shown(by_hand));
}

#[test]
fn a_workflow_that_is_not_whole_yet_says_what_is_missing_when_it_is_built() {
    let problems = Shop { factor: 2 }.into_workflow().unwrap_err().to_string();

    expect_test::expect![[r#"
        workflow `shop` cannot run:
        - step `weigh it` takes the resource `scale: stepwell::workflow::into::tests::Scale`, but nobody provides it; add it with `.resource()`
        - step `pair` takes the resource `scale: stepwell::workflow::into::tests::Scale`, but nobody provides it; add it with `.resource()`"#]].assert_eq(&problems);
}
