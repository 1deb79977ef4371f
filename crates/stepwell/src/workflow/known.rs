//! What the constants that the macros write ask about types.
//!
//! A type that is no event is told once, by the builder's call that it is given to. So the
//! constants must not fail for it as well: they ask [`Known`], which answers for any type.

use std::marker::PhantomData;

use crate::shape::{EmitShape, InputShape, TypeRef};
use crate::{Emit, Event, StartEvent, StepInput};

/// What is known of a type. A constant that its bounds rule out is found in [`Unknown`] instead.
#[derive(Debug)]
pub struct Known<T>(PhantomData<T>);

impl<T: StepInput> Known<T> {
    /// What the type is made of.
    pub const INPUT: InputShape = T::SHAPE;
    /// A step can take it.
    pub const IS_INPUT: bool = true;
}

impl<T: Emit> Known<T> {
    /// What the type may emit.
    pub const OUTPUT: EmitShape = T::SHAPE;
    /// A step can return it.
    pub const IS_OUTPUT: bool = true;
}

impl<T: Event> Known<T> {
    /// The type.
    pub const EVENT: TypeRef = TypeRef::of::<T>();
    /// It is an event.
    pub const IS_EVENT: bool = true;
}

/// What is said of a type that is not what it should be.
pub trait Unknown {
    /// Stands for what is not known.
    const INPUT: InputShape = InputShape::Any;
    /// A step cannot take it.
    const IS_INPUT: bool = false;
    /// Stands for what is not known.
    const OUTPUT: EmitShape = EmitShape::Nothing;
    /// A step cannot return it.
    const IS_OUTPUT: bool = false;
    /// Stands for what is not known.
    const EVENT: TypeRef = TypeRef::of::<StartEvent>();
    /// It is not an event.
    const IS_EVENT: bool = false;
}

impl<T> Unknown for Known<T> {}

/// Tells whether all of them hold.
#[must_use]
pub const fn all(conditions: &[bool]) -> bool {
    let mut at = 0;
    while at < conditions.len() && conditions[at] {
        at += 1;
    }
    at == conditions.len()
}
