//! Expansions of free functions, as formatted code.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

#[expect(clippy::needless_pass_by_value, reason = "literals read better without a reference")]
#[track_caller]
fn check(options: TokenStream, function: TokenStream, expect: Expect) {
    let file = syn::parse2(super::expand_function(options, &function)).expect("it writes items");
    expect.assert_eq(&prettyplease::unparse(&file));
}

/// Shows only what is wrong with the function.
#[track_caller]
fn check_errors(options: TokenStream, function: TokenStream, expect: Expect) {
    let file: syn::File = syn::parse2(super::expand_function(options, &function)).unwrap();
    let mut errors = String::new();
    for item in file.items {
        if let syn::Item::Macro(error) = item {
            let message: syn::LitStr = error.mac.parse_body().unwrap();
            errors += &message.value();
            errors += "\n";
        }
    }
    expect.assert_eq(&errors);
}

#[test]
fn a_function_gets_a_type_of_its_name() {
    check(
        quote! { workers = 2, skip(dead_end) },
        quote! {
            /// Takes note.
            #[cfg(test)]
            pub async fn note(page: Page, ctx: &Context<Tally>, log: Res<Log>) -> Result<(), Full> {
                log.write(page).await
            }
        },
        expect![[r#"
            /// Takes note.
            #[cfg(test)]
            pub async fn note(page: Page, ctx: &Context<Tally>, log: Res<Log>) -> Result<(), Full> {
                log.write(page).await
            }
            #[cfg(test)]
            #[doc(hidden)]
            #[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
            pub enum note {}
            #[cfg(test)]
            #[automatically_derived]
            impl ::stepwell::workflow::StepFunction<Tally> for note {
                const NAME: &'static str = "note";
                const SHAPE: ::stepwell::__private::StepShape = {
                    use ::stepwell::__private::Unknown as _;
                    ::stepwell::__private::StepShape {
                        name: "note",
                        input: ::stepwell::__private::Known::<Page>::INPUT,
                        output: ::stepwell::__private::Known::<Result<(), Full>>::OUTPUT,
                        catch: ::core::option::Option::None,
                        skips: &[::stepwell::workflow::GraphCheck::DeadEnd],
                    }
                };
                const IS_KNOWN: bool = {
                    use ::stepwell::__private::Unknown as _;
                    ::stepwell::__private::Known::<Page>::IS_INPUT
                        && ::stepwell::__private::Known::<Result<(), Full>>::IS_OUTPUT
                };
                fn add_to(
                    builder: ::stepwell::workflow::Builder<Tally>,
                ) -> ::stepwell::workflow::Builder<Tally> {
                    builder
                        .step_with::<
                            _,
                            Page,
                            _,
                        >(
                            "note",
                            ::stepwell::StepOptions::new()
                                .description("Takes note.")
                                .workers(2)
                                .skip(::stepwell::workflow::GraphCheck::DeadEnd)
                                .needs::<Log>("log"),
                            move |input: Page, ctx: ::stepwell::Context<Tally>| {
                                async move {
                                    let resource_0 = ctx.resource::<Log>().await?;
                                    ::core::result::Result::Ok::<
                                        _,
                                        ::stepwell::StepError,
                                    >(note(input, &ctx, resource_0).await)
                                }
                            },
                        )
                }
            }
        "#]],
    );
}

#[test]
fn without_a_context_it_is_a_step_of_any_workflow() {
    check(
        quote! { blocking, name = "hash it", timeout = "2h" },
        quote! {
            fn hash(page: Page) -> Hash {
                Hash::of(&page)
            }
        },
        expect![[r#"
            fn hash(page: Page) -> Hash {
                Hash::of(&page)
            }
            #[doc(hidden)]
            #[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
            enum hash {}
            #[automatically_derived]
            impl<__State: ::stepwell::workflow::State> ::stepwell::workflow::StepFunction<__State>
            for hash {
                const NAME: &'static str = "hash it";
                const SHAPE: ::stepwell::__private::StepShape = {
                    use ::stepwell::__private::Unknown as _;
                    ::stepwell::__private::StepShape {
                        name: "hash it",
                        input: ::stepwell::__private::Known::<Page>::INPUT,
                        output: ::stepwell::__private::Known::<Hash>::OUTPUT,
                        catch: ::core::option::Option::None,
                        skips: &[],
                    }
                };
                const IS_KNOWN: bool = {
                    use ::stepwell::__private::Unknown as _;
                    ::stepwell::__private::Known::<Page>::IS_INPUT
                        && ::stepwell::__private::Known::<Hash>::IS_OUTPUT
                };
                fn add_to(
                    builder: ::stepwell::workflow::Builder<__State>,
                ) -> ::stepwell::workflow::Builder<__State> {
                    builder
                        .blocking_step::<
                            _,
                            Page,
                            Hash,
                        >(
                            "hash it",
                            ::stepwell::StepOptions::new()
                                .timeout(::core::time::Duration::from_secs(7200)),
                            move |input: Page, _: ::stepwell::BlockingContext<__State>| {
                                hash(input)
                            },
                        )
                }
            }
        "#]],
    );
}

#[test]
fn durations_are_read() {
    let of = |text: &str| {
        let options = quote! { timeout = #text };
        let function = quote! { async fn note(page: Page) {} };
        let code = super::expand_function(options, &function).to_string();
        let from = code.find("Duration ::").map_or(code.len(), |at| at + "Duration ::".len());
        let to = code[from..].find(")").map_or(code.len(), |at| from + at + 1);
        match code.split_once("compile_error !") {
            Some((_, error)) => format!("{text}: {}\n", error.trim()),
            None => format!("{text}: {}\n", code[from..to].trim()),
        }
    };
    let texts = ["250ms", "10s", "5m", "2h", "7d", "0s", "10", "s", "1.5s", "-1s", "1 s", "1w"];
    let long = ["18446744073709551615s", "18446744073709551616s", "18446744073709551615d"];
    let read: String = texts.into_iter().chain(long).map(of).collect();
    expect![[r#"
        250ms: from_millis (250)
        10s: from_secs (10)
        5m: from_secs (300)
        2h: from_secs (7200)
        7d: from_secs (604800)
        0s: { "in no time at all nothing can run" }
        10: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        s: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        1.5s: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        -1s: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        1 s: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        1w: { "a duration is a whole number and a unit: \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"" }
        18446744073709551615s: from_secs (18446744073709551615)
        18446744073709551616s: { "this is longer than the clock can count" }
        18446744073709551615d: { "this is longer than the clock can count" }
    "#]].assert_eq(&read);
}

#[test]
fn every_option_that_is_wrong_is_told() {
    check_errors(
        quote! {
            wokers = 2, workers = 0, workers = 3, retry, timeout = 10, heartbeat = "soon", name = "",
            blocking = true, state = "none", skip(cycles), skip, take = 2, 7, colour = "red"
        },
        quote! { async fn note(page: Page) {} },
        expect![[r#"
            unknown option `wokers`; did you mean `workers`?
            `workers` is at least 1
            `workers` is given twice
            write `retry = attempts(3)`
            say the unit: `timeout = "10s"`
            a duration is a whole number and a unit: "250ms", "10s", "5m", "2h" or "7d"
            `name` is empty
            `blocking` takes no value
            write `state = "atomic"`: updates count only if the attempt succeeds
            there is no check `cycles`; those that can be left out are `reachability` and `dead_end`
            `skip` is given twice
            an option is a word, or a word and a value: `key = value`
            unknown option `colour`; the options here are `name`, `description`, `workers`, `retry`, `timeout`, `heartbeat`, `take`, `blocking`, `state`, `skip`
            `take` is for a step that takes a `Join`
        "#]],
    );
}

#[test]
fn every_parameter_that_is_wrong_is_told() {
    check_errors(
        quote! {},
        quote! {
            async fn note(
                page: &Page,
                ctx: &mut Context,
                log: &Res<Log>,
                other: Res,
                any: impl Event,
            ) -> impl Emit {}
        },
        expect![[r#"
            a step owns the event that it takes: write `Page`, without the `&`; if it is an alias of `Context`, write `Context`, by whose name the context is known
            a step takes its context by shared reference: remove `mut`
            a step owns its resources, which are cheap to share: write `Res<Log>`
            a step names the type of what it takes
            a step names the type that it returns: the graph is read from it
        "#]],
    );
    check_errors(
        quote! { take = 3 },
        quote! {
            fn note<T>(ctx: Context, other: Context, blocking: BlockingContext) {}
        },
        expect![[r#"
            a step cannot be generic: its events are known when the workflow is built
            a step is an `async fn`; mark it `#[step(blocking)]` if it blocks its thread
        "#]],
    );
    check_errors(
        quote! {},
        quote! {
            async fn note(a: A, b: Join<B>, c: StepFailed<C>, d: D, e: E, f: F, g: G) {}
        },
        expect![[r#"
            a step takes at most 6 events together
            a `Join` is all that its step takes; a step takes a list of events, or one event of each of several types
            a `StepFailed` is what a handler takes: mark the method `#[catch]`
        "#]],
    );
}

#[test]
fn only_functions_are_steps() {
    check_errors(
        quote! {},
        quote! { struct Note; },
        expect![[r#"
        `#[step]` is for a function
    "#]],
    );
    check_errors(
        quote! {},
        quote! { async fn note(&self, page: Page) {} },
        expect![[r#"
        `#[step]` on a method works in a block marked `#[workflow]`: mark the `impl` too
    "#]],
    );
    let catch = super::outside_a_workflow("catch", &quote! { fn rescue(failed: StepFailed) {} });
    assert!(catch.to_string().contains("mark the `impl` too"), "{catch}");
}
