//! Steps that take one event and return one event.

use stepwell::{
    Accept, Context, ContextError, Emit, Event, IntoWorkflow, StartEvent, StepError, StopEvent,
    workflow,
};

use crate::kit::result_of;

#[derive(Event)]
#[event(start)]
struct Topic {
    name: String,
}

#[derive(Event)]
struct Joke {
    text: String,
}

#[derive(Event)]
#[event(stop)]
struct Critique {
    joke: String,
    verdict: String,
}

struct JokeFlow {
    opening: &'static str,
}

#[workflow]
impl JokeFlow {
    #[step]
    async fn tell(&self, topic: Topic) -> Joke {
        Joke { text: format!("{} {}", self.opening, topic.name) }
    }

    #[step]
    async fn judge(&self, joke: Joke, ctx: Context<Vec<String>>) -> Result<Critique, StepError> {
        let told = ctx
            .update(|told| {
                told.push(joke.text.clone());
                told.len()
            })
            .await?;
        Ok(Critique { joke: joke.text, verdict: format!("joke {told}") })
    }
}

#[tokio::test]
async fn one_step_after_the_other() {
    let run = JokeFlow { opening: "Two" }.run(Topic { name: "pirates".to_owned() }).await.unwrap();
    let critique: Critique = run.result().await.unwrap();

    assert_eq!((&*critique.joke, &*critique.verdict), ("Two pirates", "joke 1"));
}

#[derive(Event)]
#[event(start)]
struct Guess {
    number: u64,
}

#[derive(Emit)]
enum Next {
    Again(Guess),
    Later(Result<Option<Hint>, StepError>),
    Won(StopEvent),
}

#[derive(Event)]
struct Hint {
    number: u64,
}

struct Game {
    secret: u64,
}

#[workflow]
impl Game {
    #[step]
    async fn check(&self, guess: Guess) -> Next {
        match guess.number {
            number if number == self.secret => Next::Won(StopEvent::new(number)),
            number if number > self.secret => Next::Later(Err(StepError::new("too high"))),
            2 => Next::Later(Ok(Some(Hint { number: 3 }))),
            number => Next::Again(Guess { number: number + 1 }),
        }
    }

    #[step]
    async fn heed(&self, hint: Hint) -> Guess {
        Guess { number: hint.number }
    }
}

#[tokio::test]
async fn an_enum_chooses_what_comes_next() {
    assert_eq!(result_of(Game { secret: 5 }, Guess { number: 0 }).await, "5");
    assert_eq!(
        result_of(Game { secret: 1 }, Guess { number: 2 }).await,
        "step `check` failed: too high"
    );
}

#[derive(Event)]
#[event(name = "Sent", alias = "Mailed")]
struct Parcel {
    weight: u64,
}

#[derive(Event)]
struct Letter {
    pages: u64,
}

#[derive(Accept)]
enum Post {
    Parcel(Parcel),
    Letter(Letter),
}

#[derive(Emit)]
enum Written {
    Parcel(Parcel),
    Letter(Letter),
}

struct Office;

#[workflow]
impl Office {
    #[step]
    async fn write(start: StartEvent) -> Written {
        match start.get("pages") {
            Some(pages) => Written::Letter(Letter { pages }),
            None => Written::Parcel(Parcel { weight: 7 }),
        }
    }

    #[step]
    async fn weigh(post: Post) -> StopEvent {
        match post {
            Post::Parcel(parcel) => StopEvent::new(parcel.weight),
            Post::Letter(letter) => StopEvent::new(letter.pages * 100),
        }
    }
}

#[tokio::test]
async fn an_enum_takes_events_of_several_types() {
    assert_eq!(result_of(Office, StartEvent::new()).await, "7");
    assert_eq!(result_of(Office, StartEvent::new().with("pages", 3)).await, "300");
}

#[test]
fn an_event_is_of_its_type_under_an_earlier_name_too() {
    let stored = |name: &str| stepwell::RawEvent {
        name: name.into(),
        module: "__main__".into(),
        family: stepwell::Family::Plain,
        value: serde_json::value::to_raw_value(&serde_json::json!({"weight": 2})).unwrap().into(),
    };
    let read = |name: &str| match Post::accept(&stored(name)) {
        Ok(Post::Parcel(parcel)) => format!("parcel {}", parcel.weight),
        Ok(Post::Letter(letter)) => format!("letter {}", letter.pages),
        Err(error) => error.to_string(),
    };

    assert_eq!(read("Sent"), "parcel 2");
    assert_eq!(read("Mailed"), "parcel 2");
    assert_eq!(read("Letter"), "missing field `pages` at line 1 column 12");
    assert_eq!(read("Parcel"), "`Post` has no variant for the event `Parcel`");
}

struct Sender;

#[workflow(events = [Letter])]
impl Sender {
    #[step]
    async fn begin(_: StartEvent, ctx: &Context) -> Result<(), ContextError> {
        ctx.send(Letter { pages: 2 }).await
    }

    #[step]
    async fn read(letter: Letter) -> StopEvent {
        StopEvent::new(letter.pages)
    }
}

#[tokio::test]
async fn an_additional_event_is_only_sent() {
    assert_eq!(result_of(Sender, StartEvent::new()).await, "2");
}

/// A workflow of any storyteller.
struct Story<T> {
    teller: T,
}

#[workflow(name = "Story")]
impl<T: Fn(&str) -> String + Send + Sync + 'static> Story<T> {
    #[step]
    async fn begin(&self, topic: Topic) -> StopEvent {
        StopEvent::new((self.teller)(&topic.name))
    }

    #[cfg(any())]
    #[step]
    async fn never(&self, nothing: Nothing) -> Nowhere {}
}

#[tokio::test]
async fn the_type_of_a_workflow_may_be_generic() {
    let story = Story { teller: |name: &str| format!("once upon a {name}") };

    assert_eq!(result_of(story, Topic { name: "time".to_owned() }).await, "\"once upon a time\"");
}

macro_rules! echo {
    ($flow:ident, $start:ty, $context:ty, $stop:ty) => {
        struct $flow;

        #[workflow]
        impl $flow {
            #[step]
            async fn echo(start: $start, ctx: $context) -> Result<$stop, ContextError> {
                let count = ctx.update(|count| *count += 1).await.map(|()| *ctx.state())?;
                Ok(<$stop>::new(format!("{} {count}", start.name)))
            }
        }
    };
}

echo!(Echo, Topic, Context<u64>, StopEvent);

#[tokio::test]
async fn other_macros_may_write_the_block() {
    assert_eq!(result_of(Echo, Topic { name: "hello".to_owned() }).await, "\"hello 1\"");
}
