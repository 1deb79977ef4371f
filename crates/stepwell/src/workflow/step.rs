//! A step as code: typed outside, erased inside.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use stepwell_core::{Input as RawInput, Output};
use tokio::runtime::Handle;

use super::State;
use crate::context::{BlockingContext, Context, RawContext};
use crate::{Emit, Emitter, StepError, StepInput};

pub(crate) type BodyFuture = Pin<Box<dyn Future<Output = Result<Output, StepError>> + Send>>;

/// A step whose types are known only to itself.
pub(crate) trait ErasedStep: Send + Sync {
    /// Runs its body.
    fn call(&self, input: RawInput, context: RawContext) -> BodyFuture;
}

/// An async function that takes an `I` and a context.
pub(crate) struct TypedStep<F, I, S> {
    body: F,
    types: PhantomData<fn(I, S)>,
}

/// A function that takes an `I` and a context, and blocks its thread.
pub(crate) struct BlockingStep<F, I, S> {
    body: F,
    types: PhantomData<fn(I, S)>,
}

impl<F, I, S> TypedStep<F, I, S> {
    pub(crate) fn new(body: F) -> Self {
        Self { body, types: PhantomData }
    }
}

impl<F, I, S> BlockingStep<F, I, S> {
    pub(crate) fn new(body: F) -> Self {
        Self { body, types: PhantomData }
    }
}

impl<F, I, S, R> ErasedStep for TypedStep<F, I, S>
where
    F: Fn(I, Context<S>) -> R + Clone + Send + Sync + 'static,
    I: StepInput,
    S: State,
    R: Future<Output: Emit> + Send,
{
    fn call(&self, input: RawInput, context: RawContext) -> BodyFuture {
        let body = self.body.clone();
        Box::pin(async move {
            let mut emitter = Emitter::new(context.module());
            let input = I::read(&input)?;
            body(input, context.typed()).await.emit(&mut emitter)?;
            Ok(emitter.into_output())
        })
    }
}

impl<F, I, S, R> ErasedStep for BlockingStep<F, I, S>
where
    F: Fn(I, BlockingContext<S>) -> R + Clone + Send + Sync + 'static,
    I: StepInput,
    S: State,
    R: Emit,
{
    fn call(&self, input: RawInput, context: RawContext) -> BodyFuture {
        let body = self.body.clone();
        Box::pin(async move {
            let runtime = Handle::current();
            let span = tracing::Span::current();
            let called = tokio::task::spawn_blocking(move || {
                let _entered = span.enter();
                let mut emitter = Emitter::new(context.module());
                let input = I::read(&input)?;
                let context = BlockingContext::new(context.typed(), runtime);
                body(input, context).emit(&mut emitter)?;
                Ok(emitter.into_output())
            });
            match called.await {
                Ok(output) => output,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(error) => Err(StepError::new(error)),
                },
            }
        })
    }
}

impl<F, I, S> fmt::Debug for TypedStep<F, I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedStep")
    }
}

impl<F, I, S> fmt::Debug for BlockingStep<F, I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingStep")
    }
}
