//! Lists and what takes them together.

use stepwell::{Context, Emit, Event, FanOut, Join, StartEvent, StopEvent, Take, workflow};

use crate::kit::result_of;

#[derive(Event)]
struct Page {
    number: u64,
}

#[derive(Event)]
struct Words {
    page: u64,
    count: u64,
}

struct Counting;

#[workflow]
impl Counting {
    #[step]
    async fn split(start: StartEvent) -> FanOut<Page> {
        (0..start.get("pages").unwrap_or(0)).map(|number| Page { number }).collect()
    }

    #[step(workers = 2)]
    async fn count(page: Page) -> Option<Words> {
        // A page without words just does not appear.
        (page.number != 3).then_some(Words { page: page.number, count: page.number * 10 })
    }

    #[step]
    async fn add(words: Join<Words>) -> StopEvent {
        let pages: Vec<u64> = words.by_emission().iter().map(|words| words.page).collect();
        StopEvent::new(pages)
    }
}

#[tokio::test]
async fn a_join_gets_what_came_of_a_list() {
    assert_eq!(result_of(Counting, StartEvent::new().with("pages", 6)).await, "[0,1,2,4,5]");
    assert_eq!(result_of(Counting, StartEvent::new()).await, "[]");
}

#[derive(Emit)]
enum Split {
    Pages(Vec<Page>),
    Empty(StopEvent),
}

struct Racing;

#[workflow]
impl Racing {
    #[step]
    async fn split(start: StartEvent) -> Split {
        match start.get("pages").unwrap_or(0) {
            0 => Split::Empty(StopEvent::new("nothing to do")),
            pages => Split::Pages((0..pages).map(|number| Page { number }).collect()),
        }
    }

    #[step]
    async fn count(page: Page) -> Words {
        Words { page: page.number, count: 1 }
    }

    #[step]
    async fn first(words: Take<Words, 1>) -> Sum {
        Sum { first: words.iter().map(|words| words.count).sum() }
    }

    #[step(take = 2)]
    async fn two(words: Join<Words>) -> Pair {
        Pair { words: words.len() as u64 }
    }

    #[step]
    async fn both(pair: Pair, sum: Sum, ctx: &Context<u64>) -> StopEvent {
        StopEvent::new(vec![sum.first, pair.words, *ctx.state()])
    }
}

#[derive(Event)]
struct Sum {
    first: u64,
}

#[derive(Event)]
struct Pair {
    words: u64,
}

#[tokio::test]
async fn a_list_may_be_one_of_several_outcomes() {
    assert_eq!(result_of(Racing, StartEvent::new()).await, "\"nothing to do\"");
}

#[tokio::test]
async fn some_of_a_batch_are_enough_and_slots_are_filled_together() {
    assert_eq!(result_of(Racing, StartEvent::new().with("pages", 5)).await, "[1,2,0]");
}
