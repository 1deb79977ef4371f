//! The workflows that the tests use, and a bank that they pay through.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stepwell::{Context, Event, StepError, StopEvent, Workflow};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Event)]
#[event(start)]
pub(crate) struct Order {
    pub(crate) id: u64,
}

#[derive(Event)]
pub(crate) struct Priced {
    pub(crate) id: u64,
    pub(crate) price: u64,
}

#[derive(Event)]
#[event(request)]
pub(crate) struct Approve {
    pub(crate) order: u64,
}

#[derive(Event)]
#[event(response)]
pub(crate) struct Decision {
    pub(crate) order: u64,
    pub(crate) ok: bool,
}

#[derive(Event)]
pub(crate) struct Progress {
    pub(crate) number: u64,
}

pub(crate) fn order() -> Order {
    Order { id: 1 }
}

pub(crate) fn yes() -> Decision {
    Decision { order: 1, ok: true }
}

/// Prices an order, then thanks for it. The state counts both steps.
pub(crate) fn linear() -> Workflow {
    Workflow::builder("Linear")
        .state::<u64>()
        .step("price", |order: Order, ctx: Context<u64>| async move {
            ctx.stream(Progress { number: 1 }).await?;
            ctx.update(|steps| *steps += 1).await?;
            Ok::<_, StepError>(Priced { id: order.id, price: 3 })
        })
        .step("thank", |priced: Priced, ctx: Context<u64>| async move {
            ctx.stream(Progress { number: 2 }).await?;
            let steps = ctx
                .update(|steps| {
                    *steps += 1;
                    *steps
                })
                .await?;
            let Priced { id, price } = priced;
            Ok::<_, StepError>(StopEvent::new(format!("{id} costs {price}, {steps} steps")))
        })
        .build()
        .unwrap()
}

/// Asks a person in one step and hears the answer in another one.
pub(crate) fn human() -> Workflow {
    Workflow::builder("Human")
        .state::<u64>()
        .timeout(MINUTE)
        .step("ask", |order: Order, _: Context<u64>| async move { Approve { order: order.id } })
        .step("act", |decision: Decision, ctx: Context<u64>| async move {
            ctx.update(|decided| *decided += 1).await?;
            Ok::<_, StepError>(StopEvent::new(decision.ok))
        })
        .build()
        .unwrap()
}

/// Sleeps twice.
pub(crate) fn sleeping(first: Duration, second: Duration) -> Workflow {
    Workflow::builder("Sleeping")
        .step("sleep", move |_: Order, ctx: Context| async move {
            ctx.stream(Progress { number: 0 }).await?;
            ctx.sleep(first).await?;
            ctx.stream(Progress { number: 1 }).await?;
            ctx.sleep(second).await?;
            Ok::<_, StepError>(StopEvent::new("slept"))
        })
        .build()
        .unwrap()
}

/// Gets a quote, waits two days for a decision, and pays.
pub(crate) fn buying(bank: &Bank) -> Workflow {
    let bank = bank.clone();
    Workflow::builder("Buying")
        .state::<u64>()
        .additional_event::<Decision>()
        .step("buy", move |order: Order, ctx: Context<u64>| {
            let bank = bank.clone();
            async move {
                let quote: u64 = ctx.once("quote", async || Ok::<_, StepError>(7)).await?;
                ctx.update(|total| *total += quote).await?;
                let decision = ctx
                    .wait::<Decision>()
                    .matching("order", order.id)
                    .within(2 * DAY)
                    .asking(Approve { order: order.id });
                if !decision.await.is_ok_and(|decision| decision.ok) {
                    return Ok(StopEvent::new("declined"));
                }
                let key = ctx.idempotency_key();
                let pay = async || Ok::<_, StepError>(bank.pay(&key, quote));
                let balance: u64 = ctx.once("pay", pay).await?;
                Ok::<_, StepError>(StopEvent::new(balance))
            }
        })
        .build()
        .unwrap()
}

/// Another system: it is still there when the process has crashed, and knows a request that comes
/// again by its key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bank {
    paid: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Bank {
    /// Pays, and returns what was paid in all.
    pub(crate) fn pay(&self, key: &str, amount: u64) -> u64 {
        let mut paid = self.paid.lock().unwrap();
        paid.insert(key.to_owned(), amount);
        paid.values().sum()
    }

    /// Returns the payments.
    pub(crate) fn payments(&self) -> Vec<u64> {
        self.paid.lock().unwrap().values().copied().collect()
    }
}
