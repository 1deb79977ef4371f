//! A step that fails, is tried again, and hands over to another one when that does not help.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use stepwell::retry::{Jitter, attempts, before_delay, exponential, retry};
use stepwell::{Context, Event, IntoWorkflow, StepError, StepFailed, workflow};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A page to read.
#[derive(Event)]
#[event(start)]
struct Page {
    url: String,
}

/// A page that was not found where it should be.
#[derive(Event)]
struct Mirror {
    url: String,
}

/// What the page says.
#[derive(Event)]
#[event(stop)]
struct Text {
    text: String,
}

struct ReadFlow;

#[workflow]
impl ReadFlow {
    #[step(
        retry = retry()
            .wait(exponential(MILLISECOND).max(8 * MILLISECOND).jitter(Jitter::Full))
            .stop(attempts(3) | before_delay(Duration::from_secs(60))),
        timeout = "10s"
    )]
    async fn read(&self, page: Page, ctx: &Context) -> Result<Text, StepError> {
        println!("attempt {} at {}", ctx.attempt(), page.url);
        Err(StepError::new("connection reset"))
    }

    #[catch(for = [read], max_recoveries = 1)]
    async fn use_mirror(&self, failed: StepFailed<Page>) -> Mirror {
        println!("{} after {} attempts", failed.error, failed.attempts);
        Mirror { url: format!("mirror of {}", failed.input.url) }
    }

    #[step]
    async fn read_mirror(&self, mirror: Mirror) -> Text {
        Text { text: format!("read from the {}", mirror.url) }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let run = ReadFlow.run(Page { url: "news".to_owned() }).await?;
    let text: Text = run.result().await?;
    println!("{}", text.text);
    Ok(())
}
