//! A graph as sets of numbers.

use stepwell_core::Family;

use super::text::Text;
use super::types::{TYPES, Types};
use super::{Mistake, StepShape};
use crate::shape::{EmitShape, InputShape, TypeRef};
use crate::workflow::graph::text::{is_one_of, same};
use crate::workflow::graph::words;

/// How many steps a workflow that is checked here can have.
pub(super) const STEPS: usize = 64;

/// What brings a step to run.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Each,
    All,
    Join,
    Failure,
}

/// A graph: steps and types of event are known by their places.
pub(super) struct Model {
    /// The first two types that cannot be told apart.
    pub(super) mistake: Option<Mistake>,
    /// The types in the order in which the steps name them, and how many there are.
    events: [Option<TypeRef>; TYPES],
    /// Parallel to them, for the compiler compares numbers faster than texts.
    hashes: [u64; TYPES],
    pub(super) count: usize,
    is_too_large: bool,
    pub(super) steps: usize,
    pub(super) takes: [Takes; STEPS],
    pub(super) accepts: [Types; STEPS],
    pub(super) bare: [Types; STEPS],
    pub(super) listed: [Types; STEPS],
    /// Of handlers: the steps whose failures they get.
    pub(super) covers: [u64; STEPS],
    pub(super) all_accepts: Types,
    pub(super) all_emits: Types,
    pub(super) outside: Types,
    pub(super) starts: Types,
    pub(super) stops: Types,
    pub(super) requests: Types,
    pub(super) responses: Types,
}

impl Model {
    /// Reads the shapes; returns nothing if they are too many.
    pub(super) const fn new(steps: &[StepShape], additional: &[TypeRef]) -> Option<Self> {
        if steps.len() > STEPS {
            return None;
        }
        let none = Types::new();
        let mut model = Self {
            mistake: None,
            events: [None; TYPES],
            hashes: [0; TYPES],
            count: 0,
            is_too_large: false,
            steps: steps.len(),
            takes: [Takes::Each; STEPS],
            accepts: [none; STEPS],
            bare: [none; STEPS],
            listed: [none; STEPS],
            covers: super::handlers::covers(steps),
            all_accepts: none,
            all_emits: none,
            outside: none,
            starts: none,
            stops: none,
            requests: none,
            responses: none,
        };
        let mut at = 0;
        while at < steps.len() {
            model.read(&steps[at], at);
            at += 1;
        }
        let mut at = 0;
        while at < additional.len() {
            let event = model.place(additional[at]);
            model.outside.add(event);
            at += 1;
        }
        if model.is_too_large { None } else { Some(model) }
    }

    const fn read(&mut self, step: &StepShape, at: usize) {
        self.takes[at] = match step.input {
            InputShape::Each(_) => Takes::Each,
            InputShape::All(_) => Takes::All,
            InputShape::Join { .. } => Takes::Join,
            InputShape::Failed(_) | InputShape::Any => Takes::Failure,
        };
        let types = step.input.types();
        let mut nth = 0;
        while nth < types.len() {
            let event = self.place(types[nth]);
            self.accepts[at].add(event);
            nth += 1;
        }
        self.read_output(&step.output, at, false);
        self.all_accepts.add_all(&self.accepts[at]);
        self.all_emits.add_all(&self.bare[at]);
        self.all_emits.add_all(&self.listed[at]);
    }

    const fn read_output(&mut self, output: &EmitShape, at: usize, is_listed: bool) {
        match output {
            EmitShape::Nothing => {}
            EmitShape::Event(event) => {
                let event = self.place(*event);
                if is_listed {
                    self.listed[at].add(event);
                } else {
                    self.bare[at].add(event);
                }
            }
            EmitShape::List(shape) => self.read_output(shape, at, true),
            EmitShape::OneOf(shapes) => {
                let mut nth = 0;
                while nth < shapes.len() {
                    self.read_output(&shapes[nth], at, is_listed);
                    nth += 1;
                }
            }
        }
    }

