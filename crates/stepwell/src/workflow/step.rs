//! A step as code: typed outside, erased inside.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use stepwell_core::{Event as RawEvent, Output};

use super::State;
use crate::context::{Context, RawContext};
use crate::{Accept, Emit, Emitter, StepError};

pub(crate) type BodyFuture = Pin<Box<dyn Future<Output = Result<Output, StepError>> + Send>>;

/// A step whose types are known only to itself.
pub(crate) trait ErasedStep: Send + Sync {
    /// Runs its body.
    fn call(&self, event: RawEvent, context: RawContext) -> BodyFuture;
}

/// An async function that takes an `A` and a context, and returns an `R`.
pub(crate) struct TypedStep<F, A, S> {
    body: F,
    types: PhantomData<fn(A, S)>,
}

impl<F, A, S> TypedStep<F, A, S> {
    pub(crate) fn new(body: F) -> Self {
        Self { body, types: PhantomData }
    }
}

impl<F, A, S, R> ErasedStep for TypedStep<F, A, S>
where
    F: Fn(A, Context<S>) -> R + Clone + Send + Sync + 'static,
    A: Accept,
    S: State,
    R: Future<Output: Emit> + Send,
{
    fn call(&self, event: RawEvent, context: RawContext) -> BodyFuture {
        let body = self.body.clone();
        Box::pin(async move {
            let mut emitter = Emitter::new(context.module());
            let accepted = A::accept(&event)?;
            body(accepted, context.typed()).await.emit(&mut emitter)?;
            Ok(emitter.into_output())
        })
    }
}

impl<F, A, S> fmt::Debug for TypedStep<F, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedStep")
    }
}
