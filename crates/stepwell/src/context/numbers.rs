//! Which call is which: a body that runs again makes the same calls in the same places.

use std::collections::BTreeMap;

use stepwell_core::{CallKey, CallKind, Name, Recorded};

use super::ContextError;

/// How many calls one attempt may make: each is kept until the work item is done.
pub(super) const MAX_CALLS: usize = 100_000;

/// What stands between the type of event that is waited for and the name of the wait.
pub(super) const WAIT_NAME: char = '#';

/// The calls that a body has made, and those that it made before it was interrupted.
#[derive(Debug)]
pub(super) struct Numbers {
    attempt: u32,
    before: BTreeMap<CallKey, Before>,
    /// The unnamed ones of those, of this attempt, by branch, in the order in which they were made.
    places: BTreeMap<Name, Vec<Place>>,
    /// How many calls were made, by branch, kind and name.
    counts: BTreeMap<(Name, CallKind, Name), u32>,
    /// How many of the places are taken, by branch.
    taken: BTreeMap<Name, usize>,
    total: usize,
}

/// A call that was made before.
#[derive(Debug)]
struct Before {
    attempt: u32,
    target: Option<Name>,
    is_given_up: bool,
    /// Whether the body has made it again.
    is_made: bool,
}

#[derive(Debug)]
struct Place {
    kind: CallKind,
    name: Name,
    is_given_up: bool,
}

/// What a body calls.
#[derive(Debug)]
pub(super) struct NewCall<'a> {
    pub(super) branch: &'a Name,
    pub(super) kind: CallKind,
    pub(super) name: Name,
    pub(super) target: Option<&'a Name>,
}

/// A call that has its number.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) key: CallKey,
    /// Whether it was not made before.
    pub(super) is_new: bool,
}

/// Why a call cannot be made.
#[derive(Debug)]
pub(super) enum Refused {
    Error(ContextError),
    /// The body made another call before it was interrupted.
    Diverged {
        before: String,
        now: String,
    },
}

impl Numbers {
    pub(super) fn new(recorded: &Recorded, attempt: u32) -> Self {
        let mut places: BTreeMap<Name, Vec<Place>> = BTreeMap::new();
        let mut before = BTreeMap::new();
        for begun in recorded.calls() {
            let is_given_up = recorded.is_given_up(&begun.key);
            let CallKey { branch, kind, name, .. } = &begun.key;
            if begun.attempt == attempt && !is_named(*kind, name) {
                let place = Place { kind: *kind, name: name.clone(), is_given_up };
                places.entry(branch.clone()).or_default().push(place);
            }
            let (attempt, target) = (begun.attempt, begun.target.clone());
            let call = Before { attempt, target, is_given_up, is_made: false };
            before.insert(begun.key.clone(), call);
        }
        let (counts, taken) = (BTreeMap::new(), BTreeMap::new());
        Self { attempt, before, places, counts, taken, total: 0 }
    }

    /// Tells whether a call was made in this attempt, before the body was interrupted.
    pub(super) fn is_of_this_attempt(&self, key: &CallKey) -> bool {
        self.before.get(key).is_some_and(|before| before.attempt == self.attempt)
    }

    /// Tells whether a call was given up before the body was interrupted.
    pub(super) fn was_given_up(&self, key: &CallKey) -> bool {
        self.before.get(key).is_some_and(|before| before.is_given_up)
    }

    /// Gives a call its number.
    pub(super) fn number(&mut self, call: &NewCall<'_>) -> Result<Numbered, Refused> {
        if self.total >= MAX_CALLS {
            return Err(Refused::Error(ContextError::TooManyCalls));
        }
        self.total += 1;
        let NewCall { branch, kind, name, target } = call;
        let count = self.counts.entry(((*branch).clone(), *kind, name.clone())).or_default();
        let key =
            CallKey { branch: (*branch).clone(), kind: *kind, name: name.clone(), nth: *count };
        *count += 1;
        let is_kept = self.before.get(&key).is_some_and(|before| before.attempt != self.attempt);
        if !is_named(*kind, name) && !is_kept {
            self.take_place(&key)?;
        }
        let Some(before) = self.before.get_mut(&key) else {
            return Ok(Numbered { key, is_new: true });
        };
        before.is_made = true;
        if before.target.as_ref() != *target {
            let to = |target: Option<&Name>| {
                target.map_or("every step".to_owned(), |step| format!("step `{step}`"))
            };
            let before = format!("{} to {}", describe(&key), to(before.target.as_ref()));
            let now = format!("{} to {}", describe(&key), to(*target));
            return Err(Refused::Diverged { before, now });
        }
        Ok(Numbered { key, is_new: false })
    }

    /// Compares an unnamed call with the one that was made in its place before. One that was given
    /// up need not be made again.
    fn take_place(&mut self, key: &CallKey) -> Result<(), Refused> {
        let branch = &key.branch;
        let taken = self.taken.entry(branch.clone()).or_default();
        let places = self.places.get(branch).map_or(&[][..], Vec::as_slice);
        while let Some(Place { kind, name, is_given_up }) = places.get(*taken)
            && (kind, name) != (&key.kind, &key.name)
        {
            let count = self.counts.entry((branch.clone(), *kind, name.clone())).or_default();
            if !is_given_up {
                let other = CallKey { kind: *kind, name: name.clone(), ..key.clone() };
                let (before, now) = (describe(&other), describe(key));
                return Err(Refused::Diverged { before, now });
            }
            *count += 1;
            *taken += 1;
        }
        *taken += 1;
        Ok(())
    }

    /// Returns a call that was made before the body was interrupted and was not made again.
    pub(super) fn unmade(&self) -> Option<String> {
        let missing = |(_, before): &(&CallKey, &Before)| {
            !before.is_made && !before.is_given_up && before.attempt == self.attempt
        };
        self.before.iter().find(missing).map(|(key, _)| describe(key))
    }
}

/// Tells whether a call has a name of its caller's, so that it may be made beside others.
pub(super) fn is_named(kind: CallKind, name: &Name) -> bool {
    match kind {
        CallKind::Once => true,
        CallKind::Wait => name.contains(WAIT_NAME),
        CallKind::Send | CallKind::Update | CallKind::Sleep | CallKind::Collect => false,
    }
}

pub(super) fn verb(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Send => "a send",
        CallKind::Update => "an update",
        CallKind::Once => "a `once`",
        CallKind::Wait => "a wait",
        CallKind::Sleep => "a sleep",
        CallKind::Collect => "a collect",
    }
}

/// Names a call for people.
pub(super) fn describe(key: &CallKey) -> String {
    let CallKey { branch, kind, name, .. } = key;
    let mut text = verb(*kind).to_owned();
    if !name.is_empty() {
        text += &match kind {
            CallKind::Wait => match name.split_once(WAIT_NAME) {
                Some((event, name)) => format!(" for `{event}` called `{name}`"),
                None => format!(" for `{name}`"),
            },
            CallKind::Collect => format!(" in `{name}`"),
            CallKind::Send => format!(" of `{name}`"),
            CallKind::Update | CallKind::Once | CallKind::Sleep => format!(" `{name}`"),
        };
    }
    if !branch.is_empty() {
        text += &format!(" in branch `{branch}`");
    }
    text
}
