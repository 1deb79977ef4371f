//! Turns the tokens of an enum into [`Variants`], or says why it cannot be one.

use quote::ToTokens;
use syn::{Data, DeriveInput, Error, Fields};

use super::{Variant, Variants};
use crate::words::text_of;

/// Whether a variant may be a name alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Units {
    Allowed,
    Refused,
}

/// Reads the enum. What is wrong with a variant goes to `errors`; what keeps the whole from being
/// an enum of events is the error returned.
pub(super) fn parse(
    input: DeriveInput,
    derive: &str,
    units: Units,
    errors: &mut Vec<Error>,
) -> Result<Variants, Error> {
    let data = match input.data {
        Data::Enum(data) => data,
        Data::Struct(data) => return Err(not_an_enum(data.struct_token, derive)),
        Data::Union(data) => return Err(not_an_enum(data.union_token, derive)),
    };
    if !input.generics.params.is_empty() {
        let message = "an enum of events cannot be generic: the events of a step are known by name";
        return Err(Error::new_spanned(&input.generics, message));
    }
    if data.variants.is_empty() {
        let message = format!("an enum with `derive({derive})` has at least one variant");
        return Err(Error::new_spanned(&input.ident, message));
    }
    let count = data.variants.len();
    let mut variants = Vec::new();
    for variant in data.variants {
        match read(variant, units) {
            Ok(variant) => variants.push(variant),
            Err(error) => errors.push(error),
        }
    }
    if units == Units::Refused {
        check_distinct(&variants, errors);
    }
    Ok(Variants { ident: input.ident, is_partial: variants.len() < count, variants })
}

fn not_an_enum(keyword: impl ToTokens, derive: &str) -> Error {
    let hint = match derive {
        "Emit" => "a step can return any event as it is",
        _ => "a step can take any event as it is",
    };
    let message = format!(
        "`derive({derive})` is for an enum, each variant of which holds an event; {hint}, a struct \
         with `#[derive(stepwell::Event)]`"
    );
    Error::new_spanned(keyword, message)
}

fn read(variant: syn::Variant, units: Units) -> Result<Variant, Error> {
    let ident = variant.ident;
    let one = match &variant.fields {
        Fields::Unit if units == Units::Allowed => return Ok(Variant { ident, holds: None }),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| field.ty.clone())
        }
        _ => None,
    };
    if one.is_some() {
        return Ok(Variant { ident, holds: one });
    }
    let held = match units {
        Units::Allowed => "one event, or nothing",
        Units::Refused => "one event",
    };
    let message = format!("a variant holds {held}: write `{ident}(Event)`");
    let error = match &variant.fields {
        Fields::Unit => Error::new_spanned(&ident, message),
        fields => Error::new_spanned(fields, message),
    };
    Err(error)
}

/// An event is known by its type, so two variants of one type could not be told apart.
fn check_distinct(variants: &[Variant], errors: &mut Vec<Error>) {
    for (at, variant) in variants.iter().enumerate() {
        let text = text_of(&variant.holds);
        let same = variants[..at].iter().find(|earlier| text_of(&earlier.holds) == text);
        if let Some(earlier) = same {
            let message = format!("`{text}` is already in the variant `{}`", earlier.ident);
            errors.push(Error::new_spanned(&variant.holds, message));
        }
    }
}
