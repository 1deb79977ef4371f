//! `#[derive(Emit)]` and `#[derive(Accept)]`: enums of which each variant holds one event, or
//! whatever else a step can return.

mod accept;
mod emit;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Ident, Type};

/// Writes `Emit` for an enum, and an error for each mistake in it.
pub(crate) fn derive_emit(item: TokenStream) -> TokenStream {
    derive(item, "Emit", parse::Units::Allowed, emit::write)
}

/// Writes `Accept` for an enum, and an error for each mistake in it.
pub(crate) fn derive_accept(item: TokenStream) -> TokenStream {
    derive(item, "Accept", parse::Units::Refused, accept::write)
}

/// Variants that are right are written even if others are not: without an implementation the
/// compiler would also complain about every use of the enum.
fn derive(
    item: TokenStream,
    name: &str,
    units: parse::Units,
    write: impl Fn(&Variants) -> TokenStream,
) -> TokenStream {
    let mut errors = Vec::new();
    let parsed = syn::parse2(item).and_then(|input| parse::parse(input, name, units, &mut errors));
    let implementation = match parsed {
        Ok(variants) => write(&variants),
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    let errors = errors.iter().map(Error::to_compile_error);
    quote! { #implementation #(#errors)* }
}

/// An enum as its author declared it, less the variants that are wrong.
struct Variants {
    ident: Ident,
    variants: Vec<Variant>,
    /// Whether variants were wrong and are left out.
    is_partial: bool,
}

struct Variant {
    ident: Ident,
    /// What it holds; nothing if it is a name alone.
    holds: Option<Type>,
}
