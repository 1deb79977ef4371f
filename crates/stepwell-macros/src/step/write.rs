//! Writes the builder's call for a step, and its shape as a constant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Token, Type};

use super::{Kind, Parameter, Skip, Step, StepKeys};
use crate::words::{mentions, replace};

/// What a step's call depends on besides the step.
pub(crate) struct Surroundings<'a> {
    /// The type of the workflow's state.
    pub(crate) state: &'a Type,
    /// The function: a path.
    pub(crate) callee: TokenStream,
    /// The name of the variable that is meant by `self` in an option, if there is one.
    pub(crate) this: Option<&'static str>,
    /// The names of the steps that a handler is for; all others if there are none.
    pub(crate) covered: Option<&'a [TokenStream]>,
}

/// The names of the variables around a call, which expressions of users cannot see.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The same, as if it stood at a place.
pub(crate) fn local_at(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(place))
}

/// Writes `builder.step(…)`, where `flow` is the value of the workflow's type if the step needs it.
///
/// The types are named before the arguments, so that one that is wrong is told where it stands.
pub(crate) fn add(step: &Step, around: &Surroundings<'_>) -> TokenStream {
    let at = place_of(step);
    let builder = local("builder");
    let (name, body) = (&step.name, body(step, around));
    let options = options(step, around);
    let input = step.input();
    let output = Token![_](step.output.span());
    let method = match &step.kind {
        Kind::Step(_) if step.is_blocking() => {
            let options = options.unwrap_or_else(|| quote! { ::stepwell::StepOptions::new() });
            let output = &step.output;
            let output = match step.has_resources() {
                true => quote! { ::core::result::Result<#output, ::stepwell::StepError> },
                false => quote! { #output },
            };
            quote_spanned! { at => blocking_step::<_, #input, #output>(#name, #options, #body) }
        }
        Kind::Step(_) => match options {
            Some(options) => {
                quote_spanned! { at => step_with::<_, #input, #output>(#name, #options, #body) }
            }
            None => quote_spanned! { at => step::<_, #input, #output>(#name, #body) },
        },
        Kind::Catch(keys) => {
            let recoveries = recoveries(keys.max_recoveries.as_ref());
            let input = step.failed_input();
            let input = input.map_or_else(|| quote! { ::stepwell::AnyInput }, |ty| quote! { #ty });
            let options = options.map(|options| {
                let covered = around.covered.map_or_else(
                    || quote! { ::core::option::Option::None },
                    |covered| quote! { ::core::option::Option::Some(&[#(#covered),*]) },
                );
                quote_spanned! { at =>
                    catch_with::<_, #input, #output>(#name, #covered, #recoveries, #options, #body)
                }
            });
            options.unwrap_or_else(|| match around.covered {
                Some(covered) => quote_spanned! { at =>
                    catch::<_, #input, #output, _>(#name, [#(#covered),*], #recoveries, #body)
                },
                None => quote_spanned! { at =>
                    catch_all::<_, #input, #output>(#name, #recoveries, #body)
                },
            })
        }
    };
    quote_spanned! { at => #builder.#method }
}

/// Where to tell what is wrong with a step: at its name, as of something that the macro wrote.
fn place_of(step: &Step) -> Span {
    Span::call_site().located_at(step.ident.span())
}

/// A handler is entered once unless it says more.
fn recoveries(max_recoveries: Option<&syn::Expr>) -> TokenStream {
    max_recoveries.map_or_else(|| quote! { 1 }, |number| quote! { #number })
}

/// Writes the options that differ from the defaults, if any does.
fn options(step: &Step, around: &Surroundings<'_>) -> Option<TokenStream> {
    let mut calls = Vec::new();
    if let Kind::Step(keys) = &step.kind {
        let description = keys.description.as_ref();
        calls.extend(description.map(|text| quote! { description(#text) }));
        for (option, value) in values(keys) {
            let option = Ident::new(option, Span::call_site());
            let value = around.value(value);
            calls.push(quote! { #option(#value) });
        }
        calls.extend(keys.is_atomic.then(|| quote! { atomic() }));
        calls.extend(keys.skips.iter().map(|Skip(check)| {
            quote! { skip(::stepwell::workflow::GraphCheck::#check) }
        }));
    }
    calls.extend(step.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Resource { name, ty } => Some(quote! { needs::<#ty>(#name) }),
        _ => None,
    }));
    (!calls.is_empty()).then(|| quote! { ::stepwell::StepOptions::new() #(.#calls)* })
}

/// Returns the options that have an expression for a value.
fn values(keys: &StepKeys) -> Vec<(&'static str, TokenStream)> {
    let options = [
        ("workers", keys.workers.to_token_stream()),
        ("retry", keys.retry.to_token_stream()),
        ("timeout", keys.timeout.to_token_stream()),
        ("heartbeat", keys.heartbeat.to_token_stream()),
        ("take", keys.take.as_ref().map(|(_, members)| members).to_token_stream()),
    ];
    options.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

impl Surroundings<'_> {
    /// Writes an expression of a user.
    pub(crate) fn value(&self, expression: TokenStream) -> TokenStream {
        match self.this {
            Some(this) => {
                replace("self", expression, &|place| local_at(this, place).to_token_stream())
            }
            None => expression,
        }
    }
}

/// Tells whether an option of the step is an expression with `self`.
pub(crate) fn mentions_self(step: &Step) -> bool {
    let Kind::Step(keys) = &step.kind else { return false };
    values(keys).into_iter().any(|(_, value)| mentions("self", value))
}

/// Writes the closure that calls the user's function.
fn body(step: &Step, around: &Surroundings<'_>) -> TokenStream {
    let Surroundings { state, callee, .. } = around;
    let local = |name: &str| local_at(name, step.ident.span());
    let (flow, input, context) = (local("flow"), local("input"), local("ctx"));
    let slots: Vec<Ident> =
        (0..step.events().len()).map(|at| local(&format!("input_{at}"))).collect();
    let pattern = match &*slots {
        [_] => quote! { #input },
        slots => quote! { (#(#slots),*) },
    };
    let (resources, arguments) = arguments(step, &slots);
    let receiver = step.has_receiver.then(|| quote! { &#flow, });
    let at = place_of(step);
    let call = quote_spanned! { at => #callee(#receiver #(#arguments),*) };
    let call = if step.is_blocking() {
        call
    } else {
        quote_spanned! { at => #call.await }
    };
    let call = match step.has_resources() {
        true => quote_spanned! { at =>
            ::core::result::Result::Ok::<_, ::stepwell::StepError>(#call)
        },
        false => call,
    };
    let needs_context = step.has_resources() || step.context().is_some();
    let context = if needs_context {
        quote! { #context }
    } else {
        quote! { _ }
    };
    let input = step.input();
    if step.is_blocking() {
        return quote_spanned! { at =>
            move |#pattern: #input, #context: ::stepwell::BlockingContext<#state>| {
                #(#resources)*
                #call
            }
        };
    }
    let shared = step.has_receiver.then(|| {
        quote! { let #flow = ::std::sync::Arc::clone(&#flow); }
    });
    quote_spanned! { at =>
        move |#pattern: #input, #context: ::stepwell::Context<#state>| {
            #shared
            async move {
                #(#resources)*
                #call
            }
        }
    }
}

/// Writes what gets the resources, and the arguments of the call in the order of the signature.
fn arguments(step: &Step, slots: &[Ident]) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let local = |name: &str| local_at(name, step.ident.span());
    let context = local("ctx");
    let (mut resources, mut arguments) = (Vec::new(), Vec::new());
    let mut events = 0;
    for parameter in &step.parameters {
        arguments.push(match parameter {
            Parameter::Event(_) if slots.len() == 1 => {
                let input = local("input");
                quote! { #input }
            }
            Parameter::Event(_) => {
                let slot = &slots[events];
                events += 1;
                quote! { #slot }
            }
            Parameter::Context(parameter) if parameter.by_reference => quote! { &#context },
            Parameter::Context(_) => quote! { #context },
            Parameter::Resource { ty, .. } => {
                let resource = local(&format!("resource_{}", resources.len()));
                let context = local_at("ctx", ty.span());
                let get = quote_spanned! { ty.span() => #context.resource::<#ty>() };
                let got = match step.is_blocking() {
                    true => quote_spanned! { ty.span() => #context.block_on(#get)? },
                    false => quote_spanned! { ty.span() => #get.await? },
                };
                resources.push(quote! { let #resource = #got; });
                quote! { #resource }
            }
        });
    }
    (resources, arguments)
}

/// Writes what the graph check reads of a step.
pub(crate) fn shape(step: &Step, covered: Option<&[TokenStream]>) -> TokenStream {
    let (name, input, output) = (&step.name, step.input(), &step.output);
    let input = known(&input, "INPUT");
    let output = known(output, "OUTPUT");
    let (catch, skips) = match &step.kind {
        Kind::Step(keys) => (quote! { ::core::option::Option::None }, &*keys.skips),
        Kind::Catch(keys) => {
            let recoveries = recoveries(keys.max_recoveries.as_ref());
            let steps = match covered {
                Some(steps) => quote! { ::core::option::Option::Some(&[#(#steps),*]) },
                None => quote! { ::core::option::Option::None },
            };
            let catch = quote! {
                ::core::option::Option::Some(::stepwell::__private::CatchShape {
                    steps: #steps,
                    max_recoveries: #recoveries,
                })
            };
            (catch, &[][..])
        }
    };
    let skips = skips.iter().map(|Skip(check)| quote! { ::stepwell::workflow::GraphCheck::#check });
    quote! {
        ::stepwell::__private::StepShape {
            name: #name,
            input: #input,
            output: #output,
            catch: #catch,
            skips: &[#(#skips),*],
        }
    }
}

/// Writes whether the types of a step are what they should be. If not, the builder's call says
/// so, and what a check of the graph said would be about the same mistake.
pub(crate) fn is_known(step: &Step) -> [TokenStream; 2] {
    [known(&step.input(), "IS_INPUT"), known(&step.output, "IS_OUTPUT")]
}

/// Writes a constant that is there for any type.
pub(crate) fn known(ty: &Type, constant: &str) -> TokenStream {
    let constant = Ident::new(constant, ty.span());
    quote_spanned! { ty.span() => ::stepwell::__private::Known::<#ty>::#constant }
}
