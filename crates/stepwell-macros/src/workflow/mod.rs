//! `#[workflow]`, in the order it works: parse, check, write.
//!
//! The block stays as it is, less the markers. Beside it come an implementation of `IntoWorkflow`
//! that calls the builder as a person would, and constants that check the graph while the program
//! is compiled.

mod catches;
mod check;
mod keys;
mod parse;
#[cfg(test)]
mod tests;
mod write;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Generics, ItemImpl, Path, Type};

use crate::step::Step;

/// Gives back the block, less the markers, and adds what makes a workflow of its type.
///
/// If something is wrong, what is right is still written, so that one mistake gives one message;
/// only the check of the graph is left out.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error = parse::not_a_block(&item, error).to_compile_error();
            return quote! { #item #error };
        }
    };
    let mut errors = Vec::new();
    let flow = parse::parse(options, &mut block, &mut errors);
    let Some(mut flow) = flow else {
        let errors = errors.iter().map(Error::to_compile_error);
        return quote! { #block #(#errors)* };
    };
    check::check(&mut flow, &mut errors);
    let catches = catches::check(&flow, &mut errors);
    let implementation = write::implementation(&flow, &catches, errors.is_empty());
    let errors = errors.iter().map(Error::to_compile_error);
    quote! { #block #implementation #(#errors)* }
}

/// A workflow as its author declared it.
struct Flow {
    keys: keys::WorkflowKeys,
    /// The type that the block is of.
    this: Type,
    /// The last word of its path.
    name: String,
    generics: Generics,
    /// Under which conditions the block is compiled.
    conditions: Vec<Attribute>,
    description: Option<String>,
    /// The type of the state.
    state: Type,
    /// In the order of declaration, handlers included.
    steps: Vec<Step>,
    /// All methods that are marked, those that are wrong included: they are not unknown.
    marked: Vec<String>,
}

impl Flow {
    /// Returns the free functions that are steps.
    fn functions(&self) -> &[Path] {
        &self.keys.steps
    }
}
