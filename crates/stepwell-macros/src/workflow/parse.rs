//! Turns a block into a [`Flow`], and takes the markers off its methods.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Error, ImplItem, ImplItemFn, ItemImpl, Path, Type};

use super::Flow;
use super::keys::WorkflowKeys;
use crate::options;
use crate::step::{CatchKeys, Kind, Step, last_of, read_signature, step_kind, unit};
use crate::words::{conditions, doc_comment};

/// Says why an item is no block.
pub(super) fn not_a_block(item: &TokenStream, error: Error) -> Error {
    // What was meant to be a block has an error of its own, which says more.
    let is_block = item.clone().into_iter().any(|token| token.to_string() == "impl");
    if is_block {
        return error;
    }
    let message = "`#[workflow]` is for the `impl` block that has the steps, not for the type";
    Error::new_spanned(item, message)
}

/// Reads the block. Returns nothing if it cannot be that of a workflow, after saying why.
pub(super) fn parse(
    options: TokenStream,
    block: &mut ItemImpl,
    errors: &mut Vec<Error>,
) -> Option<Flow> {
    let keys = WorkflowKeys::read(options, errors);
    let this = Type::clone(&block.self_ty);
    let tokens = quote! { #this };
    let (mut steps, mut marked) = (Vec::new(), Vec::new());
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let markers = take_markers(&mut method.attrs);
        if markers.is_empty() {
            continue;
        }
        marked.push(method.sig.ident.to_string());
        steps.extend(read_method(method, &markers, &tokens, errors));
    }
    let name = match check_block(block) {
        Ok(name) => name,
        Err(error) => {
            errors.push(error);
            return None;
        }
    };
    Some(Flow {
        state: state(&keys, &steps),
        name,
        generics: block.generics.clone(),
        conditions: conditions(&block.attrs),
        description: doc_comment(&block.attrs),
        keys,
        this,
        steps,
        marked,
    })
}

/// Returns the name of the type.
fn check_block(block: &ItemImpl) -> Result<String, Error> {
    if let Some((path, _)) = &block.trait_ {
        let message = "`#[workflow]` is for a block of the type itself: `impl Flow { … }`";
        return Err(Error::new_spanned(path, message));
    }
    let Some(last) = last_of(&block.self_ty) else {
        let message = "`#[workflow]` is for a block of a struct or an enum";
        return Err(Error::new_spanned(&block.self_ty, message));
    };
    Ok(last.ident.unraw().to_string())
}

/// Returns the attributes that are markers, and leaves the others.
fn take_markers(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    attributes.extract_if(.., |attribute| marker(attribute.path()).is_some()).collect()
}

enum Marker {
    Step,
    Catch,
}

/// Knows `step` and `catch`, also as `stepwell::step`.
fn marker(path: &Path) -> Option<Marker> {
    let last = path.segments.last()?;
    let is_ours = path.segments.len() == 1
        || (path.segments.len() == 2 && path.segments[0].ident == "stepwell");
    match last.ident.to_string().as_str() {
        "step" if is_ours => Some(Marker::Step),
        "catch" if is_ours => Some(Marker::Catch),
        _ => None,
    }
}

fn read_method(
    method: &ImplItemFn,
    markers: &[Attribute],
    this: &TokenStream,
    errors: &mut Vec<Error>,
) -> Option<Step> {
    let [attribute] = markers else {
        let message = "a method is marked once, with `#[step]` or with `#[catch]`";
        errors.extend(markers.get(1).map(|second| Error::new_spanned(second, message)));
        return None;
    };
    let options = options::of(attribute).unwrap_or_else(|error| {
        errors.push(error);
        TokenStream::new()
    });
    let kind = match marker(attribute.path()) {
        Some(Marker::Catch) => Kind::Catch(Box::new(CatchKeys::read(options, errors))),
        _ => step_kind(options, &method.attrs, errors),
    };
    read_signature(&method.sig, &method.attrs, kind, Some(this), errors)
}

/// The state is what the workflow says, or what the first context says.
fn state(keys: &WorkflowKeys, steps: &[Step]) -> Type {
    let said = steps.iter().find_map(Step::context).map(|context| &context.state);
    keys.state.as_ref().or(said).cloned().unwrap_or_else(unit)
}
