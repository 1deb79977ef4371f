//! `#[step]` on a free function, and both markers where they do not belong.
//!
//! A function and a type may have the same name. So the function stays as it is, and what a
//! workflow needs to know of it becomes an implementation of `StepFunction` for an empty enum of
//! the function's name, which `use` brings along.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Type};

use super::{Step, Surroundings, read_signature, step_kind, write};

/// Gives back the function, and adds the type of its name.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Vec::new();
    let written = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) if function.sig.receiver().is_some() => {
            errors.push(Error::new_spanned(&function.sig.ident, misplaced("step")));
            None
        }
        Ok(function) => {
            let kind = step_kind(options, &function.attrs, &mut errors);
            read_signature(&function.sig, &function.attrs, kind, None, &mut errors)
                .map(|step| write_function(&function, &step))
        }
        Err(_) => {
            errors.push(Error::new_spanned(item, "`#[step]` is for a function"));
            None
        }
    };
    let errors = errors.iter().map(Error::to_compile_error);
    quote! { #item #written #(#errors)* }
}

/// Gives back the item, and says where the marker belongs.
pub(crate) fn outside_a_workflow(marker: &str, item: &TokenStream) -> TokenStream {
    let error = Error::new_spanned(item, misplaced(marker)).to_compile_error();
    quote! { #item #error }
}

fn misplaced(marker: &str) -> String {
    format!("`#[{marker}]` on a method works in a block marked `#[workflow]`: mark the `impl` too")
}

fn write_function(function: &ItemFn, step: &Step) -> TokenStream {
    let (visibility, ident) = (&function.vis, &step.ident);
    let conditions = &step.conditions;
    let any: Type = syn::parse_quote! { __State };
    let (generics, state) = match step.context() {
        Some(context) => (None, &context.state),
        None => (Some(quote! { <__State: ::stepwell::workflow::State> }), &any),
    };
    let name = &step.name;
    let shape = write::shape(step, None);
    let is_known = write::is_known(step);
    let builder = write::local("builder");
    let around = Surroundings { state, callee: quote! { #ident }, this: None, covered: None };
    let add = write::add(step, &around);
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        #[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
        #visibility enum #ident {}

        #(#conditions)*
        #[automatically_derived]
        impl #generics ::stepwell::workflow::StepFunction<#state> for #ident {
            const NAME: &'static str = #name;
            const SHAPE: ::stepwell::__private::StepShape = {
                use ::stepwell::__private::Unknown as _;
                #shape
            };
            const IS_KNOWN: bool = {
                use ::stepwell::__private::Unknown as _;
                #(#is_known)&&*
            };

            fn add_to(
                #builder: ::stepwell::workflow::Builder<#state>,
            ) -> ::stepwell::workflow::Builder<#state> {
                #add
            }
        }
    }
}
