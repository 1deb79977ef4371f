//! Yes-or-no questions joined by "or", "and" and "not".

use std::fmt::{self, Display};

/// A question `T`, or several joined.
#[derive(Clone)]
pub(super) enum Logic<T> {
    One(T),
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
}

impl<T> Logic<T> {
    pub(super) fn holds(&self, ask: &dyn Fn(&T) -> bool) -> bool {
        match self {
            Self::One(question) => ask(question),
            Self::Any(parts) => parts.iter().any(|part| part.holds(ask)),
            Self::All(parts) => parts.iter().all(|part| part.holds(ask)),
            Self::Not(part) => !part.holds(ask),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        let parts = |logic| match logic {
            Self::Any(parts) => parts,
            one => vec![one],
        };
        Self::Any(joined(parts(self), parts(other)))
    }

    pub(super) fn and(self, other: Self) -> Self {
        let parts = |logic| match logic {
            Self::All(parts) => parts,
            one => vec![one],
        };
        Self::All(joined(parts(self), parts(other)))
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(part) => *part,
            part => Self::Not(Box::new(part)),
        }
    }
}

fn joined<T>(mut parts: Vec<T>, more: Vec<T>) -> Vec<T> {
    parts.extend(more);
    parts
}

impl<T: Display> Display for Logic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::One(question) => return question.fmt(f),
            Self::Not(part) => {
                f.write_str("not ")?;
                return part.fmt_part(f);
            }
            Self::Any(parts) => (parts, " or "),
            Self::All(parts) => (parts, " and "),
        };
        for (nth, part) in parts.iter().enumerate() {
            f.write_str(if nth == 0 { "" } else { word })?;
            part.fmt_part(f)?;
        }
        Ok(())
    }
}

impl<T: Display> Logic<T> {
    fn fmt_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(_) | Self::All(_) => write!(f, "({self})"),
            Self::One(_) | Self::Not(_) => self.fmt(f),
        }
    }
}
