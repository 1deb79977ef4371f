//! What the graph check says, once for both times at which it is said: while the program is
//! compiled and while the workflow is built. Each `{}` stands for a name.

pub(in crate::workflow) const NO_STEPS: &str =
    "there are no steps; add one that accepts a start event and returns a stop event";

pub(in crate::workflow) const NO_START: &str =
    "no step accepts a start event; mark one `#[event(start)]` or use `StartEvent`";

pub(in crate::workflow) const SEVERAL_STARTS: &str = "there is more than one start event: {}";

pub(in crate::workflow) const NO_STOP: &str =
    "no step returns a stop event; mark one `#[event(stop)]` or use `StopEvent`";

pub(in crate::workflow) const SEVERAL_STOPS: &str = "there is more than one stop event: {}";

pub(in crate::workflow) const STATE_AFTER_STEPS: &str =
    "`.state()` comes after step `{}`; say it before the first step";

pub(in crate::workflow) const NO_RUNS: &str =
    "no run may be in memory at all; let `concurrent_runs` be at least 1";

pub(in crate::workflow) const NO_TIME: &str = "{} is zero; leave it out for no limit";

pub(in crate::workflow) const NO_WORKERS: &str = "step `{}` has no workers; give it at least 1";

pub(in crate::workflow) const TAKE_WITHOUT_JOIN: &str = "step `{}` is to take the first {} events of a batch, but it takes no `Join`; take one, or \
     leave `take` out";

pub(in crate::workflow) const MISSING_RESOURCE: &str =
    "step `{}` takes the resource `{}: {}`, but nobody provides it; add it with `.resource()`";

pub(in crate::workflow) const DUPLICATE_PARAMETER: &str =
    "step `{}` takes two resources called `{}`; give each a name of its own";

pub(in crate::workflow) const DUPLICATE_STEP: &str = "there is more than one step `{}`";

pub(in crate::workflow) const TAKES_NONE: &str =
    "step `{}` takes the first 0 events of a batch; let it take at least 1";

pub(in crate::workflow) const TAKES_FAILURE: &str = "step `{}` takes a `StepFailed`, which only handlers get; make it a handler with `.catch()` \
     or `#[catch]`";

pub(in crate::workflow) const TAKES_ANYTHING: &str =
    "step `{}` takes an `AnyInput`, which handlers get within a `StepFailed`; take an event";

pub(in crate::workflow) const TAKES_NO_FAILURE: &str =
    "handler `{}` takes no `StepFailed`, but that is all that handlers get; take one";

pub(in crate::workflow) const ACCEPTS_STOP: &str =
    "step `{}` accepts the stop event `{}`, but a run ends with it";

pub(in crate::workflow) const NEVER_RETURNED: &str = "step `{}` accepts `{}`, but no step returns it; mark it `#[event(start)]` if it begins the \
     run or `#[event(response)]` if it comes from outside, or make it an additional event if it \
     is only sent";

pub(in crate::workflow) const NEVER_ACCEPTED: &str = "step `{}` returns `{}`, but no step accepts it; if none should, mark it `#[event(stop)]` or \
     `#[event(request)]`, or make it an additional event if a body waits for it";

pub(in crate::workflow) const NEVER_LISTED: &str = "step `{}` joins `{}`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, \
     or take single events, several as a tuple, or count them with `ctx.collect()`";

pub(in crate::workflow) const NEVER_TOGETHER: &str = "step `{}` takes several events together, but they never meet: {}; let them come from one \
     batch, or all from outside of batches";

pub(in crate::workflow) const IN_BATCHES: &str = "`{}` is in batches of {}";

pub(in crate::workflow) const IN_NO_BATCH: &str = "`{}` is in no batch";

pub(in crate::workflow) const NO_RECOVERIES: &str =
    "handler `{}` is entered 0 times; let `max_recoveries` be at least 1";

pub(in crate::workflow) const UNKNOWN_STEP: &str =
    "handler `{}` covers step `{}`, but there is no such step";

pub(in crate::workflow) const DID_YOU_MEAN: &str = "; did you mean `{}`?";

pub(in crate::workflow) const COVERS_HANDLER: &str =
    "handler `{}` covers `{}`, which is a handler itself; its failures fail the run";

pub(in crate::workflow) const COVERED_TWICE: &str =
    "step `{}` is covered by two handlers, `{}` and `{}`; leave it to one of them";

pub(in crate::workflow) const SEVERAL_CATCH_ALLS: &str =
    "`{}` and `{}` both handle the failures of all steps; let one of them name its steps";

pub(in crate::workflow) const COVERS_NOTHING: &str =
    "handler `{}` covers no step; name one, or remove the handler";

pub(in crate::workflow) const WRONG_FAILURE: &str = "handler `{}` covers step `{}`, whose input its `StepFailed` cannot hold; take a \
     `StepFailed` of what the step takes, or a `StepFailed<AnyInput>`";

pub(in crate::workflow) const SAME_NAME: &str = "two types of event are called `{}`: {} and {}";

pub(in crate::workflow) const TWO_FORMS: &str = "two types of event are called `{}`, but differ in kind or aliases; give one of them another \
     name";

pub(in crate::workflow) const ALIAS_TAKEN: &str = "the events `{}` and `{}` have both been called `{}`, so stored ones could be of either; \
     remove the alias from one of them";

pub(in crate::workflow) const DEAD_END: &str =
    "step `{}` can never lead to a stop event or a request";

pub(in crate::workflow) const UNREACHABLE: &str =
    "step `{}` can never be reached from the start event or a response";

pub(in crate::workflow) const CANNOT_RUN: &str = "workflow `{}` cannot run: ";
