//! How a run passes from one owner to the next: the new one raises the epoch, then reads the
//! journal; whoever appends says under which epoch, and after how many entries.

use stateright::{Checker, Model, Property};

/// How many owners there are; each begins while those before may still be at work.
const OWNERS: usize = 3;

/// How many entries a journal gets at most.
const ENTRIES: usize = 3;

/// Which steps of the protocol are left out.
#[derive(Clone, Copy, Debug, Default)]
struct TakeOver {
    /// The journal is read before the epoch is raised.
    reads_first: bool,
    /// An append is not compared with the number of entries.
    ignores_head: bool,
    /// An append is not compared with the epoch.
    ignores_epoch: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    /// The epoch of the run.
    epoch: usize,
    /// Who appended each entry, and how many entries that owner knew of.
    journal: Vec<(usize, usize)>,
    owners: [Owner; OWNERS],
    /// Whether an owner appended after a newer one had taken the run over.
    was_zombie: bool,
}

/// What an owner knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Owner {
    has_raised: bool,
    /// How many entries it has read or appended.
    head: Option<usize>,
    is_fenced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Raise(usize),
    Read(usize),
    Append(usize),
}

impl Model for TakeOver {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, owner) in state.owners.iter().enumerate() {
            if owner.is_fenced {
                continue;
            }
            let may_read = owner.has_raised != self.reads_first;
            let may_raise = !owner.has_raised && (owner.head.is_some() || !self.reads_first);
            if may_raise {
                actions.push(Action::Raise(at));
            }
            if owner.head.is_none() && may_read {
                actions.push(Action::Read(at));
            }
            if owner.has_raised && owner.head.is_some() && state.journal.len() < ENTRIES {
                actions.push(Action::Append(at));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            // Epochs are those of the owners: a later one's is higher.
            Action::Raise(at) => {
                state.owners[at].has_raised = true;
                if state.epoch > at + 1 {
                    state.owners[at].is_fenced = true;
                } else {
                    state.epoch = at + 1;
                }
            }
            Action::Read(at) => state.owners[at].head = Some(state.journal.len()),
            Action::Append(at) => {
                let head = state.owners[at].head?;
                let fits_head = self.ignores_head || head == state.journal.len();
                let fits_epoch = self.ignores_epoch || at + 1 == state.epoch;
                if fits_head && fits_epoch {
                    state.was_zombie |= at + 1 < state.epoch;
                    state.journal.push((at, head));
                    state.owners[at].head = Some(head + 1);
                } else {
                    state.owners[at].is_fenced = true;
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an entry follows what its owner knew", |_, state: &State| {
                state.journal.iter().enumerate().all(|(at, (_, knew))| at == *knew)
            }),
            Property::always("an owner that lost the run writes nothing", |_, state: &State| {
                !state.was_zombie
            }),
            Property::always("the newest owner is not fenced", |_, state: &State| {
                state.epoch == 0 || !state.owners[state.epoch - 1].is_fenced
            }),
            Property::sometimes("all owners append", |_, state: &State| {
                (0..OWNERS).all(|owner| state.journal.iter().any(|(by, _)| *by == owner))
            }),
        ]
    }
}

/// Returns what does not hold.
fn broken(model: TakeOver) -> Vec<&'static str> {
    let checker = model.checker().spawn_bfs().join();
    assert!(checker.is_done() && checker.unique_state_count() > 100);
    checker.assert_any_discovery("all owners append");
    let mut broken: Vec<_> = checker.discoveries().into_keys().collect();
    broken.retain(|name| *name != "all owners append");
    broken.sort_unstable();
    broken
}

const FOLLOWS: &str = "an entry follows what its owner knew";
const ZOMBIE: &str = "an owner that lost the run writes nothing";
const FENCED: &str = "the newest owner is not fenced";

#[test]
fn a_run_has_one_history_whoever_owns_it() {
    assert_eq!(broken(TakeOver::default()), Vec::<&str>::new());
}

#[test]
fn who_reads_before_raising_the_epoch_may_be_fenced_by_the_owner_before() {
    let model = TakeOver { reads_first: true, ..TakeOver::default() };
    assert_eq!(broken(model), [FENCED]);
}

#[test]
fn who_reads_first_and_does_not_compare_heads_forks_the_history() {
    let model = TakeOver { reads_first: true, ignores_head: true, ..TakeOver::default() };
    assert_eq!(broken(model), [FOLLOWS]);
}

#[test]
fn without_epochs_an_owner_writes_that_has_lost_the_run() {
    let model = TakeOver { ignores_epoch: true, ..TakeOver::default() };
    assert_eq!(broken(model), [ZOMBIE, FENCED]);
}

#[test]
fn with_neither_the_history_forks() {
    let model = TakeOver { ignores_epoch: true, ignores_head: true, ..TakeOver::default() };
    assert_eq!(broken(model), [FOLLOWS, ZOMBIE]);
}
