//! Writes `Accept`.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{Variant, Variants};
use crate::words::text_of;

pub(super) fn write(variants: &Variants) -> TokenStream {
    let Variants { ident, variants, .. } = variants;
    let held =
        || variants.iter().filter_map(|Variant { ident, holds }| Some((ident, holds.as_ref()?)));
    let types = held().map(|(_, event)| {
        let types = quote_spanned! { event.span() => <#event as ::stepwell::Accept>::TYPES };
        quote! { #types[0] }
    });
    let single = held().map(|(_, event)| {
        let message = format!("a variant holds one event, but `{}` is several", text_of(event));
        quote_spanned! { event.span() =>
            const _: () =
                ::core::assert!(<#event as ::stepwell::Accept>::TYPES.len() == 1, #message);
        }
    });
    let arms = held().enumerate().map(|(at, (ident, event))| {
        let at = Literal::usize_unsuffixed(at);
        let accept = quote_spanned! { event.span() => <#event as ::stepwell::Accept>::accept };
        quote! { ::core::option::Option::Some(#at) => #accept(event).map(Self::#ident), }
    });
    let message = format!("`{ident}` has no variant for the event `{{}}`");
    quote! {
        #[automatically_derived]
        impl ::stepwell::Accept for #ident {
            const TYPES: &'static [::stepwell::TypeRef] = &[#(#types),*];

            fn accept(
                event: &::stepwell::RawEvent,
            ) -> ::core::result::Result<Self, ::stepwell::StepError> {
                let is_called = |known: &::stepwell::TypeRef| known.is_called(&event.name);
                match Self::TYPES.iter().position(is_called) {
                    #(#arms)*
                    _ => ::core::result::Result::Err(::stepwell::StepError::new(
                        ::std::format!(#message, event.name),
                    )),
                }
            }
        }
        #(#single)*
    }
}
