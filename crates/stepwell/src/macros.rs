//! The macros that make workflows of types, with an example of each.

/// Lets a step return one of several events: an enum becomes something to
/// [`Emit`](trait@crate::Emit).
///
/// # Examples
///
/// ```
/// use stepwell::{Emit, Event, IntoWorkflow, StopEvent, workflow};
///
/// #[derive(Event)]
/// #[event(start)]
/// struct Guess {
///     number: u32,
/// }
///
/// #[derive(Emit)]
/// enum Next {
///     Again(Guess),
///     Won(StopEvent),
/// }
///
/// struct Game {
///     secret: u32,
/// }
///
/// #[workflow]
/// impl Game {
///     #[step]
///     async fn check(&self, guess: Guess) -> Next {
///         if guess.number == self.secret {
///             Next::Won(StopEvent::new(guess.number))
///         } else {
///             Next::Again(Guess { number: guess.number + 1 })
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stop: StopEvent = Game { secret: 3 }.run(Guess { number: 0 }).await?.result().await?;
/// assert_eq!(stop.result, 3);
/// # Ok(())
/// # }
/// ```
///
pub use stepwell_macros::Emit;

/// Lets a step take events of several types: an enum becomes something to
/// [`Accept`](trait@crate::Accept).
///
/// # Examples
///
/// ```
/// use stepwell::{Accept, Event};
///
/// #[derive(Event)]
/// #[event(response)]
/// struct Approved {
///     by: String,
/// }
///
/// #[derive(Event)]
/// #[event(response)]
/// struct Refused {
///     reason: String,
/// }
///
/// #[derive(Accept)]
/// enum Answer {
///     Yes(Approved),
///     No(Refused),
/// }
///
/// assert_eq!(Answer::TYPES[1].name, "Refused");
/// ```
///
pub use stepwell_macros::Accept;

/// Makes a workflow of a type: methods marked [`#[step]`](macro@crate::step) are its steps, and
/// their signatures say how events flow between them.
///
/// What does not fit together is an error of the compiler, at the step at fault: an event that
/// nobody takes, a step that nothing leads to, a run that could never end. The macro writes only
/// calls of [`Workflow::builder`](crate::Workflow::builder), in an implementation of
/// [`IntoWorkflow`](crate::IntoWorkflow).
///
/// # Examples
///
/// ```
/// use stepwell::{Context, Event, IntoWorkflow, StepError, workflow};
///
/// #[derive(Event)]
/// #[event(start)]
/// struct Topic {
///     name: String,
/// }
///
/// #[derive(Event)]
/// struct Joke {
///     text: String,
/// }
///
/// #[derive(Event)]
/// #[event(stop)]
/// struct Critique {
///     joke: String,
///     verdict: String,
/// }
///
/// struct JokeFlow {
///     opening: String,
/// }
///
/// /// Tells a joke and judges it.
/// #[workflow(timeout = "60s")]
/// impl JokeFlow {
///     #[step(workers = 2)]
///     async fn tell(&self, topic: Topic, ctx: &Context<u64>) -> Result<Joke, StepError> {
///         // The state of a run; recorded once, however often this body runs.
///         ctx.update(|jokes| *jokes += 1).await?;
///         Ok(Joke { text: format!("{} {} …", self.opening, topic.name) })
///     }
///
///     #[step]
///     async fn judge(&self, joke: Joke) -> Critique {
///         Critique { verdict: self.verdict(&joke), joke: joke.text }
///     }
///
///     fn verdict(&self, joke: &Joke) -> String {
///         if joke.text.len() > 80 { "long".to_owned() } else { "short".to_owned() }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let flow = JokeFlow { opening: "Two".to_owned() };
/// let run = flow.run(Topic { name: "pirates".to_owned() }).await?;
/// let critique: Critique = run.result().await?;
/// assert_eq!(critique.joke, "Two pirates …");
/// assert_eq!(critique.verdict, "short");
/// # Ok(())
/// # }
/// ```
///
/// A workflow that an [`Engine`](crate::Engine) is to keep, and one that needs resources, is built
/// first:
///
/// ```
/// use stepwell::{IntoWorkflow, Res, StartEvent, StopEvent, workflow};
///
/// struct Greeting;
///
/// #[workflow(name = "greet", version = "2")]
/// impl Greeting {
///     #[step]
///     async fn greet(_: StartEvent, word: Res<String>) -> StopEvent {
///         StopEvent::new(word.as_str())
///     }
/// }
///
/// let greeting = Greeting.into_builder().resource("Hello".to_owned()).build()?;
/// assert_eq!(greeting.name(), "greet");
/// # Ok::<_, stepwell::BuildError>(())
/// ```
///
/// A mistake in the graph does not compile:
///
/// ```compile_fail,E0080
/// use stepwell::{Event, StartEvent, StopEvent, workflow};
///
/// #[derive(Event)]
/// struct Lost {}
///
/// struct Flow;
///
/// #[workflow]
/// impl Flow {
///     #[step]
///     async fn begin(_: StartEvent) -> StopEvent {
///         StopEvent::default()
///     }
///
///     #[step] // step `end` accepts `Lost`, but no step returns it; …
///     async fn end(_: Lost) {}
/// }
/// ```
///
pub use stepwell_macros::workflow;