    /// Returns the place of a type, a new one if it has none.
    const fn place(&mut self, event: TypeRef) -> usize {
        let hash = hash(event.name);
        let mut at = 0;
        while at < self.count {
            if self.hashes[at] == hash
                && let Some(known) = &self.events[at]
                && same(known.name, event.name)
            {
                self.compare(&event, at);
                return at;
            }
            at += 1;
        }
        if self.count == TYPES {
            self.is_too_large = true;
            return 0;
        }
        self.compare_aliases(&event);
        match event.family {
            Family::Start => self.starts.add(self.count),
            Family::Stop => self.stops.add(self.count),
            Family::Request => self.requests.add(self.count),
            Family::Response => self.responses.add(self.count),
            Family::Plain => {}
        }
        self.events[self.count] = Some(event);
        self.hashes[self.count] = hash;
        self.count += 1;
        self.count - 1
    }

    /// Looks whether a type is that of the same name. Where one names no module, that of the
    /// workflow decides, which is not known here.
    const fn compare(&mut self, event: &TypeRef, at: usize) {
        let Some(known) = self.events[at] else { return };
        if self.mistake.is_some() {
            return;
        }
        let names = [event.name];
        if let (Some(module), Some(other)) = (known.module, event.module)
            && !same(module, other)
        {
            let (mut first, mut second) = (Text::new(), Text::new());
            first.fill("{}.{}", &[module, known.name]);
            second.fill("{}.{}", &[other, event.name]);
            let names = [event.name, first.as_str(), second.as_str()];
            self.mistake = Some(Mistake::new(None, words::SAME_NAME, &names));
        } else if known.family as u8 != event.family as u8
            || !are_same(known.aliases, event.aliases)
        {
            self.mistake = Some(Mistake::new(None, words::TWO_FORMS, &names));
        }
    }

    /// Looks whether a new type is or was called like another one.
    const fn compare_aliases(&mut self, event: &TypeRef) {
        let mut at = 0;
        while at < self.count && self.mistake.is_none() {
            let Some(known) = self.events[at] else { return };
            let have_aliases = !known.aliases.is_empty() || !event.aliases.is_empty();
            if have_aliases && let Some(name) = common_name(&known, event) {
                let names = [known.name, event.name, name];
                self.mistake = Some(Mistake::new(None, words::ALIAS_TAKEN, &names));
            }
            at += 1;
        }
    }

    /// Returns all events that a step returns, alone or in a list.
    pub(super) const fn emits(&self, step: usize) -> Types {
        let mut emits = self.bare[step];
        emits.add_all(&self.listed[step]);
        emits
    }

    /// Says what is wrong with an event that a step accepts or returns.
    pub(super) const fn loose_end(&self, step: usize, event: usize) -> Option<&'static str> {
        let is_stop = self.stops.has(event);
        let is_of_outside = self.requests.has(event) || self.responses.has(event) || is_stop;
        let is_added = self.outside.has(event);
        if self.accepts[step].has(event) {
            if is_stop {
                return Some(words::ACCEPTS_STOP);
            }
            let comes = self.all_emits.has(event) || self.starts.has(event);
            if !comes && !is_of_outside && !is_added {
                return Some(words::NEVER_RETURNED);
            }
        }
        if self.emits(step).has(event)
            && !is_of_outside
            && !is_added
            && !self.all_accepts.has(event)
        {
            return Some(words::NEVER_ACCEPTED);
        }
        None
    }

    /// Returns the name of a type.
    pub(super) const fn name(&self, event: usize) -> &'static str {
        match &self.events[event] {
            Some(event) => event.name,
            None => "",
        }
    }

    /// Returns the names of types, with commas between them.
    pub(super) const fn list(&self, events: &Types) -> Text {
        let mut text = Text::new();
        let mut events = *events;
        while let Some(event) = events.take() {
            if !text.is_empty() {
                text.push(", ");
            }
            text.push(self.name(event));
        }
        text
    }
}

const fn hash(text: &str) -> u64 {
    let mut hash = 0_u64;
    let mut at = 0;
    while at < text.len() {
        hash = hash.wrapping_mul(31).wrapping_add(text.as_bytes()[at] as u64);
        at += 1;
    }
    hash
}

/// Returns a name that two types have both had.
const fn common_name(a: &TypeRef, b: &TypeRef) -> Option<&'static str> {
    if is_one_of(a.name, b.aliases) {
        return Some(a.name);
    }
    let mut at = 0;
    while at < a.aliases.len() {
        if same(a.aliases[at], b.name) || is_one_of(a.aliases[at], b.aliases) {
            return Some(a.aliases[at]);
        }
        at += 1;
    }
    None
}

const fn are_same(a: &[&str], b: &[&str]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && same(a[at], b[at]) {
        at += 1;
    }
    at == a.len() && at == b.len()
}
