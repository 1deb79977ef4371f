//! Which steps each handler is for.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Error, Path};

use super::Flow;
use crate::step::{Covers, Kind, Step};
use crate::words::{nearest, quoted};

/// A handler and the steps that it is for.
pub(super) struct Catch<'a> {
    pub(super) handler: &'a Step,
    /// Their names, as expressions. Without them, it is for all that no other handler is for.
    pub(super) names: Option<Vec<TokenStream>>,
}

/// Returns where to tell what is wrong with a free function.
pub(super) fn place_of(path: &Path) -> Span {
    path.segments.last().map_or_else(Span::call_site, |last| last.ident.span())
}

/// Writes what the trait has of a free function.
pub(super) fn function_part(path: &Path, flow: &Flow, part: &str) -> TokenStream {
    let state = &flow.state;
    let place = place_of(path);
    let part = Ident::new(part, place);
    quote_spanned! { place => <#path as ::stepwell::workflow::StepFunction<#state>>::#part }
}

/// Finds the steps of each handler. Mistakes go to `errors`, and are left out.
pub(super) fn check<'a>(flow: &'a Flow, errors: &mut Vec<Error>) -> Vec<Catch<'a>> {
    let mut catches = Vec::new();
    let mut covered: BTreeMap<String, &Ident> = BTreeMap::new();
    let mut wildcard: Option<&Step> = None;
    for step in &flow.steps {
        let Kind::Catch(keys) = &step.kind else { continue };
        let names = match &keys.covers {
            Covers::These(names) => {
                let found = names.iter().filter_map(|name| {
                    find(flow, step, name, &mut covered).map_err(|error| errors.push(error)).ok()
                });
                Some(found.flatten().collect())
            }
            Covers::All => {
                if let Some(first) = wildcard {
                    let message = format!(
                        "`{}` is already the handler of all other steps; say which steps this one \
                         is for: `#[catch(for = [step])]`",
                        first.ident
                    );
                    errors.push(Error::new_spanned(&step.ident, message));
                }
                wildcard = Some(step);
                None
            }
        };
        catches.push(Catch { handler: step, names });
    }
    catches
}

/// Finds the step that a handler names; nothing if it is one that is wrong itself.
fn find<'a>(
    flow: &'a Flow,
    handler: &'a Step,
    name: &Ident,
    covered: &mut BTreeMap<String, &'a Ident>,
) -> Result<Option<TokenStream>, Error> {
    let method = flow.steps.iter().find(|step| step.ident == *name);
    let function = flow.functions().iter().find(|path| is_last(path, name));
    let found = match (method, function) {
        (Some(Step { kind: Kind::Catch(_), .. }), _) => {
            let message = format!("`{name}` is a handler; a handler is for steps");
            return Err(Error::new_spanned(name, message));
        }
        (Some(step), _) => Some(step.name.to_token_stream()),
        (None, Some(path)) => Some(function_part(path, flow, "NAME")),
        (None, None) if flow.marked.contains(&name.to_string()) => None,
        (None, None) => return Err(unknown(flow, name)),
    };
    if let Some(earlier) = covered.insert(name.to_string(), &handler.ident) {
        let message = match *earlier == handler.ident {
            true => format!("`{name}` is named twice"),
            false => format!("`{earlier}` is already the handler of `{name}`; a step has one"),
        };
        return Err(Error::new_spanned(name, message));
    }
    Ok(found)
}

fn unknown(flow: &Flow, name: &Ident) -> Error {
    let methods = flow.steps.iter().filter(|step| matches!(step.kind, Kind::Step(_)));
    let methods = methods.map(|step| step.ident.to_string());
    let functions = flow.functions().iter().filter_map(|path| path.segments.last());
    let known: Vec<String> = methods.chain(functions.map(|last| last.ident.to_string())).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let message = match nearest(&name.to_string(), &known) {
        Some(meant) => format!("there is no step `{name}`; did you mean `{meant}`?"),
        None if known.is_empty() => format!("there is no step `{name}`"),
        None => format!("there is no step `{name}`; the steps here are {}", quoted(&known)),
    };
    Error::new_spanned(name, message)
}

fn is_last(path: &Path, name: &Ident) -> bool {
    path.segments.last().is_some_and(|last| last.ident == *name)
}
