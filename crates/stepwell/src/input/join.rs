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