/// Makes a step of a method in a block with [`#[workflow]`](macro@crate::workflow), or of a free
/// function.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use stepwell::retry::{attempts, fixed, retry};
/// use stepwell::{
///     BlockingContext, Context, Event, IntoWorkflow, Join, StartEvent, StepError, StopEvent, step,
///     workflow,
/// };
///
/// #[derive(Event)]
/// struct Page {
///     number: u64,
/// }
///
/// #[derive(Event)]
/// struct Words {
///     count: u64,
/// }
///
/// struct Counting;
///
/// #[workflow(steps = [add])]
/// impl Counting {
///     /// Opens a batch of pages.
///     #[step]
///     async fn split(&self, start: StartEvent) -> Vec<Page> {
///         let pages = start.get("pages").unwrap_or(0);
///         (0..pages).map(|number| Page { number }).collect()
///     }
///
///     /// Counts the words of a page, eight pages at a time, on threads that may block.
///     #[step(
///         blocking,
///         workers = 8,
///         retry = retry().wait(fixed(Duration::from_millis(10))).stop(attempts(3)),
///         timeout = "10s",
///     )]
///     fn count(&self, page: Page, ctx: &BlockingContext<u64>) -> Result<Words, StepError> {
///         let count = page.number * 100;
///         ctx.block_on(ctx.update(|words| *words += count))?;
///         Ok(Words { count })
///     }
/// }
///
/// /// Closes the batch.
/// #[step]
/// async fn add(words: Join<Words>, ctx: &Context<u64>) -> StopEvent {
///     StopEvent::new(words.iter().map(|words| words.count).sum::<u64>())
/// }
///
/// let counting = Counting.into_workflow()?;
/// let names: Vec<&str> = counting.steps().iter().map(|step| step.name()).collect();
/// assert_eq!(names, ["split", "count", "add"]);
/// # Ok::<_, stepwell::BuildError>(())
/// ```
///
pub use stepwell_macros::step;

/// Makes a handler of failures of a method in a block with
/// [`#[workflow]`](macro@crate::workflow).
///
/// # Examples
///
/// ```
/// use stepwell::{Event, IntoWorkflow, StartEvent, StepError, StepFailed, StopEvent, workflow};
///
/// #[derive(Event)]
/// struct Page {
///     url: String,
/// }
///
/// struct Flow;
///
/// #[workflow]
/// impl Flow {
///     #[step]
///     async fn begin(start: StartEvent) -> Option<Page> {
///         start.get("url").map(|url| Page { url })
///     }
///
///     #[step]
///     async fn fetch(page: Page) -> Result<StopEvent, StepError> {
///         Err(StepError::new(format!("{} does not answer", page.url)))
///     }
///
///     /// Tries the mirror, twice at most.
///     #[catch(for = [fetch], max_recoveries = 2)]
///     async fn mirror(failed: StepFailed<Page>) -> Page {
///         Page { url: format!("mirror/{}", failed.input.url) }
///     }
///
///     /// Gives up on anything else.
///     #[catch]
///     async fn give_up(failed: StepFailed) -> StopEvent {
///         StopEvent::new(failed.error.to_string())
///     }
/// }
///
/// let flow = Flow.into_workflow()?;
/// assert_eq!(flow.steps().len(), 4);
/// # Ok::<_, stepwell::BuildError>(())
/// ```
///
pub use stepwell_macros::catch;
