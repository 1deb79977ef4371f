//! Attempts that fail, and handlers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stepwell::retry::{fixed, retry};
use stepwell::{
    Context, Emit, Event, StartEvent, StepError, StepFailed, StopEvent, Take, step, workflow,
};

use crate::kit::result_of;

#[derive(Event)]
struct Page {
    url: String,
}

#[derive(Event)]
struct Text {
    length: usize,
}

#[derive(Default)]
struct Fetching {
    calls: AtomicU32,
}

#[derive(Emit)]
enum Fallback {
    Page(Page),
    Stop(StopEvent),
}

#[workflow(steps = [parse])]
impl Fetching {
    #[step]
    async fn begin(start: StartEvent) -> Page {
        Page { url: start.get("url").unwrap_or_default() }
    }

    #[step(retry = retry().wait(fixed(Duration::from_millis(1))))]
    async fn fetch(&self, page: Page) -> Result<Text, StepError> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match page.url.strip_prefix("down/") {
            Some(rest) => Err(StepError::new(format!("{rest} is down, call {calls}"))),
            None => Ok(Text { length: page.url.len() }),
        }
    }

    #[catch(for = [fetch], max_recoveries = 2)]
    async fn mirror(&self, failed: StepFailed<Page>) -> Fallback {
        match failed.input.url.strip_prefix("down/") {
            Some("") | None => Fallback::Stop(StopEvent::new(failed.error.to_string())),
            Some(url) => Fallback::Page(Page { url: url.to_owned() }),
        }
    }

    #[catch(for = [parse])]
    async fn unreadable(failed: StepFailed, ctx: &Context) -> Result<StopEvent, StepError> {
        let text: Text = failed.input.read()?;
        Ok(StopEvent::new(format!("{} of {}: {}", failed.step, text.length, ctx.attempt())))
    }
}

#[step]
async fn parse(text: Text) -> Result<StopEvent, StepError> {
    if text.length == 0 { Err(StepError::new("empty")) } else { Ok(StopEvent::new(text.length)) }
}

async fn fetch(url: &str) -> String {
    result_of(Fetching::default(), StartEvent::new().with("url", url)).await
}

#[tokio::test]
async fn a_handler_takes_the_place_of_the_step_that_failed() {
    assert_eq!(fetch("page").await, "4");
    assert_eq!(fetch("down/page").await, "4");
    assert_eq!(fetch("down/").await, "\" is down, call 3\"");
}

#[tokio::test]
async fn a_handler_is_entered_so_often_and_no_more() {
    assert_eq!(fetch("down/down/page").await, "4");
    assert_eq!(fetch("down/down/down/page").await, "step `fetch` failed: page is down, call 9");
}

#[tokio::test]
async fn a_handler_may_be_for_a_function() {
    assert_eq!(fetch("").await, "\"parse of 0: 1\"");
}

struct Batches;

#[workflow]
impl Batches {
    #[step]
    async fn split(_: StartEvent) -> Vec<Page> {
        ["a", "b"].map(|url| Page { url: url.to_owned() }).into()
    }

    #[step]
    async fn join(pages: Take<Page, 2>) -> Result<StopEvent, StepError> {
        Err(StepError::new(format!("{} pages are too many", pages.len())))
    }

    #[catch]
    async fn rescue(failed: StepFailed) -> StopEvent {
        StopEvent::new(format!("{}: {}", failed.step, failed.error))
    }
}

#[tokio::test]
async fn a_handler_for_all_is_for_any_step() {
    let result = result_of(Batches, StartEvent::new()).await;

    assert_eq!(result, "\"join: 2 pages are too many\"");
}
