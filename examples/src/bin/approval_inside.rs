//! A person decides while a step waits: the step goes on where it was.
//!
//! What comes before the wait must be safe to run again, for the body does so if the process dies
//! meanwhile. So the price is asked for once, and the shop recognises a repeated charge.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use stepwell::{Context, ContextError, Event, IntoWorkflow, StepError, StopEvent, workflow};

/// What somebody wants to buy.
#[derive(Event)]
#[event(start)]
struct Cart {
    id: u64,
    goods: String,
}

/// A person is asked.
#[derive(Event)]
#[event(request)]
struct Confirm {
    cart: u64,
    price: u64,
}

/// What the person said.
#[derive(Event)]
#[event(response)]
struct Confirmed {
    cart: u64,
    ok: bool,
}

struct Shop;

impl Shop {
    async fn price(&self, goods: &str) -> Result<u64, StepError> {
        println!("asking for the price of {goods}");
        Ok(goods.len() as u64 * 10)
    }

    async fn charge(&self, price: u64, key: &str) -> Result<String, StepError> {
        // A real shop would recognise the key if it came a second time.
        assert!(!key.is_empty());
        Ok(format!("charged {price}"))
    }
}

struct BuyFlow {
    shop: Shop,
}

#[workflow(events = [Confirm, Confirmed])]
impl BuyFlow {
    #[step]
    async fn buy(&self, cart: Cart, ctx: &Context) -> Result<StopEvent, StepError> {
        let price = ctx.once("price", || self.shop.price(&cart.goods)).await?;
        let answer = ctx
            .wait::<Confirmed>()
            .matching("cart", cart.id)
            .within(Duration::from_secs(2 * 24 * 60 * 60))
            .asking(Confirm { cart: cart.id, price })
            .await;
        match answer {
            Ok(answer) if answer.ok => {
                let receipt = self.shop.charge(price, &ctx.idempotency_key()).await?;
                Ok(StopEvent::new(receipt))
            }
            Ok(_) => Ok(StopEvent::new("the customer changed their mind")),
            Err(ContextError::TimedOut) => Ok(StopEvent::new("no answer in two days")),
            Err(error) => Err(error.into()),
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cart = Cart { id: 3, goods: "tea".to_owned() };
    let run = BuyFlow { shop: Shop }.run(cart).await?;
    run.send(Confirmed { cart: 3, ok: true }).await?;
    let stop: StopEvent = run.result().await?;
    println!("{}", stop.result);
    Ok(())
}
