//! What comes together: the events of a batch.

use std::ops::Deref;

use stepwell_core::Input as RawInput;

use super::{Accept, StepInput, mismatch};
use crate::StepError;
use crate::shape::InputShape;

/// All events of a batch that are of type `E`, in the order in which they arrived.
///
/// A step returns a list, which opens a batch; its members go through other steps; a step that
/// takes a `Join` runs once, when nothing of the batch is left to run. Members of which nothing
/// came are simply not there.
///
/// A member that itself leads to a list opens a batch within the batch. A join takes the innermost
/// batch that its events are in, and what it returns is in the batch around that one, in the place
/// of the member that the list came from: so an inner join runs for each member of the outer list,
/// and a join of what inner joins return runs once.
///
/// # Examples
///
/// Words of lines of a text, counted line by line and then in all:
///
/// ```
/// use stepwell::{Event, FanOut, IntoWorkflow, Join, StopEvent, workflow};
///
/// #[derive(Event)]
/// #[event(start)]
/// struct Text { text: String }
///
/// #[derive(Event)]
/// struct Line { words: Vec<String> }
///
/// #[derive(Event)]
/// struct Word { length: usize }
///
/// #[derive(Event)]
/// struct LineLength { length: usize }
///
/// struct Lengths;
///
/// #[workflow]
/// impl Lengths {
///     #[step]
///     async fn lines(&self, text: Text) -> FanOut<Line> {
///         let words = |line: &str| line.split(' ').map(str::to_owned).collect();
///         text.text.lines().map(|line| Line { words: words(line) }).collect()
///     }
///
///     #[step]
///     async fn words(&self, line: Line) -> FanOut<Word> {
///         line.words.iter().map(|word| Word { length: word.len() }).collect()
///     }
///
///     // Once for each line.
///     #[step]
///     async fn line(&self, words: Join<Word>) -> LineLength {
///         LineLength { length: words.iter().map(|word| word.length).sum() }
///     }
///
///     // Once.
///     #[step]
///     async fn all(&self, lines: Join<LineLength>) -> StopEvent {
///         let lengths = lines.by_emission().into_iter().map(|line| line.length);
///         StopEvent::new(lengths.collect::<Vec<_>>())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = Text { text: "a well\nof steps".to_owned() };
/// let stop: StopEvent = Lengths.run(text).await?.result().await?;
/// assert_eq!(stop.result.to_string(), "[5,7]");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join<E> {
    members: Vec<E>,
    /// Parallel to the members: which member of the list each descends from.
    emission: Vec<u32>,
}

/// The first `N` events of a batch that are of type `E`, as soon as they have arrived; or fewer,
/// if the batch has no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Take<E, const N: u32>(Join<E>);

impl<E> Join<E> {
    /// Returns the events in the order of the list that their batch was opened with, rather than
    /// in that of arrival.
    #[must_use]
    pub fn by_emission(self) -> Vec<E> {
        let mut members: Vec<(u32, E)> = self.emission.into_iter().zip(self.members).collect();
        // Stable: what descends from one member stays in the order of arrival.
        members.sort_by_key(|(index, _)| *index);
        members.into_iter().map(|(_, event)| event).collect()
    }

    /// Returns the events in the order of arrival.
    #[must_use]
    pub fn into_vec(self) -> Vec<E> {
        self.members
    }
}

impl<E, const N: u32> Take<E, N> {
    /// Returns the events in the order of arrival.
    #[must_use]
    pub fn into_vec(self) -> Vec<E> {
        self.0.members
    }
}

impl<E> Deref for Join<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.members
    }
}

impl<E, const N: u32> Deref for Take<E, N> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.0
    }
}

impl<E> IntoIterator for Join<E> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Join<E> {
    type Item = &'a E;
    type IntoIter = std::slice::Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.iter()
    }
}

impl<E, const N: u32> IntoIterator for Take<E, N> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<E: Accept> StepInput for Join<E> {
    const SHAPE: InputShape = InputShape::Join { types: E::TYPES, take: None };

    fn read(input: &RawInput) -> Result<Self, StepError> {
        let RawInput::Batch(members) = input else { return Err(mismatch()) };
        Ok(Self {
            members: members
                .iter()
                .map(|member| E::accept(&member.event))
                .collect::<Result<_, _>>()?,
            emission: members.iter().map(|member| member.index).collect(),
        })
    }
}

impl<E: Accept, const N: u32> StepInput for Take<E, N> {
    const SHAPE: InputShape = {
        assert!(N > 0, "`Take` takes at least one event");
        InputShape::Join { types: E::TYPES, take: Some(N) }
    };

    fn read(input: &RawInput) -> Result<Self, StepError> {
        Join::read(input).map(Self)
    }
}
