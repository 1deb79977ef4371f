//! Turns the tokens of a struct into an [`EventStruct`], or says why it cannot be one.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident};

use super::attribute::{FieldKeys, StructKeys};
use super::{EventField, EventStruct};

/// Reads the struct. What is wrong with an attribute goes to `errors`; what keeps the struct from
/// being an event at all is the error returned.
pub(super) fn parse(input: DeriveInput, errors: &mut Vec<Error>) -> Result<EventStruct, Error> {
    let fields = fields(&input)?;
    let keys = StructKeys::read(&input.attrs, errors);
    let fields: Result<Vec<_>, _> =
        fields.iter().map(|field| event_field(field, &input.ident, errors)).collect();
    let event = EventStruct {
        ident: input.ident,
        keys,
        attributes: passed_on(input.attrs),
        fields: fields?,
    };
    check_extra(&event, errors);
    Ok(event)
}

/// Returns the fields of a struct that may be an event.
fn fields(input: &DeriveInput) -> Result<&Fields, Error> {
    if !input.generics.params.is_empty() {
        let message = "an event has one stored name, so its struct cannot be generic";
        return Err(Error::new_spanned(&input.generics, message));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => {
                let message = "an event's fields have names: write `struct Name { field: Type }`";
                Err(Error::new_spanned(fields, message))
            }
            fields => Ok(fields),
        },
        Data::Enum(data) => Err(not_a_struct(data.enum_token)),
        Data::Union(data) => Err(not_a_struct(data.union_token)),
    }
}

fn not_a_struct(keyword: impl ToTokens) -> Error {
    Error::new_spanned(keyword, "an event is a struct")
}

fn event_field(field: &Field, event: &Ident, errors: &mut Vec<Error>) -> Result<EventField, Error> {
    let Some(ident) = field.ident.clone() else {
        return Err(Error::new_spanned(field, "an event's fields have names"));
    };
    Ok(EventField {
        ident,
        ty: syn::parse2(without_self(field.ty.to_token_stream(), event))?,
        keys: FieldKeys::read(&field.attrs, errors),
        attributes: passed_on(field.attrs.clone()),
    })
}

/// An open event has one field for what it does not declare.
fn check_extra(event: &EventStruct, errors: &mut Vec<Error>) {
    let mut extras = event.fields.iter().filter_map(|field| field.keys.extra.as_ref());
    let first = extras.next();
    for extra in extras {
        let message = "an event has one `extra` field, which takes all undeclared fields";
        errors.push(Error::new_spanned(extra, message));
    }
    if let (Some(open), None) = (&event.keys.open, first) {
        let message = "an open event has a field for what it does not declare: \
            add `#[event(extra)] extra: stepwell::Extra`";
        errors.push(Error::new_spanned(open, message));
    }
}

/// Keeps the attributes that serde and schemars read.
fn passed_on(attributes: Vec<Attribute>) -> Vec<Attribute> {
    let read = ["doc", "serde", "schemars"];
    let is_read = |attribute: &Attribute| read.iter().any(|name| attribute.path().is_ident(name));
    attributes.into_iter().filter(is_read).collect()
}

/// Writes the struct's name for `Self`, which would mean something else in the mirror.
pub(super) fn without_self(tokens: TokenStream, event: &Ident) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => {
            TokenTree::Ident(Ident::new(&event.to_string(), ident.span()))
        }
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), without_self(group.stream(), event));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        tree => tree,
    };
    tokens.into_iter().map(replace).collect()
}
