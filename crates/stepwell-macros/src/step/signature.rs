//! Reads the signature of a step, and says what is wrong with it.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Error, GenericParam, LitStr, ReceiverKind, ReturnType, Signature, Type};

use super::{Kind, Parameter, Step, arguments, is_called, parameters, unit, without_self};
use crate::words::{conditions, mentions, text_of};

/// The most events that a step takes together: `StepInput` is implemented for tuples up to this.
const MAX_EVENTS: usize = 6;

/// Reads a step. Returns nothing if it cannot be written, after saying why in `errors`.
///
/// `this` is the type that `Self` stands for, if the step is a method.
pub(crate) fn read(
    signature: &Signature,
    attributes: &[Attribute],
    kind: Kind,
    this: Option<&TokenStream>,
    errors: &mut Vec<Error>,
) -> Option<Step> {
    let mut mistakes = Vec::new();
    let parameters = parameters::read(signature.inputs.iter(), &mut mistakes);
    let name = match &kind {
        Kind::Step(keys) => keys.name.clone(),
        Kind::Catch(keys) => keys.name.clone(),
    };
    let step = Step {
        name: name.unwrap_or_else(|| name_of(&signature.ident)),
        ident: signature.ident.clone(),
        conditions: conditions(attributes),
        has_receiver: signature.receiver().is_some(),
        parameters,
        output: match &signature.output {
            ReturnType::Default => unit(),
            ReturnType::Type(_, ty) => Type::clone(ty),
        },
        kind,
    };
    check_function(signature, &step, &mut mistakes);
    if mistakes.is_empty() {
        // A parameter that was refused might be what is missed otherwise.
        check_context(&step, &mut mistakes);
        check_events(&step, &mut mistakes);
    }
    let is_right = mistakes.is_empty();
    errors.append(&mut mistakes);
    let step = if is_right { step } else { return None };
    match this {
        Some(this) => named_self(step, this).map_err(|error| errors.push(error)).ok(),
        None => Some(step),
    }
}

/// Returns the name of a step that says no other.
fn name_of(ident: &Ident) -> LitStr {
    LitStr::new(&ident.unraw().to_string(), ident.span())
}

/// Checks what is not about the parameters' types.
fn check_function(signature: &Signature, step: &Step, errors: &mut Vec<Error>) {
    let is_type = |parameter: &GenericParam| !matches!(parameter, GenericParam::Lifetime(_));
    if signature.generics.params.iter().any(is_type) {
        let message = "a step cannot be generic: its events are known when the workflow is built";
        errors.push(Error::new_spanned(&signature.generics, message));
    }
    let noun = step.noun();
    match (&step.kind, signature.asyncness) {
        (Kind::Step(keys), Some(_)) if keys.blocking.is_some() => {
            let message = "a blocking step is a plain `fn`; remove `async`, or `blocking`";
            errors.push(Error::new_spanned(signature.asyncness, message));
        }
        (Kind::Step(keys), None) if keys.blocking.is_none() => {
            let message = "a step is an `async fn`; mark it `#[step(blocking)]` if it blocks its \
                thread";
            errors.push(Error::new_spanned(signature.fn_token, message));
        }
        (Kind::Catch(_), None) => {
            errors.push(Error::new_spanned(signature.fn_token, "a handler is an `async fn`"));
        }
        _ => {}
    }
    if let Some(receiver) = signature.receiver() {
        let is_shared = match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
            ReceiverKind::Typed(_, ty) => text_of(ty) == "&Self",
            _ => false,
        };
        if !is_shared {
            let message = format!(
                "{noun} takes `&self`, or no `self` at all: all runs share the value, and what \
                 changes belongs into the state"
            );
            errors.push(Error::new_spanned(receiver, message));
        }
    }
    if mentions("impl", step.output.to_token_stream()) {
        let message = format!("{noun} names the type that it returns: the graph is read from it");
        errors.push(Error::new_spanned(&step.output, message));
    }
}

/// There is one context, of the right kind.
fn check_context(step: &Step, errors: &mut Vec<Error>) {
    let Some(context) = step.context() else { return };
    for other in step.contexts().skip(1) {
        let message = format!("{} takes one context", step.noun());
        errors.push(Error::new_spanned(&other.ty, message));
    }
    if context.is_blocking == step.is_blocking() {
        return;
    }
    let message = if step.is_blocking() {
        "a blocking step takes a `BlockingContext`, which can wait for futures on its thread"
    } else {
        "an `async fn` takes a `Context`; a `BlockingContext` is for `#[step(blocking)]`"
    };
    errors.push(Error::new_spanned(&context.ty, message));
}

/// There is one thing to take, or several events to take together.
fn check_events(step: &Step, errors: &mut Vec<Error>) {
    let events = step.events();
    if let (Kind::Catch(_), [event]) = (&step.kind, &*events)
        && is_called(event, "StepFailed")
    {
        return;
    }
    if let Kind::Catch(_) = step.kind {
        let message = "a handler takes the failure, and nothing else: add a parameter such as \
            `failed: StepFailed`";
        let error = match &*events {
            [] => Error::new_spanned(&step.ident, message),
            events => Error::new_spanned(events[0], message),
        };
        errors.push(error);
        return;
    }
    if events.is_empty() {
        let message = "a step takes an event: add a parameter such as `event: StartEvent`";
        errors.push(Error::new_spanned(&step.ident, message));
    }
    if let Some(event) = events.get(MAX_EVENTS) {
        let message = format!("a step takes at most {MAX_EVENTS} events together");
        errors.push(Error::new_spanned(event, message));
    }
    for event in &events {
        errors.extend(check_event(event, events.len()));
    }
    if let Kind::Step(keys) = &step.kind
        && let Some((key, _)) = &keys.take
        && !events.iter().any(|event| is_called(event, "Join"))
    {
        let message = "`take` is for a step that takes a `Join`";
        errors.push(Error::new_spanned(key, message));
    }
}

fn check_event(event: &Type, count: usize) -> Option<Error> {
    if is_called(event, "StepFailed") {
        let message = "a `StepFailed` is what a handler takes: mark the method `#[catch]`";
        return Some(Error::new_spanned(event, message));
    }
    let list = ["Join", "Take"].into_iter().find(|list| is_called(event, list))?;
    (count > 1).then(|| {
        let message = format!(
            "a `{list}` is all that its step takes; a step takes a list of events, or one event of \
             each of several types"
        );
        Error::new_spanned(event, message)
    })
}

/// Writes the type for `Self` in the types of the step.
fn named_self(mut step: Step, this: &TokenStream) -> Result<Step, Error> {
    step.output = without_self(&step.output, this)?;
    for parameter in &mut step.parameters {
        let types = match parameter {
            Parameter::Event(ty) | Parameter::Resource { ty, .. } => vec![ty],
            Parameter::Context(context) => vec![&mut context.ty, &mut context.state],
        };
        for ty in types {
            *ty = without_self(ty, this)?;
        }
    }
    Ok(step)
}

impl Step {
    fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Step(_) => "a step",
            Kind::Catch(_) => "a handler",
        }
    }

    /// Returns the type of what the step takes: a tuple of several events.
    pub(crate) fn input(&self) -> Type {
        match &*self.events() {
            [input] => Type::clone(input),
            events => syn::parse_quote_spanned! { self.ident.span() => (#(#events),*) },
        }
    }

    /// Returns the `I` of the `StepFailed<I>` that a handler takes, if one is written.
    pub(crate) fn failed_input(&self) -> Option<&Type> {
        self.events().first().and_then(|failed| arguments(failed).first().copied())
    }
}
