//! Writes the implementations.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, Token};

use super::attribute::FieldDefault;
use super::parse::without_self;
use super::{EventField, EventStruct};

pub(super) fn write(event: &EventStruct) -> TokenStream {
    let mirror = mirror(event);
    let serde = serde_impls(event);
    let schema = schema_impl(event);
    let trait_impl = event_impl(event);
    quote! {
        #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
        const _: () = {
            use ::stepwell::__private::{schemars, serde};
            #mirror
            #serde
            #schema
            #trait_impl
        };
    }
}

/// The struct again, under a name of ours and with the attributes that make serde and schemars
/// do what `#[event(…)]` says.
fn mirror(event: &EventStruct) -> TokenStream {
    let EventStruct { ident, attributes, fields, .. } = event;
    let remote = ident.to_string();
    let mirrored = fields.iter().map(mirror_field);
    let helpers = fields.iter().filter_map(|field| helper(field, ident));
    let names = fields.iter().map(|field| &field.ident);
    let names = quote! { #(#names),* };
    let struct_default = attributes.iter().any(is_struct_default).then(|| {
        quote! {
            impl ::core::default::Default for __Fields {
                fn default() -> Self {
                    let #ident { #names } = ::core::default::Default::default();
                    Self { #names }
                }
            }
        }
    });
    quote! {
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(crate = "::stepwell::__private::serde", remote = #remote)]
        #[schemars(crate = "::stepwell::__private::schemars")]
        #(#attributes)*
        struct __Fields {
            #(#mirrored,)*
        }
        #struct_default
        #(#helpers)*
    }
}

fn mirror_field(field: &EventField) -> TokenStream {
    let EventField { ident, ty, keys, attributes } = field;
    let default = keys.default.as_ref().map(|_| {
        let path = default_fn(ident).to_string();
        quote! { #[serde(default = #path)] }
    });
    let flatten = keys.extra.as_ref().map(|_| quote! { #[serde(flatten)] });
    quote! { #(#attributes)* #default #flatten #ident: #ty }
}

/// What a field needs beside the mirror: the function that makes its default, or the proof that
/// it can hold undeclared fields.
fn helper(field: &EventField, event: &Ident) -> Option<TokenStream> {
    let EventField { ident, ty, keys, .. } = field;
    if keys.extra.is_some() {
        return Some(quote_spanned! { ty.span() =>
            const _: fn(&#event) -> &::stepwell::Extra = |event| &event.#ident;
        });
    }
    let name = default_fn(ident);
    let value = match keys.default.as_ref()? {
        // A function of ours, so that a type without a default is told where it stands.
        FieldDefault::OfType => quote_spanned! { ty.span() => ::core::default::Default::default() },
        FieldDefault::Value(value) => {
            let tokens = without_self(value.to_token_stream(), event);
            match &**value {
                Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
                    quote! { ::core::convert::Into::into(#tokens) }
                }
                _ => tokens,
            }
        }
    };
    Some(quote! {
        fn #name() -> #ty {
            #value
        }
    })
}

fn default_fn(field: &Ident) -> Ident {
    format_ident!("__default_{}", field.unraw())
}

/// Tells whether it is `#[serde(default)]`, for which serde and schemars want a default of the
/// mirror.
fn is_struct_default(attribute: &Attribute) -> bool {
    let items = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    attribute.path().is_ident("serde")
        && items.is_ok_and(|items| {
            items.iter().any(|meta| matches!(meta, Meta::Path(path) if path.is_ident("default")))
        })
}

fn serde_impls(event: &EventStruct) -> TokenStream {
    let ident = &event.ident;
    quote! {
        #[automatically_derived]
        impl serde::Serialize for #ident {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                __Fields::serialize(self, serializer)
            }
        }

        #[automatically_derived]
        impl<'de> serde::Deserialize<'de> for #ident {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                __Fields::deserialize(deserializer)
            }
        }
    }
}

fn schema_impl(event: &EventStruct) -> TokenStream {
    let ident = &event.ident;
    let name = stored_name(event);
    let id = format!("::{}", ident.unraw());
    quote! {
        #[automatically_derived]
        impl schemars::JsonSchema for #ident {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(#name)
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(::core::concat!(::core::module_path!(), #id))
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <__Fields as schemars::JsonSchema>::json_schema(generator)
            }
        }
    }
}

/// What is left out is left to the defaults of the trait.
fn event_impl(event: &EventStruct) -> TokenStream {
    let EventStruct { ident, keys, .. } = event;
    let name = stored_name(event);
    let module = keys.module.as_ref().map(|module| {
        quote! {
            const MODULE: ::core::option::Option<&'static str> =
                ::core::option::Option::Some(#module);
        }
    });
    let family = keys.family.as_ref().map(|family| {
        quote! { const FAMILY: ::stepwell::Family = ::stepwell::Family::#family; }
    });
    let aliases = &keys.aliases;
    let aliases = (!aliases.is_empty()).then(|| {
        quote! { const ALIASES: &'static [&'static str] = &[#(#aliases),*]; }
    });
    quote! {
        #[automatically_derived]
        impl ::stepwell::Event for #ident {
            const NAME: &'static str = #name;
            #module
            #family
            #aliases
        }
    }
}

fn stored_name(event: &EventStruct) -> String {
    event.keys.name.clone().unwrap_or_else(|| event.ident.unraw().to_string())
}
