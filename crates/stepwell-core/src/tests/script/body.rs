//! Reads what the bodies of a script do.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Scene, field, list};
use crate::{
    Call, CallKey, CallKind, Collected, Failure, ItemId, Name, Output, Payload, Recorded,
    Remembered, RunState, Sent, Streamed, Tick, Updated, Wait,
};

/// The body that a line is about.
struct Body<'a> {
    item: ItemId,
    attempt: u32,
    branch: &'a str,
    recorded: &'a Recorded,
}

impl Scene {
    /// Reads what the body of a work item does. `#1` is the first work item, `#1/2` its second
    /// attempt, `#1.left` a branch of its body:
    ///
    /// - `#1 returns nothing`, `#1 returns Event`, `#1 returns [Event Other]`;
    /// - `#1 fails message`, `#1 fails message, again in 1000`, `#1 fails message, again at once`;
    /// - `#1 sends Event`, `#1 sends Event to step`, `#1 updates +1`;
    /// - `#1 once name 7`, `#1 once name fails message`;
    /// - `#1 waits Event|Other key name field=value within 5000 asking Request`, all but the
    ///   events may be left out; `#1 sleeps 1000`;
    /// - `#1 collects Event of [Event Other] in buffer`;
    /// - `#1 drops wait Event`, `#1 drops sleep`, and so on: the last such call that was begun;
    /// - `#1 parks`, or `#1 parks knowing 0`: how many answers it had been given;
    /// - `#1 streams a b`, `#1 streams b anew from 1`.
    ///
    /// After a call, `nth 2` says how many such calls were made before; without, it is counted.
    pub(super) fn tick_of_item(
        &self,
        item: &str,
        verb: &str,
        words: &[&str],
        run: &RunState,
    ) -> Tick {
        let nothing = Recorded::new();
        let text = item.strip_prefix('#').expect("a line begins with a verb or an item");
        let (text, branch) = text.split_once('.').unwrap_or((text, ""));
        let (item, attempt) = text.split_once('/').unwrap_or((text, "1"));
        let item = ItemId(item.parse().unwrap());
        let recorded = run.recorded(item).unwrap_or(&nothing);
        let body = Body { item, attempt: attempt.parse().unwrap(), branch, recorded };
        let Body { attempt, .. } = body;
        match verb {
            "returns" => Tick::Returned { item, attempt, output: self.output(words) },
            "fails" => failed(&body, words),
            "streams" => Tick::Streamed(streamed(&body, words)),
            "parks" => {
                let answers = match words {
                    ["knowing", answers] => answers.parse().unwrap(),
                    _ => recorded.answers().len().try_into().unwrap(),
                };
                Tick::Parked { item, attempt, answers }
            }
            "drops" => Tick::CallDropped(body.begun_call(words)),
            _ => self.call(&body, verb, words, run),
        }
    }

    /// Reads a call.
    fn call(&self, body: &Body<'_>, verb: &str, words: &[&str], run: &RunState) -> Tick {
        let (words, nth) = match words {
            [words @ .., "nth", nth] => (words, Some(nth.parse().unwrap())),
            _ => (words, None),
        };
        match (verb, words) {
            ("sends", [event, target @ ..]) => {
                let event = self.event(event);
                let call = body.call(CallKind::Send, &event.name, nth);
                let target = target.get(1).map(|step| Name::from(*step));
                Tick::Sent(Sent { call, event, target })
            }
            ("updates", [sum]) => {
                let sum: i64 = sum.parse().unwrap();
                let new: Value = json!(run.user_state().as_i64().unwrap_or(0) + sum);
                let call = body.call(CallKind::Update, "", nth);
                let patch = json_patch::diff(run.user_state(), &new);
                Tick::Updated(Updated { call, patch, returned: Payload::of(&new) })
            }
            ("once", [name, result @ ..]) => {
                let outcome = match result {
                    ["fails", message @ ..] => Err(Failure::new("Error", message.join(" "))),
                    value => Ok(Payload::of(&serde_json::from_str(value[0]).unwrap())),
                };
                let call = body.call(CallKind::Once, name, nth);
                Tick::Remembered(Remembered { call, outcome })
            }
            ("waits", [events, options @ ..]) => Tick::WaitBegun(self.wait(
                body,
                &events.split('|').map(Name::from).collect::<Vec<_>>(),
                options,
                nth,
            )),
            ("sleeps", [millis]) => Tick::SleepBegun {
                call: body.call(CallKind::Sleep, "", nth),
                delay: Duration::from_millis(millis.parse().unwrap()),
            },
            ("collects", [event, "of", rest @ ..]) => {
                let (expected, buffer) = match rest {
                    [expected @ .., "in", buffer] => (expected, *buffer),
                    expected => (expected, "default"),
                };
                let expected = list(expected).into_iter().map(Name::from).collect();
                let call = body.call(CallKind::Collect, buffer, nth);
                let (event, buffer) = (self.event(event), buffer.into());
                Tick::Collected(Collected { call, buffer, event, expected })
            }
            _ => panic!("cannot read {verb} {words:?}"),
        }
    }

