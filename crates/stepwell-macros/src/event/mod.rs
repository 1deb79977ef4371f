//! `#[derive(Event)]`, in the order it works: parse, which also checks, then write.
//!
//! serde and schemars can only be derived on a struct's own definition, which a derive macro
//! cannot change. So they are derived on a private mirror of the struct, and the struct's own
//! implementations delegate to the mirror's.

mod attribute;
mod parse;
#[cfg(test)]
mod tests;
mod write;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Ident, Type};

/// Writes the implementations for a struct, and an error for each mistake in it.
///
/// A mistake in an attribute does not keep the implementations from being written: without them
/// the compiler would also complain about every use of the event.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Vec::new();
    let implementations = match syn::parse2(item).and_then(|input| parse::parse(input, &mut errors))
    {
        Ok(event) => write::write(&event),
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    let errors = errors.iter().map(Error::to_compile_error);
    quote! { #implementations #(#errors)* }
}

/// An event as its author declared it.
struct EventStruct {
    ident: Ident,
    keys: attribute::StructKeys,
    /// What serde and schemars should see of the struct's attributes.
    attributes: Vec<syn::Attribute>,
    fields: Vec<EventField>,
}

struct EventField {
    ident: Ident,
    /// Its type, with the struct's name for `Self`.
    ty: Type,
    keys: attribute::FieldKeys,
    /// What serde and schemars should see of its attributes.
    attributes: Vec<syn::Attribute>,
}
