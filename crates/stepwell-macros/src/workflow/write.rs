//! Writes the implementation of `IntoWorkflow`, and the constant that checks the graph.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::Flow;
use super::catches::{Catch, function_part, place_of};
use crate::step::{self, Skip, Step, Surroundings, local, local_at};
use crate::words::{mentions, replace, text_of};

/// Writes everything that comes beside the block; `is_right` says whether to check the graph.
pub(super) fn implementation(flow: &Flow, catches: &[Catch<'_>], is_right: bool) -> TokenStream {
    let Flow { this, state, conditions, .. } = flow;
    let (generics, _, bounds) = flow.generics.split_for_impl();
    let builder = local("builder");
    let settings = settings(flow);
    let steps = flow.steps.iter().map(|step| statements(flow, step, catches));
    let functions = flow.functions().iter().map(|path| {
        let add = function_part(path, flow, "add_to");
        quote! { let #builder = #add(#builder); }
    });
    let needs_self = |step: &Step| step.has_receiver || step::mentions_self(step);
    let shared = local("shared");
    let share = (flow.steps.iter().any(needs_self) || mentions("self", settings.clone()))
        .then(|| quote! { let #shared = ::std::sync::Arc::new(self); });
    let settings = replace("self", settings, &|place| local_at("shared", place).to_token_stream());
    let check = is_right.then(|| graph_check(flow, catches));
    // What depends on a type that is yet to come is checked when that is there.
    let (inside, outside) = match flow.generics.params.is_empty() {
        true => (None, check.map(|check| quote! { #(#conditions)* const _: () = { #check }; })),
        false => (check.map(|check| quote! { const { #check } }), None),
    };
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #generics ::stepwell::IntoWorkflow for #this #bounds {
            type State = #state;

            fn into_builder(self) -> ::stepwell::workflow::Builder<#state> {
                #inside
                #share
                let #builder = ::stepwell::Workflow::builder #settings;
                #(#steps)*
                #(#functions)*
                #builder
            }
        }
        #outside
    }
}

/// Writes `(name).version(…).state::<S>()`.
fn settings(flow: &Flow) -> TokenStream {
    let keys = &flow.keys;
    let name = name(flow);
    let mut calls = Vec::new();
    let description = keys.description.as_ref().map(syn::LitStr::value);
    let description = description.or_else(|| flow.description.clone());
    calls.extend(description.map(|text| quote! { description(#text) }));
    calls.extend(keys.version.as_ref().map(|version| quote! { version(#version) }));
    calls.extend(keys.module.as_ref().map(|module| quote! { module(#module) }));
    calls.extend(keys.timeout.as_ref().map(|timeout| quote! { timeout(#timeout) }));
    calls.extend(keys.deadline.as_ref().map(|deadline| quote! { deadline(#deadline) }));
    calls.extend(keys.on_stall.as_ref().map(|stall| {
        quote! { on_stall(::stepwell::OnStall::#stall) }
    }));
    calls.extend(keys.concurrent_runs.as_ref().map(|runs| quote! { concurrent_runs(#runs) }));
    calls.extend(keys.is_verbose.then(|| quote! { verbose() }));
    calls.extend(keys.skips.iter().map(|Skip(check)| {
        quote! { skip(::stepwell::workflow::GraphCheck::#check) }
    }));
    calls.extend(keys.events.iter().map(|event| {
        quote_spanned! { event.span() => additional_event::<#event>() }
    }));
    let state = &flow.state;
    if text_of(state) != "()" {
        calls.push(quote! { state::<#state>() });
    }
    quote! { (#name) #(.#calls)* }
}

fn name(flow: &Flow) -> String {
    flow.keys.name.as_ref().map_or_else(|| flow.name.clone(), syn::LitStr::value)
}

/// Writes `let builder = builder.step(…);`.
fn statements(flow: &Flow, step: &Step, catches: &[Catch<'_>]) -> TokenStream {
    let conditions = &step.conditions;
    let ident = &step.ident;
    let (builder, own, shared) = (local("builder"), local("flow"), local("shared"));
    let around = Surroundings {
        state: &flow.state,
        callee: quote_spanned! { ident.span() => Self::#ident },
        this: Some("shared"),
        covered: covered(step, catches),
    };
    let add = step::add(step, &around);
    let share = step.has_receiver.then(|| {
        quote! { #(#conditions)* let #own = ::std::sync::Arc::clone(&#shared); }
    });
    quote! {
        #share
        #(#conditions)*
        let #builder = #add;
    }
}

/// Writes the names of the steps that a handler is for.
fn covered<'a>(step: &Step, catches: &'a [Catch<'_>]) -> Option<&'a [TokenStream]> {
    catches.iter().find(|catch| std::ptr::eq(catch.handler, step))?.names.as_deref()
}

/// Writes the check of the graph: one constant finds the first mistake, and each step has a line
/// of its own that tells it, for the compiler shows the place of that line.
fn graph_check(flow: &Flow, catches: &[Catch<'_>]) -> TokenStream {
    let name = name(flow);
    let shapes = flow.steps.iter().map(|step| {
        let conditions = &step.conditions;
        let shape = step::shape(step, covered(step, catches));
        quote! { #(#conditions)* #shape }
    });
    let functions = flow.functions().iter().map(|path| function_part(path, flow, "SHAPE"));
    let events = flow.keys.events.iter().map(|event| step::known(event, "EVENT"));
    let skips = flow.keys.skips.iter().map(|Skip(check)| {
        quote! { ::stepwell::workflow::GraphCheck::#check }
    });
    let (is_known, mistake) = (is_known(flow), local("mistake"));
    let blames = blames(flow);
    quote! {
        use ::stepwell::__private::Unknown as _;
        if ::stepwell::__private::all(&[#(#is_known),*]) {
            let #mistake = ::stepwell::__private::find_mistake(
                #name,
                &[#(#shapes,)* #(#functions),*],
                &[#(#events),*],
                &[#(#skips),*],
            );
            #(#blames)*
        }
    }
}

/// Writes the lines that tell a mistake: that of the workflow, and those of its steps.
fn blames(flow: &Flow) -> Vec<TokenStream> {
    let mistake = local("mistake");
    let of_all = quote_spanned! { flow.this.span() =>
        ::stepwell::__private::blame(&#mistake, ::core::option::Option::None);
    };
    let methods = flow.steps.iter().map(|step| (step.name.span(), &*step.conditions));
    let functions = flow.functions().iter().map(|path| (place_of(path), &[][..]));
    // Steps that are not compiled do not count.
    let mut earlier = Vec::new();
    let mut is_conditional = false;
    let of_steps = methods.chain(functions).map(|(place, conditions)| {
        let at = match is_conditional {
            true => quote! { <[()]>::len(&[#(#earlier),*]) },
            false => Literal::usize_unsuffixed(earlier.len()).to_token_stream(),
        };
        earlier.push(quote! { #(#conditions)* () });
        is_conditional |= !conditions.is_empty();
        let blame = quote_spanned! { place =>
            ::stepwell::__private::blame(&#mistake, ::core::option::Option::Some(#at));
        };
        quote! { #(#conditions)* #blame }
    });
    std::iter::once(of_all).chain(of_steps).collect()
}

/// Writes, one by one, whether the types in the graph are what they should be.
fn is_known(flow: &Flow) -> Vec<TokenStream> {
    let steps = flow.steps.iter().flat_map(|step| {
        let conditions = &step.conditions;
        step::is_known(step).map(|is_known| quote! { #(#conditions)* #is_known })
    });
    let functions = flow.functions().iter().map(|path| function_part(path, flow, "IS_KNOWN"));
    let events = flow.keys.events.iter().map(|event| step::known(event, "IS_EVENT"));
    steps.chain(functions).chain(events).collect()
}
