//! A workflow with its tests: time stands still, and the process dies wherever it can.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use stepwell::{Context, Event, IntoWorkflow, StepError, StopEvent, workflow};

/// Somebody signed up.
#[derive(Event)]
#[event(start)]
struct SignedUp {
    name: String,
}

/// A mail that was sent, for whoever watches.
#[derive(Event)]
struct Mail {
    text: String,
}

struct WelcomeFlow;

#[workflow(state = u32)]
impl WelcomeFlow {
    /// Sends a mail at once, and another one a week later.
    #[step]
    async fn welcome(&self, user: SignedUp, ctx: &Context<u32>) -> Result<StopEvent, StepError> {
        self.send(format!("Welcome, {}!", user.name), ctx).await?;
        ctx.sleep(Duration::from_secs(7 * 24 * 60 * 60)).await?;
        self.send(format!("How do you like it, {}?", user.name), ctx).await?;
        Ok(StopEvent::new(format!("{} mails", ctx.state())))
    }
}

impl WelcomeFlow {
    async fn send(&self, text: String, ctx: &Context<u32>) -> Result<(), StepError> {
        ctx.stream(Mail { text }).await?;
        ctx.update(|mails| *mails += 1).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let workflow = WelcomeFlow.into_workflow()?;
    println!("workflow {} has {} step", workflow.name(), workflow.steps().len());
    println!("run `cargo test -p stepwell-examples --bin tested` to see it tested");
    Ok(())
}

#[cfg(test)]
mod tests;
