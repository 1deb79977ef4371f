//! Macros of Stepwell. Use them through the crate `stepwell`, whose paths they write.
//!
//! Each works in three parts that know as little as possible of each other: it parses what people
//! wrote, checks it, and writes what they could have written without it. Every mistake is told at
//! its place, and the item that has it stays.

mod event;
mod options;
mod step;
mod variants;
mod words;
mod workflow;

use proc_macro::TokenStream;

/// Turns a struct with named fields into an event, readable and writable as JSON.
///
/// Derive nothing of serde's or schemars' beside it: the struct gets `Serialize`, `Deserialize`
/// and `JsonSchema` here, and a second implementation would conflict. Neither crate needs to be
/// among your dependencies. Their attributes, `#[serde(…)]` and `#[schemars(…)]`, work as usual.
///
/// # Attributes of the struct
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(start)]` | begins a run |
/// | `#[event(stop)]` | ends the run when a step returns it |
/// | `#[event(request)]` | asks the outside world |
/// | `#[event(response)]` | answers from the outside world |
/// | `#[event(open)]` | keeps undeclared fields; implied by a field marked `extra` |
/// | `#[event(name = "OrderPlaced")]` | is stored under this name instead of the struct's |
/// | `#[event(alias = "OrderCreated")]` | was stored under this name before; repeatable |
/// | `#[event(module = "shop.events")]` | the module that Python clients find its class in |
///
/// An event has at most one of the four families; one without goes from step to step.
///
/// # Attributes of a field
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(default)]` | may be absent and is then its type's default |
/// | `#[event(default = 3)]` | may be absent and is then this value; a text is converted |
/// | `#[event(extra)]` | takes the undeclared fields; its type is `stepwell::Extra` |
///
/// A field of type `Option` may be absent without any of these. The JSON Schema shows defaults,
/// and doc comments as descriptions.
#[proc_macro_derive(Event, attributes(event, serde, schemars))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}

/// Writes `Emit` for an enum: each variant holds one event, or whatever else a step can return, or
/// is a name alone and emits nothing.
///
/// The enum is not generic. It has no options.
#[proc_macro_derive(Emit)]
pub fn derive_emit(item: TokenStream) -> TokenStream {
    variants::derive_emit(item.into()).into()
}

/// Writes `Accept` for an enum: each variant holds one type of event, a different one.
///
/// The variant is chosen by the stored name of an event, or by one that it had before. The enum is
/// not generic. It has no options.
#[proc_macro_derive(Accept)]
pub fn derive_accept(item: TokenStream) -> TokenStream {
    variants::derive_accept(item.into()).into()
}

/// Leaves the block as it is, and implements `IntoWorkflow` for its type.
///
/// # Options of the workflow
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `name = "Shop"` | its name | that of the type |
/// | `version = "2"` | stored runs go on only with the version they were started with | `"1"` |
/// | `module = "shop"` | where Python clients find the classes of its events | `__main__` |
/// | `description = "…"` | what it is for | the doc comment of the block |
/// | `timeout = "60s"` | how long a run may be busy | 45 s within a process, no limit served |
/// | `deadline = "7d"` | how long after its start a run must have ended | no limit |
/// | `on_stall = "fail"` | what becomes of a run with nothing to do or to wait for | `"wait"` |
/// | `concurrent_runs = 100` | how many of its runs are in memory at once | no limit |
/// | `verbose` | logs what its runs do | |
/// | `state = Tally` | the type of the state | what the contexts of the steps say, or `()` |
/// | `events = [Approval]` | events that no signature names: only sent, or waited for | |
/// | `steps = [audit]` | functions marked `#[step]` that are steps too | |
/// | `skip(reachability, dead_end)` | checks of the graph that are left out | |
///
/// A duration is a text, a whole number and `ms`, `s`, `m`, `h` or `d`, or an expression of type
/// `Duration`. Expressions mean what they mean beside the block; in them, and in those of steps,
/// `self` is the value that becomes the workflow.
///
/// # Methods
///
/// Methods marked `#[step]` and `#[catch]` are the steps, in the order of the block; functions come
/// after them. Neither marker needs to be imported. Other methods stay what they are.
#[proc_macro_attribute]
pub fn workflow(options: TokenStream, item: TokenStream) -> TokenStream {
    workflow::expand(options.into(), item.into()).into()
}

/// Marks a step.
///
/// # Signature
///
/// A step is an `async fn`, with `&self` or without. Its parameters come in any order and are told
/// apart by the last words of their types, so those cannot be aliases:
///
/// | parameter | what the step gets |
/// |---|---|
/// | `page: Page` | each event of the type |
/// | `answer: Answer` | each event of the types in an enum with `derive(Accept)` |
/// | `pages: Join<Page>` | all pages that come of a list, together |
/// | `pages: Take<Page, 3>` | the first three of them |
/// | `page: Page, title: Title` | one event of each type, together; up to six |
/// | `ctx: &Context<Tally>` | what it can do while it runs, and the state of the run |
/// | `client: Res<Client>` | a resource that the builder was given |
///
/// The contexts of all steps of a workflow are written with the same state. A step returns an
/// event, `()`, an `Option`, a `Vec` or `FanOut` of events, an enum with `derive(Emit)`, or a
/// `Result` of any of these.
///
/// # Options of a step
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `name = "fetch page"` | its name | that of the function |
/// | `description = "…"` | what it is for | the doc comment of the function |
/// | `workers = 8` | how many of its bodies run at once in one run | 4 |
/// | `retry = attempts(3)` | what becomes of a failed attempt: a `RetryPolicy` | it is final |
/// | `timeout = "10s"` | how long one attempt may run | no limit |
/// | `heartbeat = "10s"` | how long an attempt may go without a sign of life | no limit |
/// | `take = 3` | how many events are enough for a `Join` | all |
/// | `blocking` | it is a plain `fn` that blocks its thread, and takes a `BlockingContext` | |
/// | `state = "atomic"` | updates of an attempt count only if it succeeds | they stay |
/// | `skip(reachability, dead_end)` | checks of the graph that are left out for it | |
///
/// # Functions
///
/// On a free function, it makes a step for `#[workflow(steps = [function])]`. The function stays
/// as it is. Beside it comes an empty enum of the same name, which implements `StepFunction`;
/// functions and types do not get in each other's way, and `use` brings both along. A function
/// without a context is a step of workflows with any state.
#[proc_macro_attribute]
pub fn step(options: TokenStream, item: TokenStream) -> TokenStream {
    step::expand_function(options.into(), &item.into()).into()
}

/// Marks a handler: a method that is given the failures of steps which no further attempt will
/// mend. What it returns takes the place of what the step would have returned.
///
/// It is an `async fn` like a step, and takes a `StepFailed` in place of an event. A
/// `StepFailed<Page>` is for steps that take a `Page`, a `StepFailed` alone for any. Resources that
/// it takes are missed when it runs, not when the workflow is built.
///
/// # Options of a handler
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `for = [fetch, parse]` | its steps, by the names of their functions | as `for = all` |
/// | `for = all` | all steps without a handler of their own are its steps | |
/// | `max_recoveries = 2` | how often it is entered for what comes of one event | 1 |
/// | `name = "recover"` | its name | that of the method |
#[proc_macro_attribute]
pub fn catch(_options: TokenStream, item: TokenStream) -> TokenStream {
    step::outside_a_workflow("catch", &item.into()).into()
}
