//! What steps share with each other and with other workflows: resources, blocking threads,
//! functions.

use stepwell::{
    BlockingContext, Event, IntoWorkflow, Res, StartEvent, StepError, StepFailed, StopEvent, step,
    workflow,
};

use crate::kit::{end_of, result_of};

#[derive(Event)]
struct Question {
    text: String,
}

struct Oracle {
    answer: u64,
}

struct Asking;

#[workflow]
impl Asking {
    #[step]
    async fn ask(&self, oracle: Res<Oracle>, start: StartEvent, name: Res<String>) -> Question {
        let asked: u64 = start.get("asked").unwrap_or(0);
        Question { text: format!("{name}, is it {}?", asked + oracle.answer, name = *name) }
    }

    #[step(blocking)]
    fn answer(question: Question, _: Res<Oracle>, oracle: Res<Oracle>) -> StopEvent {
        StopEvent::new(format!("{} {}", question.text, oracle.answer))
    }
}

#[tokio::test]
async fn resources_come_from_the_builder() {
    let builder =
        Asking.into_builder().resource(Oracle { answer: 42 }).resource("Pythia".to_owned());
    let asking = builder.build().unwrap();

    let run = asking.run(StartEvent::new().with("asked", 8)).await;
    assert_eq!(end_of(run).await, "\"Pythia, is it 50? 42\"");
}

#[tokio::test]
async fn a_resource_that_nobody_provides_keeps_the_workflow_from_being_built() {
    let result = result_of(Asking, StartEvent::new()).await;

    assert!(result.contains("step `ask` takes the resource `oracle: "), "{result}");
}

struct Consoling;

#[workflow]
impl Consoling {
    #[step]
    async fn ask(&self, _: StartEvent) -> Result<StopEvent, StepError> {
        Err(StepError::new("nobody answers"))
    }

    #[catch(for = [ask])]
    async fn console(&self, _: StepFailed<StartEvent>, oracle: Res<Oracle>) -> StopEvent {
        StopEvent::new(oracle.answer)
    }
}

#[tokio::test]
async fn a_resource_of_a_handler_that_nobody_provides_keeps_the_workflow_from_being_built() {
    let result = result_of(Consoling, StartEvent::new()).await;

    assert!(result.contains("step `console` takes the resource `oracle: "), "{result}");
}

struct Hashing {
    salt: u64,
}

#[workflow(steps = [finish])]
impl Hashing {
    #[step(blocking)]
    fn hash(&self, start: StartEvent, ctx: &BlockingContext<u64>) -> Result<Question, StepError> {
        let number = start.get("number").unwrap_or(0) * self.salt;
        let before = ctx.block_on(ctx.update(|sum| {
            *sum += number;
            *sum
        }))?;
        Ok(Question { text: before.to_string() })
    }
}

/// Ends any run with a question.
#[step(name = "the end")]
async fn finish(question: Question) -> StopEvent {
    StopEvent::new(question.text)
}

#[tokio::test]
async fn a_blocking_step_waits_on_its_thread() {
    let result = result_of(Hashing { salt: 7 }, StartEvent::new().with("number", 6)).await;

    assert_eq!(result, "\"42\"");
}

mod other {
    use stepwell::{Context, StartEvent, StepError, step};

    use super::Question;

    /// Begins a run with a question.
    #[step(workers = 1)]
    pub(super) async fn begin(
        start: StartEvent,
        ctx: Context<Vec<u64>>,
    ) -> Result<Question, StepError> {
        ctx.update(|numbers| numbers.push(3)).await?;
        Ok(Question { text: start.get("text").unwrap_or_default() })
    }
}

/// Has no methods: it consists of functions.
struct Functions;

#[workflow(state = Vec<u64>, steps = [other::begin, finish])]
impl Functions {}

#[tokio::test]
async fn functions_are_steps_of_several_workflows() {
    let result = result_of(Functions, StartEvent::new().with("text", "why?")).await;
    assert_eq!(result, "\"why?\"");

    let functions = Functions.into_workflow().unwrap();
    let described: Vec<_> =
        functions.steps().iter().map(|step| (step.name(), step.description())).collect();
    assert_eq!(
        described,
        [
            ("begin", Some("Begins a run with a question.")),
            ("the end", Some("Ends any run with a question."))
        ]
    );
}

#[tokio::test]
async fn a_function_is_still_a_function() {
    let stop = finish(Question { text: "because".to_owned() }).await;

    assert_eq!(stop.result, "because");
}
