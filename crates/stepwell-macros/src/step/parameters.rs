//! Tells what each parameter of a step is for, by its type.

use quote::quote;
use syn::ext::IdentExt;
use syn::{Error, FnArg, Pat, PatType, Type};

use super::{ContextParameter, Parameter, arguments, bare, is_called, unit};
use crate::words::text_of;

/// Reads the parameters. Those that are wrong go to `errors`.
pub(super) fn read<'a>(
    inputs: impl Iterator<Item = &'a FnArg>,
    errors: &mut Vec<Error>,
) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for input in inputs {
        let FnArg::Typed(typed) = input else { continue };
        match parameter(typed) {
            Ok(parameter) => parameters.push(parameter),
            Err(error) => errors.push(error),
        }
    }
    parameters
}

fn parameter(typed: &PatType) -> Result<Parameter, Error> {
    let (ty, is_reference) = match bare(&typed.ty) {
        Type::Reference(reference) => (bare(&reference.elem), Some(reference)),
        ty => (ty, None),
    };
    let is_blocking = is_called(ty, "BlockingContext");
    if is_blocking || is_called(ty, "Context") {
        if let Some(mutable) = is_reference.and_then(|reference| reference.mutability.as_ref()) {
            let message = "a step takes its context by shared reference: remove `mut`";
            return Err(Error::new_spanned(mutable, message));
        }
        return Ok(Parameter::Context(Box::new(ContextParameter {
            ty: ty.clone(),
            by_reference: is_reference.is_some(),
            is_blocking,
            state: arguments(ty).first().map_or_else(unit, |state| Type::clone(state)),
        })));
    }
    if let Some(reference) = is_reference {
        return Err(reference_refused(reference, ty));
    }
    if is_called(ty, "Res") {
        // Without a type, the compiler says so by itself.
        let resource = arguments(ty).first().map_or_else(unit, |ty| Type::clone(ty));
        let name = name_of(&typed.pat).unwrap_or_else(|| text_of(&resource));
        return Ok(Parameter::Resource { name, ty: resource });
    }
    if let Type::ImplTrait(_) | Type::Infer(_) = ty {
        let message = "a step names the type of what it takes";
        return Err(Error::new_spanned(ty, message));
    }
    Ok(Parameter::Event(ty.clone()))
}

fn reference_refused(reference: &syn::TypeReference, ty: &Type) -> Error {
    let ty_text = text_of(ty);
    let message = if is_called(ty, "Res") {
        format!("a step owns its resources, which are cheap to share: write `{ty_text}`")
    } else {
        format!(
            "a step owns the event that it takes: write `{ty_text}`, without the `&`; if it is an \
             alias of `Context`, write `Context`, by whose name the context is known"
        )
    };
    Error::new_spanned(quote! { #reference }, message)
}

/// Returns the name of a parameter, which people are shown, if it has one.
fn name_of(pattern: &Pat) -> Option<String> {
    let Pat::Ident(pattern) = pattern else { return None };
    let name = pattern.ident.unraw().to_string();
    // That a body does not use it is nobody's business.
    let name = name.trim_start_matches('_');
    (!name.is_empty()).then(|| name.to_owned())
}
