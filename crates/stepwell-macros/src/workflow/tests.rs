//! Expansions, as formatted code.

mod everything;
mod mistakes;

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

#[track_caller]
fn check(options: TokenStream, block: TokenStream, expect: Expect) {
    let file = syn::parse2(super::expand(options, block)).expect("the macro writes items");
    expect.assert_eq(&prettyplease::unparse(&file));
}

#[test]
#[expect(clippy::too_many_lines, reason = "an expansion is as long as it is")]
fn the_block_stays_and_the_builder_is_called() {
    check(
        quote! {},
        quote! {
            /// Tells jokes.
            impl JokeFlow {
                #[step]
                async fn tell(&self, topic: Topic) -> Joke {
                    self.joke_about(&topic.name)
                }

                fn joke_about(&self, name: &str) -> Joke {
                    Joke::of(name)
                }

                /// Says what it is worth.
                #[step(workers = 2)]
                async fn judge(joke: Joke, ctx: &Context<Tally>) -> Result<Critique, StepError> {
                    ctx.update(|tally| tally.jokes += 1).await?;
                    Ok(Critique::of(joke))
                }
            }
        },
        expect![[r#"
            /// Tells jokes.
            impl JokeFlow {
                async fn tell(&self, topic: Topic) -> Joke {
                    self.joke_about(&topic.name)
                }
                fn joke_about(&self, name: &str) -> Joke {
                    Joke::of(name)
                }
                /// Says what it is worth.
                async fn judge(joke: Joke, ctx: &Context<Tally>) -> Result<Critique, StepError> {
                    ctx.update(|tally| tally.jokes += 1).await?;
                    Ok(Critique::of(joke))
                }
            }
            #[automatically_derived]
            impl ::stepwell::IntoWorkflow for JokeFlow {
                type State = Tally;
                fn into_builder(self) -> ::stepwell::workflow::Builder<Tally> {
                    let shared = ::std::sync::Arc::new(self);
                    let builder = ::stepwell::Workflow::builder("JokeFlow")
                        .description("Tells jokes.")
                        .state::<Tally>();
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .step::<
                            _,
                            Topic,
                            _,
                        >(
                            "tell",
                            move |input: Topic, _: ::stepwell::Context<Tally>| {
                                let flow = ::std::sync::Arc::clone(&flow);
                                async move { Self::tell(&flow, input).await }
                            },
                        );
                    let builder = builder
                        .step_with::<
                            _,
                            Joke,
                            _,
                        >(
                            "judge",
                            ::stepwell::StepOptions::new()
                                .description("Says what it is worth.")
                                .workers(2),
                            move |input: Joke, ctx: ::stepwell::Context<Tally>| {
                                async move { Self::judge(input, &ctx).await }
                            },
                        );
                    builder
                }
            }
            const _: () = {
                use ::stepwell::__private::Unknown as _;
                if ::stepwell::__private::all(
                    &[
                        ::stepwell::__private::Known::<Topic>::IS_INPUT,
                        ::stepwell::__private::Known::<Joke>::IS_OUTPUT,
                        ::stepwell::__private::Known::<Joke>::IS_INPUT,
                        ::stepwell::__private::Known::<Result<Critique, StepError>>::IS_OUTPUT,
                    ],
                ) {
                    let mistake = ::stepwell::__private::find_mistake(
                        "JokeFlow",
                        &[
                            ::stepwell::__private::StepShape {
                                name: "tell",
                                input: ::stepwell::__private::Known::<Topic>::INPUT,
                                output: ::stepwell::__private::Known::<Joke>::OUTPUT,
                                catch: ::core::option::Option::None,
                                skips: &[],
                            },
                            ::stepwell::__private::StepShape {
                                name: "judge",
                                input: ::stepwell::__private::Known::<Joke>::INPUT,
                                output: ::stepwell::__private::Known::<
                                    Result<Critique, StepError>,
                                >::OUTPUT,
                                catch: ::core::option::Option::None,
                                skips: &[],
                            },
                        ],
                        &[],
                        &[],
                    );
                    ::stepwell::__private::blame(&mistake, ::core::option::Option::None);
                    ::stepwell::__private::blame(&mistake, ::core::option::Option::Some(0));
                    ::stepwell::__private::blame(&mistake, ::core::option::Option::Some(1));
                }
            };
        "#]],
    );
}

#[test]
fn what_is_wrong_is_left_out_and_the_rest_is_written() {
    check(
        quote! { tiemout = "60s" },
        quote! {
            impl Flow {
                #[step]
                async fn begin(&self, start: StartEvent) -> StopEvent {}

                #[step]
                async fn no_event(&self) {}
            }
        },
        expect![[r#"
            impl Flow {
                async fn begin(&self, start: StartEvent) -> StopEvent {}
                async fn no_event(&self) {}
            }
            #[automatically_derived]
            impl ::stepwell::IntoWorkflow for Flow {
                type State = ();
                fn into_builder(self) -> ::stepwell::workflow::Builder<()> {
                    let shared = ::std::sync::Arc::new(self);
                    let builder = ::stepwell::Workflow::builder("Flow");
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .step::<
                            _,
                            StartEvent,
                            _,
                        >(
                            "begin",
                            move |input: StartEvent, _: ::stepwell::Context<()>| {
                                let flow = ::std::sync::Arc::clone(&flow);
                                async move { Self::begin(&flow, input).await }
                            },
                        );
                    builder
                }
            }
            ::core::compile_error! {
                "unknown option `tiemout`; did you mean `timeout`?"
            }
            ::core::compile_error! {
                "a step takes an event: add a parameter such as `event: StartEvent`"
            }
        "#]],
    );
}
