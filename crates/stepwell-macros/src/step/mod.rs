//! One step: `#[step(…)]` and `#[catch(…)]`, on methods and on free functions.

mod function;
mod keys;
mod parameters;
mod signature;
#[cfg(test)]
mod tests;
mod write;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, GenericArgument, LitStr, PathArguments, PathSegment, Type};

use crate::words::{doc_comment, replace};

pub(crate) use function::{expand as expand_function, outside_a_workflow};
pub(crate) use keys::{CatchKeys, Covers, Skip, StepKeys, skip};
pub(crate) use signature::read as read_signature;
pub(crate) use write::{Surroundings, add, is_known, known, local, local_at, mentions_self, shape};

/// A step that was read and found right.
pub(crate) struct Step {
    pub(crate) ident: Ident,
    /// Its name: a literal at the place where it was said.
    pub(crate) name: LitStr,
    /// Under which conditions it is compiled.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) has_receiver: bool,
    /// In the order of the signature.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Type,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Step(Box<StepKeys>),
    Catch(Box<CatchKeys>),
}

/// What a parameter of a step is for.
pub(crate) enum Parameter {
    /// What the step takes, or one of several events that it takes together.
    Event(Type),
    Context(Box<ContextParameter>),
    Resource {
        name: String,
        /// The `T` of its `Res<T>`.
        ty: Type,
    },
}

pub(crate) struct ContextParameter {
    /// What is written there, without the `&`.
    pub(crate) ty: Type,
    pub(crate) by_reference: bool,
    pub(crate) is_blocking: bool,
    /// The type of the state; `()` if none is written.
    pub(crate) state: Type,
}

impl Step {
    /// Returns what the step takes: one thing, or several events.
    pub(crate) fn events(&self) -> Vec<&Type> {
        let mut events = Vec::new();
        for parameter in &self.parameters {
            if let Parameter::Event(ty) = parameter {
                events.push(ty);
            }
        }
        events
    }

    /// Returns the first context, which is the only one in a step that is right.
    pub(crate) fn context(&self) -> Option<&ContextParameter> {
        self.contexts().next()
    }

    fn contexts(&self) -> impl Iterator<Item = &ContextParameter> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Context(context) => Some(&**context),
            _ => None,
        })
    }

    pub(crate) fn has_resources(&self) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Resource { .. }))
    }

    pub(crate) fn is_blocking(&self) -> bool {
        matches!(&self.kind, Kind::Step(keys) if keys.blocking.is_some())
    }
}

/// Reads the options of a step; its doc comment describes it unless they do.
pub(crate) fn step_kind(
    options: TokenStream,
    attributes: &[Attribute],
    errors: &mut Vec<Error>,
) -> Kind {
    let mut keys = StepKeys::read(options, errors);
    if keys.description.is_none() {
        keys.description =
            doc_comment(attributes).map(|text| LitStr::new(&text, Span::call_site()));
    }
    Kind::Step(Box::new(keys))
}

/// Returns a type without what macros and parentheses put around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// Tells whether a type is called `name`, whatever its path and parameters are.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    last_of(ty).is_some_and(|last| last.ident == name)
}

/// Returns the types that a type takes in angle brackets.
pub(crate) fn arguments(ty: &Type) -> Vec<&Type> {
    let mut types = Vec::new();
    let arguments = last_of(ty).map(|last| &last.arguments);
    if let Some(PathArguments::AngleBracketed(arguments)) = arguments {
        for argument in &arguments.args {
            if let GenericArgument::Type(ty) = argument {
                types.push(ty);
            }
        }
    }
    types
}

/// Returns the last word of a type's path, and what it takes.
pub(crate) fn last_of(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Returns the type `()`.
pub(crate) fn unit() -> Type {
    syn::parse_quote! { () }
}

/// Returns the tokens of a type with another thing for `Self`.
pub(crate) fn without_self(ty: &Type, this: &TokenStream) -> syn::Result<Type> {
    syn::parse2(replace("Self", quote! { #ty }, &|_| this.clone()))
}
