//! Writes `Emit`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{Variant, Variants};

pub(super) fn write(variants: &Variants) -> TokenStream {
    let Variants { ident, variants, is_partial } = variants;
    let shapes = variants.iter().filter_map(|variant| variant.holds.as_ref()).map(|held| {
        quote_spanned! { held.span() => <#held as ::stepwell::Emit>::SHAPE }
    });
    let arms = variants.iter().map(|Variant { ident, holds }| match holds {
        Some(held) => {
            let emit = quote_spanned! { held.span() => <#held as ::stepwell::Emit>::emit };
            quote! { Self::#ident(held) => #emit(held, to) }
        }
        None => quote! { Self::#ident => ::core::result::Result::Ok(()) },
    });
    // It is not compiled to the end, so the compiler should not complain of this as well.
    let others = is_partial.then(|| quote! { _ => ::core::unreachable!(), });
    quote! {
        #[automatically_derived]
        impl ::stepwell::Emit for #ident {
            const SHAPE: ::stepwell::EmitShape = ::stepwell::EmitShape::OneOf(&[#(#shapes),*]);

            fn emit(
                self,
                to: &mut ::stepwell::Emitter,
            ) -> ::core::result::Result<(), ::stepwell::StepError> {
                match self {
                    #(#arms,)*
                    #others
                }
            }
        }
    }
}