    fn wait(&self, body: &Body<'_>, events: &[Name], options: &[&str], nth: Option<u32>) -> Wait {
        let mut wait = Wait {
            call: body.call(CallKind::Wait, &events[0], nth),
            events: events.to_vec(),
            matching: BTreeMap::new(),
            within: None,
            request: None,
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            let mut value = || options.next().expect("an option has a value");
            match *option {
                "key" => wait.call = body.call(CallKind::Wait, value(), nth),
                "within" => wait.within = Some(Duration::from_millis(value().parse().unwrap())),
                "asking" => wait.request = Some(self.event(value())),
                text => wait.matching.extend([field(text)]),
            }
        }
        wait
    }

    fn output(&self, words: &[&str]) -> Output {
        match words {
            ["nothing"] => Output::Nothing,
            [event] if !event.starts_with('[') => Output::Event(self.event(event)),
            _ => Output::Events(list(words).into_iter().map(|event| self.event(event)).collect()),
        }
    }
}

impl Body<'_> {
    /// A call; without a number it is the next of its kind and name.
    fn call(&self, kind: CallKind, name: &str, nth: Option<u32>) -> Call {
        let branch = Name::from(self.branch);
        let nth = nth.unwrap_or_else(|| self.count(kind, name));
        let key = CallKey { branch, kind, name: name.into(), nth };
        Call { item: self.item, attempt: self.attempt, key }
    }

    /// The last call of a kind and name.
    fn begun_call(&self, words: &[&str]) -> Call {
        let kind = serde_json::from_value(json!(words[0])).expect("a kind of call");
        let default = if kind == CallKind::Collect { "default" } else { "" };
        let name = words.get(1).copied().unwrap_or(default);
        self.call(kind, name, Some(self.count(kind, name).saturating_sub(1)))
    }

    fn count(&self, kind: CallKind, name: &str) -> u32 {
        let calls = self.recorded.calls().iter().map(|begun| &begun.key);
        let same =
            |key: &&CallKey| key.kind == kind && key.name == *name && key.branch == *self.branch;
        calls.filter(same).count().try_into().unwrap()
    }
}

fn failed(body: &Body<'_>, words: &[&str]) -> Tick {
    let text = words.join(" ");
    let (message, retry) = match text.split_once(", again ") {
        Some((message, "at once")) => (message, Some(Duration::ZERO)),
        Some((message, delay)) => {
            let millis = delay.strip_prefix("in ").unwrap().parse().unwrap();
            (message, Some(Duration::from_millis(millis)))
        }
        None => (&*text, None),
    };
    let failure = Failure::new("Error", message);
    Tick::Failed { item: body.item, attempt: body.attempt, failure, retry }
}

fn streamed(body: &Body<'_>, words: &[&str]) -> Streamed {
    let (items, nth, restarted) = match words {
        [items @ .., "anew", "from", nth] => (items, nth.parse().unwrap(), true),
        items => (items, body.recorded.streamed().len().try_into().unwrap(), false),
    };
    let digests = items.iter().map(|item| digest(item)).collect();
    Streamed { item: body.item, attempt: body.attempt, nth, digests, restarted }
}

/// Any function will do: equal items have equal digests.
fn digest(item: &str) -> u64 {
    item.bytes().fold(0, |digest, byte| digest * 31 + u64::from(byte))
}
