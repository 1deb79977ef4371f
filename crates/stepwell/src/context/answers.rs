//! The order in which answers reach a body: that of the journal, in every life.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stepwell_core::{Answer, CallKey, Outcome, Recorded};

use super::numbers::Numbers;

/// Answers to the calls of one body.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Those of this attempt, in the order in which they came: each waits for the ones before it.
    coming: VecDeque<(usize, Answer)>,
    /// Those that a call gets as soon as it is made, by the order in which they came: of earlier
    /// attempts, and those that were passed over.
    kept: BTreeMap<CallKey, (usize, Outcome)>,
    /// The calls among those that were made.
    asked: BTreeMap<usize, CallKey>,
    /// How many have come in all.
    known: usize,
    /// What the body may take.
    released: BTreeMap<CallKey, Outcome>,
    /// Those of them that something else than the poll of the body is about to take.
    handed_over: BTreeSet<CallKey>,
    /// Calls that the body has given up.
    given_up: BTreeSet<CallKey>,
}

impl Answers {
    pub(super) fn new(recorded: &Recorded, numbers: &Numbers) -> Self {
        let mut answers = Self { known: recorded.answers().len(), ..Self::default() };
        for (order, answer) in recorded.answers().iter().enumerate() {
            if answer.outcome == Outcome::Dropped {
                continue;
            }
            let Answer { key, outcome } = answer.clone();
            if numbers.is_of_this_attempt(&key) {
                answers.coming.push_back((order, Answer { key, outcome }));
            } else {
                answers.kept.insert(key, (order, outcome));
            }
        }
        answers
    }

    /// Returns how many have come.
    pub(super) fn known(&self) -> u32 {
        u32::try_from(self.known).unwrap_or(u32::MAX)
    }

    /// Adds answers that have come.
    pub(super) fn add(&mut self, answers: &[Answer]) {
        let wanted = (self.known..).zip(answers);
        let wanted = wanted.filter(|(_, answer)| answer.outcome != Outcome::Dropped);
        self.coming.extend(wanted.map(|(order, answer)| (order, answer.clone())));
        self.known += answers.len();
    }

    /// Notes that a call was made.
    pub(super) fn ask(&mut self, key: &CallKey) {
        if let Some((order, _)) = self.kept.get(key) {
            self.asked.insert(*order, key.clone());
        }
    }

    /// Notes that the answer to a call is not wanted.
    pub(super) fn give_up(&mut self, key: &CallKey) {
        self.take(key);
        self.given_up.insert(key.clone());
    }

    /// Lets the body take the next answer, and returns the call that it answers.
    pub(super) fn release(&mut self, is_open: impl Fn(&CallKey) -> bool) -> Option<CallKey> {
        let (key, outcome) = match self.next(is_open)? {
            Next::Kept(order) => {
                let key = self.asked.remove(&order)?;
                let (_, outcome) = self.kept.remove(&key)?;
                (key, outcome)
            }
            Next::Coming => {
                let (_, Answer { key, outcome }) = self.coming.pop_front()?;
                (key, outcome)
            }
        };
        self.released.insert(key.clone(), outcome);
        Some(key)
    }

    /// Notes that a task of the body's, or a set of futures in it, is about to take an answer.
    pub(super) fn hand_over(&mut self, key: CallKey) {
        self.handed_over.insert(key);
    }

    /// Tells whether something else than the poll of the body is about to take an answer.
    pub(super) fn is_handed_over(&self, key: &CallKey) -> bool {
        self.handed_over.contains(key)
    }

    /// Takes the answer to a call, if it was released.
    pub(super) fn take(&mut self, key: &CallKey) -> Option<Outcome> {
        self.handed_over.remove(key);
        self.released.remove(key)
    }

    pub(super) fn can_release(&mut self, is_open: impl Fn(&CallKey) -> bool) -> bool {
        self.next(is_open).is_some()
    }

    /// Tells whether none is on its way to the body. One that a poll of the body did not take is
    /// not: the body wants another one first.
    pub(super) fn are_given_out(&self) -> bool {
        self.coming.is_empty() && self.handed_over.is_empty()
    }

    /// The body stands still, so it does not make the call whose answer is next. It may do so
    /// later; others need not wait for that. Tells whether another answer can be released.
    pub(super) fn pass_over(&mut self, is_open: impl Fn(&CallKey) -> bool) -> bool {
        while !self.can_release(&is_open) {
            let Some((order, Answer { key, outcome })) = self.coming.pop_front() else {
                return false;
            };
            self.kept.insert(key, (order, outcome));
        }
        true
    }

    /// Finds the next answer that the body can have. Those that it does not want are forgotten.
    fn next(&mut self, is_open: impl Fn(&CallKey) -> bool) -> Option<Next> {
        while let Some((order, key)) = self.asked.first_key_value() {
            if !self.given_up.contains(key) {
                return Some(Next::Kept(*order));
            }
            self.asked.pop_first();
        }
        while let Some((_, first)) = self.coming.front() {
            if !self.given_up.contains(&first.key) {
                return is_open(&first.key).then_some(Next::Coming);
            }
            self.coming.pop_front();
        }
        None
    }
}

/// Where the next answer is.
#[derive(Debug)]
enum Next {
    Kept(usize),
    Coming,
}
