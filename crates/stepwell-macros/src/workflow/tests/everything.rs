//! The longest expansion: all that can be said of a workflow and its steps.

use expect_test::expect;
use quote::quote;

use super::check;

#[test]
#[expect(clippy::too_many_lines, reason = "an expansion is as long as it is")]
fn everything_that_can_be_said_is_said_to_the_builder() {
    check(
        quote! {
            name = "Shop", version = "2", module = "shop", description = "Sells.", timeout = "60s",
            deadline = WEEK, on_stall = "fail", concurrent_runs = 3, verbose, events = [Approval],
            steps = [util::note], skip(reachability)
        },
        quote! {
            impl<L: Llm> Shop<L> {
                #[step(
                    name = "the first", retry = attempts(3), timeout = "1s", heartbeat = HEARTBEAT,
                    state = "atomic", description = "Splits.", skip(dead_end)
                )]
                async fn split(&self, order: Order, ctx: Context, shelf: Res<Shelf>) -> Vec<Item> {}

                #[step(blocking)]
                fn weigh(&self, item: Item, ctx: &BlockingContext, scale: Res<Scale>) -> Weight {}

                #[cfg(feature = "audit")]
                #[stepwell::step(take = 2)]
                async fn audit(weights: Join<Weight>) -> Report {}

                #[step]
                async fn both(&self, sum: Sum, report: Report, ctx: &Context) -> StopEvent {}

                #[catch(for = [weigh, note], max_recoveries = 2)]
                async fn guess(&self, failed: StepFailed<Item>) -> Weight {}

                #[catch]
                async fn rescue(failed: StepFailed, ctx: &Context) -> StopEvent {}
            }
        },
        expect![[r#"
            impl<L: Llm> Shop<L> {
                async fn split(&self, order: Order, ctx: Context, shelf: Res<Shelf>) -> Vec<Item> {}
                fn weigh(&self, item: Item, ctx: &BlockingContext, scale: Res<Scale>) -> Weight {}
                #[cfg(feature = "audit")]
                async fn audit(weights: Join<Weight>) -> Report {}
                async fn both(&self, sum: Sum, report: Report, ctx: &Context) -> StopEvent {}
                async fn guess(&self, failed: StepFailed<Item>) -> Weight {}
                async fn rescue(failed: StepFailed, ctx: &Context) -> StopEvent {}
            }
            #[automatically_derived]
            impl<L: Llm> ::stepwell::IntoWorkflow for Shop<L> {
                type State = ();
                fn into_builder(self) -> ::stepwell::workflow::Builder<()> {
                    const {
                        use ::stepwell::__private::Unknown as _;
                        if ::stepwell::__private::all(
                            &[
                                ::stepwell::__private::Known::<Order>::IS_INPUT,
                                ::stepwell::__private::Known::<Vec<Item>>::IS_OUTPUT,
                                ::stepwell::__private::Known::<Item>::IS_INPUT,
                                ::stepwell::__private::Known::<Weight>::IS_OUTPUT,
                                #[cfg(feature = "audit")]
                                ::stepwell::__private::Known::<Join<Weight>>::IS_INPUT,
                                #[cfg(feature = "audit")]
                                ::stepwell::__private::Known::<Report>::IS_OUTPUT,
                                ::stepwell::__private::Known::<(Sum, Report)>::IS_INPUT,
                                ::stepwell::__private::Known::<StopEvent>::IS_OUTPUT,
                                ::stepwell::__private::Known::<StepFailed<Item>>::IS_INPUT,
                                ::stepwell::__private::Known::<Weight>::IS_OUTPUT,
                                ::stepwell::__private::Known::<StepFailed>::IS_INPUT,
                                ::stepwell::__private::Known::<StopEvent>::IS_OUTPUT,
                                <util::note as ::stepwell::workflow::StepFunction<()>>::IS_KNOWN,
                                ::stepwell::__private::Known::<Approval>::IS_EVENT,
                            ],
                        ) {
                            let mistake = ::stepwell::__private::find_mistake(
                                "Shop",
                                &[
                                    ::stepwell::__private::StepShape {
                                        name: "the first",
                                        input: ::stepwell::__private::Known::<Order>::INPUT,
                                        output: ::stepwell::__private::Known::<Vec<Item>>::OUTPUT,
                                        catch: ::core::option::Option::None,
                                        skips: &[::stepwell::workflow::GraphCheck::DeadEnd],
                                    },
                                    ::stepwell::__private::StepShape {
                                        name: "weigh",
                                        input: ::stepwell::__private::Known::<Item>::INPUT,
                                        output: ::stepwell::__private::Known::<Weight>::OUTPUT,
                                        catch: ::core::option::Option::None,
                                        skips: &[],
                                    },
                                    #[cfg(feature = "audit")]
                                    ::stepwell::__private::StepShape {
                                        name: "audit",
                                        input: ::stepwell::__private::Known::<Join<Weight>>::INPUT,
                                        output: ::stepwell::__private::Known::<Report>::OUTPUT,
                                        catch: ::core::option::Option::None,
                                        skips: &[],
                                    },
                                    ::stepwell::__private::StepShape {
                                        name: "both",
                                        input: ::stepwell::__private::Known::<(Sum, Report)>::INPUT,
                                        output: ::stepwell::__private::Known::<StopEvent>::OUTPUT,
                                        catch: ::core::option::Option::None,
                                        skips: &[],
                                    },
                                    ::stepwell::__private::StepShape {
                                        name: "guess",
                                        input: ::stepwell::__private::Known::<
                                            StepFailed<Item>,
                                        >::INPUT,
                                        output: ::stepwell::__private::Known::<Weight>::OUTPUT,
                                        catch: ::core::option::Option::Some(::stepwell::__private::CatchShape {
                                            steps: ::core::option::Option::Some(
                                                &[
                                                    "weigh",
                                                    <util::note as ::stepwell::workflow::StepFunction<()>>::NAME,
                                                ],
                                            ),
                                            max_recoveries: 2,
                                        }),
                                        skips: &[],
                                    },
                                    ::stepwell::__private::StepShape {
                                        name: "rescue",
                                        input: ::stepwell::__private::Known::<StepFailed>::INPUT,
                                        output: ::stepwell::__private::Known::<StopEvent>::OUTPUT,
                                        catch: ::core::option::Option::Some(::stepwell::__private::CatchShape {
                                            steps: ::core::option::Option::None,
                                            max_recoveries: 1,
                                        }),
                                        skips: &[],
                                    },
                                    <util::note as ::stepwell::workflow::StepFunction<()>>::SHAPE,
                                ],
                                &[::stepwell::__private::Known::<Approval>::EVENT],
                                &[::stepwell::workflow::GraphCheck::Reachability],
                            );
                            ::stepwell::__private::blame(&mistake, ::core::option::Option::None);
                            ::stepwell::__private::blame(&mistake, ::core::option::Option::Some(0));
                            ::stepwell::__private::blame(&mistake, ::core::option::Option::Some(1));
                            #[cfg(feature = "audit")]
                            ::stepwell::__private::blame(&mistake, ::core::option::Option::Some(2));
                            ::stepwell::__private::blame(
                                &mistake,
                                ::core::option::Option::Some(
                                    <[()]>::len(&[(), (), #[cfg(feature = "audit")] ()]),
                                ),
                            );
                            ::stepwell::__private::blame(
                                &mistake,
                                ::core::option::Option::Some(
                                    <[()]>::len(&[(), (), #[cfg(feature = "audit")] (), ()]),
                                ),
                            );
                            ::stepwell::__private::blame(
                                &mistake,
                                ::core::option::Option::Some(
                                    <[()]>::len(&[(), (), #[cfg(feature = "audit")] (), (), ()]),
                                ),
                            );
                            ::stepwell::__private::blame(
                                &mistake,
                                ::core::option::Option::Some(
                                    <[()]>::len(&[(), (), #[cfg(feature = "audit")] (), (), (), ()]),
                                ),
                            );
                        }
                    }
                    let shared = ::std::sync::Arc::new(self);
                    let builder = ::stepwell::Workflow::builder("Shop")
                        .description("Sells.")
                        .version("2")
                        .module("shop")
                        .timeout(::core::time::Duration::from_secs(60))
                        .deadline(WEEK)
                        .on_stall(::stepwell::OnStall::Fail)
                        .concurrent_runs(3)
                        .verbose()
                        .skip(::stepwell::workflow::GraphCheck::Reachability)
                        .additional_event::<Approval>();
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .step_with::<
                            _,
                            Order,
                            _,
                        >(
                            "the first",
                            ::stepwell::StepOptions::new()
                                .description("Splits.")
                                .retry(attempts(3))
                                .timeout(::core::time::Duration::from_secs(1))
                                .heartbeat(HEARTBEAT)
                                .atomic()
                                .skip(::stepwell::workflow::GraphCheck::DeadEnd)
                                .needs::<Shelf>("shelf"),
                            move |input: Order, ctx: ::stepwell::Context<()>| {
                                let flow = ::std::sync::Arc::clone(&flow);
                                async move {
                                    let resource_0 = ctx.resource::<Shelf>().await?;
                                    ::core::result::Result::Ok::<
                                        _,
                                        ::stepwell::StepError,
                                    >(Self::split(&flow, input, ctx, resource_0).await)
                                }
                            },
                        );
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .blocking_step::<
                            _,
                            Item,
                            ::core::result::Result<Weight, ::stepwell::StepError>,
                        >(
                            "weigh",
                            ::stepwell::StepOptions::new().needs::<Scale>("scale"),
                            move |input: Item, ctx: ::stepwell::BlockingContext<()>| {
                                let resource_0 = ctx.block_on(ctx.resource::<Scale>())?;
                                ::core::result::Result::Ok::<
                                    _,
                                    ::stepwell::StepError,
                                >(Self::weigh(&flow, input, &ctx, resource_0))
                            },
                        );
                    #[cfg(feature = "audit")]
                    let builder = builder
                        .step_with::<
                            _,
                            Join<Weight>,
                            _,
                        >(
                            "audit",
                            ::stepwell::StepOptions::new().take(2),
                            move |input: Join<Weight>, _: ::stepwell::Context<()>| {
                                async move { Self::audit(input).await }
                            },
                        );
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .step::<
                            _,
                            (Sum, Report),
                            _,
                        >(
                            "both",
                            move |(input_0, input_1): (Sum, Report), ctx: ::stepwell::Context<()>| {
                                let flow = ::std::sync::Arc::clone(&flow);
                                async move { Self::both(&flow, input_0, input_1, &ctx).await }
                            },
                        );
                    let flow = ::std::sync::Arc::clone(&shared);
                    let builder = builder
                        .catch::<
                            _,
                            Item,
                            _,
                            _,
                        >(
                            "guess",
                            ["weigh", <util::note as ::stepwell::workflow::StepFunction<()>>::NAME],
                            2,
                            move |input: StepFailed<Item>, _: ::stepwell::Context<()>| {
                                let flow = ::std::sync::Arc::clone(&flow);
                                async move { Self::guess(&flow, input).await }
                            },
                        );
                    let builder = builder
                        .catch_all::<
                            _,
                            ::stepwell::AnyInput,
                            _,
                        >(
                            "rescue",
                            1,
                            move |input: StepFailed, ctx: ::stepwell::Context<()>| {
                                async move { Self::rescue(input, &ctx).await }
                            },
                        );
                    let builder = <util::note as ::stepwell::workflow::StepFunction<
                        (),
                    >>::add_to(builder);
                    builder
                }
            }
        "#]],
    );
}
