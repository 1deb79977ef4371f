//! What was asked of a store, when it was answered, and what each handler was after it.

use std::collections::BTreeMap;

/// What a handler is to whoever reads the store: a text that says everything, or nothing if there
/// is no such handler.
pub(super) type Shape = Option<String>;

/// One write of a handler.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// How many writes of the whole workload had been sent or answered before it was sent.
    pub(super) sent: u64,
    /// The same for its answer; none if none has come.
    pub(super) answered: Option<u64>,
    /// Where the record of the disk was when it was sent.
    pub(super) sent_at: usize,
    /// The same for its answer.
    pub(super) answered_at: Option<usize>,
    /// What the handler is after it.
    pub(super) shape: Shape,
}

/// All writes of each handler, in order; one is sent when the one before was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// What each handler was when the record began.
    pub(super) before: BTreeMap<String, Shape>,
    pub(super) steps: BTreeMap<String, Vec<Step>>,
}

/// What power loss may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Nothing that was answered.
    Nothing,
    /// The last writes, answered or not.
    TheTail,
}

/// What became of a history.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Writes that were answered and are there.
    pub(super) kept: u64,
    /// Writes that were answered and are gone, as far as that was promised not to happen.
    pub(super) lost: Vec<String>,
    /// Writes that were answered and are gone, and nobody was promised otherwise.
    pub(super) tail: u64,
    /// What never was.
    pub(super) torn: Vec<String>,
}

impl History {
    pub(super) fn handlers(&self) -> impl Iterator<Item = &String> {
        self.before.keys().chain(self.steps.keys().filter(|name| !self.before.contains_key(*name)))
    }

    /// Compares what is there after power loss at a moment of the record with what was written.
    pub(super) fn check(
        &self,
        at: usize,
        promise: Promise,
        found: &BTreeMap<String, Shape>,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        // The newest write that is there, and the oldest answered one that is not.
        let (mut newest_kept, mut oldest_lost) = (0, None::<(u64, String)>);
        for handler in self.handlers() {
            let none = Vec::new();
            let all = self.steps.get(handler).unwrap_or(&none);
            let sent = all.iter().take_while(|step| step.sent_at <= at).count();
            let is_answered = |step: &&Step| step.answered_at.is_some_and(|then| then <= at);
            let answered = all.iter().take_while(is_answered).count();
            let shape = found.get(handler).cloned().flatten();
            // A handler that was purged is like one that never was: then the doubt is in its favour.
            let fits = |count: &usize| *self.shape(handler, *count) == shape;
            let Some(there) = (0..=sent).rev().find(fits) else {
                let last = self.shape(handler, answered);
                verdict.torn.push(format!(
                    "{handler} is {shape:?}, and was {last:?} after {answered} of {sent} writes"
                ));
                continue;
            };
            verdict.kept += answered.min(there) as u64;
            if let Some(last) = (0..=sent).find(fits).and_then(|least| least.checked_sub(1)) {
                newest_kept = newest_kept.max(all[last].sent);
            }
            if there < answered {
                let gone = format!("{handler}: {answered} writes were answered, {there} are there");
                match promise {
                    Promise::Nothing => verdict.lost.push(gone),
                    Promise::TheTail => verdict.tail += (answered - there) as u64,
                }
                let then = all[there].answered.unwrap_or(u64::MAX);
                if oldest_lost.as_ref().is_none_or(|(oldest, _)| then < *oldest) {
                    oldest_lost = Some((then, handler.clone()));
                }
            }
        }
        if let Some((then, handler)) = oldest_lost
            && then < newest_kept
        {
            let what = format!("{handler} lost a write that was answered before one that is kept");
            verdict.lost.push(what);
        }
        verdict
    }

    /// Returns what a handler was after so many writes.
    fn shape(&self, handler: &str, writes: usize) -> &Shape {
        match writes.checked_sub(1) {
            Some(last) => &self.steps[handler][last].shape,
            None => self.before.get(handler).unwrap_or(&None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(sent: u64, shape: &str) -> Step {
        let moment = usize::try_from(sent).unwrap();
        Step {
            sent,
            answered: Some(sent + 1),
            sent_at: moment,
            answered_at: Some(moment + 1),
            shape: Some(shape.to_owned()),
        }
    }

    /// Two writes to `a` at 0 and 2, one to `b` at 4.
    fn check(at: usize, promise: Promise, a: Option<&str>, b: Option<&str>) -> String {
        let mut history = History::default();
        history.steps.insert("a".to_owned(), vec![step(0, "a1"), step(2, "a2")]);
        history.steps.insert("b".to_owned(), vec![step(4, "b1")]);
        let found = [("a", a), ("b", b)];
        let found = found.map(|(name, shape)| (name.to_owned(), shape.map(str::to_owned)));
        let verdict = history.check(at, promise, &found.into());
        format!("{} {} {} {}", verdict.kept, verdict.lost.len(), verdict.tail, verdict.torn.len())
    }

    #[test]
    fn what_was_answered_must_be_there_and_what_was_sent_may() {
        use Promise::Nothing;
        assert_eq!(check(9, Nothing, Some("a2"), Some("b1")), "3 0 0 0");
        assert_eq!(check(2, Nothing, Some("a1"), None), "1 0 0 0");
        assert_eq!(check(2, Nothing, Some("a2"), None), "1 0 0 0");
        assert_eq!(check(9, Nothing, Some("a1"), Some("b1")), "2 2 0 0");
        assert_eq!(check(9, Nothing, Some("a2"), None), "2 1 0 0");
    }

    #[test]
    fn what_was_not_sent_or_never_was_is_torn() {
        assert_eq!(check(1, Promise::Nothing, Some("a2"), None), "0 0 0 1");
        assert_eq!(check(9, Promise::TheTail, Some("a3"), Some("b1")), "1 0 0 1");
    }

    #[test]
    fn only_the_last_writes_may_be_lost() {
        assert_eq!(check(9, Promise::TheTail, Some("a1"), None), "1 0 2 0");
        assert_eq!(check(9, Promise::TheTail, Some("a1"), Some("b1")), "2 1 1 0");
    }
}
