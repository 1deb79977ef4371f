//! How a reader joins a stream: it subscribes, reads what is in the store, then what it is woken
//! for. A wake-up carries no items, only how far the stream has come.

use stateright::{Checker, Model, Property};

/// How many items there are; the last is the terminal event.
const ITEMS: usize = 4;

/// Which steps of the protocol are left out.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// The reader looks into the store before it subscribes, and not after.
    subscribes_late: bool,
    /// Readers are told of an item before it is in the store.
    tells_first: bool,
    /// The reader takes what it is told of without reading what is in between.
    skips_the_store: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    stored: usize,
    told: usize,
    is_subscribed: bool,
    has_looked: bool,
    /// How far the stream has come, as the reader has heard and not yet looked at.
    news: Option<usize>,
    read: Vec<usize>,
    /// Whether it ended without the terminal event.
    gave_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Store,
    Tell,
    Subscribe,
    Look,
    Hear,
}

impl State {
    /// Reads what is in the store.
    fn look(&mut self) {
        self.read.extend(self.read.len()..self.stored);
    }
}

impl Model for Reading {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (first, second) =
            if self.tells_first { (state.told, state.stored) } else { (state.stored, state.told) };
        if first < ITEMS && first == second {
            actions.push(if self.tells_first { Action::Tell } else { Action::Store });
        }
        if second < first {
            actions.push(if self.tells_first { Action::Store } else { Action::Tell });
        }
        if !state.is_subscribed && state.has_looked == self.subscribes_late {
            actions.push(Action::Subscribe);
        }
        if !state.has_looked && state.is_subscribed != self.subscribes_late {
            actions.push(Action::Look);
        }
        if state.has_looked && state.news.is_some() {
            actions.push(Action::Hear);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Store => state.stored += 1,
            Action::Tell => {
                state.told += 1;
                state.news = state.is_subscribed.then_some(state.told).or(state.news);
            }
            Action::Subscribe => state.is_subscribed = true,
            Action::Look => {
                state.has_looked = true;
                state.look();
            }
            Action::Hear => {
                let news = state.news.take()?;
                if self.skips_the_store {
                    state.read.extend((state.read.len() < news).then(|| news - 1));
                } else {
                    state.look();
                }
                state.gave_up = state.read.len() < news;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("items come in order, each once", |_, state: &State| {
                state.read.iter().enumerate().all(|(at, item)| at == *item)
            }),
            Property::always("what a reader hears of is there", |_, state: &State| !state.gave_up),
            Property::eventually("every reader sees the end", |_, state: &State| {
                state.read.last() == Some(&(ITEMS - 1))
            }),
        ]
    }
}

/// Returns what does not hold.
fn broken(model: Reading) -> Vec<&'static str> {
    let checker = model.checker().spawn_bfs().join();
    assert!(checker.is_done() && checker.unique_state_count() > 20);
    let mut broken: Vec<_> = checker.discoveries().into_keys().collect();
    broken.sort_unstable();
    broken
}

const END: &str = "every reader sees the end";
const ORDER: &str = "items come in order, each once";
const THERE: &str = "what a reader hears of is there";

#[test]
fn a_reader_sees_every_item_once_and_the_end() {
    assert_eq!(broken(Reading::default()), Vec::<&str>::new());
}

#[test]
fn who_subscribes_after_reading_may_never_see_the_end() {
    let model = Reading { subscribes_late: true, ..Reading::default() };
    assert_eq!(broken(model), [END]);
}

#[test]
fn who_is_told_before_it_is_stored_looks_in_vain() {
    let model = Reading { tells_first: true, ..Reading::default() };
    assert_eq!(broken(model), [END, THERE]);
}

#[test]
fn who_takes_only_what_it_is_told_of_misses_items() {
    let model = Reading { skips_the_store: true, ..Reading::default() };
    assert!(broken(model).contains(&ORDER));
}
