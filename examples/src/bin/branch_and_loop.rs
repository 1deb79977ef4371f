//! A step that returns one of several events, and a loop made of that.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use stepwell::{Emit, Event, IntoWorkflow, workflow};

/// Begins a game: the number is between 0 and this.
#[derive(Event)]
#[event(start)]
struct Game {
    highest: u32,
}

/// A guess, and what is known of the number.
#[derive(Event)]
struct Guess {
    value: u32,
    lowest: u32,
    highest: u32,
    tries: u32,
}

/// The number was found.
#[derive(Event)]
#[event(stop)]
struct Found {
    value: u32,
    tries: u32,
}

/// What comes after a guess.
#[derive(Emit)]
enum Next {
    Again(Guess),
    Done(Found),
}

struct GuessFlow {
    secret: u32,
}

#[workflow]
impl GuessFlow {
    #[step]
    async fn begin(&self, game: Game) -> Guess {
        guess(0, game.highest, 1)
    }

    #[step]
    async fn check(&self, tried: Guess) -> Next {
        let Guess { value, lowest, highest, tries } = tried;
        match value.cmp(&self.secret) {
            std::cmp::Ordering::Equal => Next::Done(Found { value, tries }),
            std::cmp::Ordering::Less => Next::Again(guess(value + 1, highest, tries + 1)),
            std::cmp::Ordering::Greater => Next::Again(guess(lowest, value - 1, tries + 1)),
        }
    }
}

fn guess(lowest: u32, highest: u32, tries: u32) -> Guess {
    Guess { value: lowest.midpoint(highest), lowest, highest, tries }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let run = GuessFlow { secret: 42 }.run(Game { highest: 1000 }).await?;
    let found: Found = run.result().await?;
    println!("it is {}, found in {} tries", found.value, found.tries);
    Ok(())
}
