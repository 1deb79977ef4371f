//! Expansions, as formatted code.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

use super::{derive_accept, derive_emit};

#[expect(clippy::needless_pass_by_value, reason = "literals read better without a reference")]
#[track_caller]
fn check(expansion: TokenStream, expect: Expect) {
    let file = syn::parse2(expansion).expect("the macro writes items");
    expect.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn each_variant_emits_what_it_holds() {
    check(
        derive_emit(quote! {
            enum Next {
                Again(Guess),
                Pages(FanOut<Page>),
                Nothing,
            }
        }),
        expect![[r#"
            #[automatically_derived]
            impl ::stepwell::Emit for Next {
                const SHAPE: ::stepwell::EmitShape = ::stepwell::EmitShape::OneOf(
                    &[<Guess as ::stepwell::Emit>::SHAPE, <FanOut<Page> as ::stepwell::Emit>::SHAPE],
                );
                fn emit(
                    self,
                    to: &mut ::stepwell::Emitter,
                ) -> ::core::result::Result<(), ::stepwell::StepError> {
                    match self {
                        Self::Again(held) => <Guess as ::stepwell::Emit>::emit(held, to),
                        Self::Pages(held) => <FanOut<Page> as ::stepwell::Emit>::emit(held, to),
                        Self::Nothing => ::core::result::Result::Ok(()),
                    }
                }
            }
        "#]],
    );
}

#[test]
fn a_variant_is_chosen_by_the_name_of_the_event() {
    check(
        derive_accept(quote! {
            enum Answer {
                Yes(shop::Approved),
                No(Refused),
            }
        }),
        expect![[r##"
            #[automatically_derived]
            impl ::stepwell::Accept for Answer {
                const TYPES: &'static [::stepwell::TypeRef] = &[
                    <shop::Approved as ::stepwell::Accept>::TYPES[0],
                    <Refused as ::stepwell::Accept>::TYPES[0],
                ];
                fn accept(
                    event: &::stepwell::RawEvent,
                ) -> ::core::result::Result<Self, ::stepwell::StepError> {
                    let is_called = |known: &::stepwell::TypeRef| known.is_called(&event.name);
                    match Self::TYPES.iter().position(is_called) {
                        ::core::option::Option::Some(0) => {
                            <shop::Approved as ::stepwell::Accept>::accept(event).map(Self::Yes)
                        }
                        ::core::option::Option::Some(1) => {
                            <Refused as ::stepwell::Accept>::accept(event).map(Self::No)
                        }
                        _ => {
                            ::core::result::Result::Err(
                                ::stepwell::StepError::new(
                                    ::std::format!(
                                        "`Answer` has no variant for the event `{}`", event.name
                                    ),
                                ),
                            )
                        }
                    }
                }
            }
            const _: () = ::core::assert!(
                < shop::Approved as ::stepwell::Accept > ::TYPES.len() == 1,
                "a variant holds one event, but `shop::Approved` is several"
            );
            const _: () = ::core::assert!(
                < Refused as ::stepwell::Accept > ::TYPES.len() == 1,
                "a variant holds one event, but `Refused` is several"
            );
        "##]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "an expansion is as long as it is")]
fn a_variant_that_is_wrong_is_left_out() {
    check(
        derive_emit(quote! {
            enum Next {
                Done(StopEvent),
                Two(A, B),
                Named { event: A },
            }
        }),
        expect![[r##"
            #[automatically_derived]
            impl ::stepwell::Emit for Next {
                const SHAPE: ::stepwell::EmitShape = ::stepwell::EmitShape::OneOf(
                    &[<StopEvent as ::stepwell::Emit>::SHAPE],
                );
                fn emit(
                    self,
                    to: &mut ::stepwell::Emitter,
                ) -> ::core::result::Result<(), ::stepwell::StepError> {
                    match self {
                        Self::Done(held) => <StopEvent as ::stepwell::Emit>::emit(held, to),
                        _ => ::core::unreachable!(),
                    }
                }
            }
            ::core::compile_error! {
                "a variant holds one event, or nothing: write `Two(Event)`"
            }
            ::core::compile_error! {
                "a variant holds one event, or nothing: write `Named(Event)`"
            }
        "##]],
    );
    check(
        derive_accept(quote! {
            enum Answer {
                Yes(Approved),
                Also(Approved),
                Unit,
            }
        }),
        expect![[r##"
            #[automatically_derived]
            impl ::stepwell::Accept for Answer {
                const TYPES: &'static [::stepwell::TypeRef] = &[
                    <Approved as ::stepwell::Accept>::TYPES[0],
                    <Approved as ::stepwell::Accept>::TYPES[0],
                ];
                fn accept(
                    event: &::stepwell::RawEvent,
                ) -> ::core::result::Result<Self, ::stepwell::StepError> {
                    let is_called = |known: &::stepwell::TypeRef| known.is_called(&event.name);
                    match Self::TYPES.iter().position(is_called) {
                        ::core::option::Option::Some(0) => {
                            <Approved as ::stepwell::Accept>::accept(event).map(Self::Yes)
                        }
                        ::core::option::Option::Some(1) => {
                            <Approved as ::stepwell::Accept>::accept(event).map(Self::Also)
                        }
                        _ => {
                            ::core::result::Result::Err(
                                ::stepwell::StepError::new(
                                    ::std::format!(
                                        "`Answer` has no variant for the event `{}`", event.name
                                    ),
                                ),
                            )
                        }
                    }
                }
            }
            const _: () = ::core::assert!(
                < Approved as ::stepwell::Accept > ::TYPES.len() == 1,
                "a variant holds one event, but `Approved` is several"
            );
            const _: () = ::core::assert!(
                < Approved as ::stepwell::Accept > ::TYPES.len() == 1,
                "a variant holds one event, but `Approved` is several"
            );
            ::core::compile_error! {
                "a variant holds one event: write `Unit(Event)`"
            }
            ::core::compile_error! {
                "`Approved` is already in the variant `Yes`"
            }
        "##]],
    );
}

#[test]
fn what_is_no_enum_of_events_gets_no_implementation() {
    check(
        derive_emit(quote! { struct Page; }),
        expect![[r#"
        ::core::compile_error! {
            "`derive(Emit)` is for an enum, each variant of which holds an event; a step can return any event as it is, a struct with `#[derive(stepwell::Event)]`"
        }
    "#]],
    );
    check(
        derive_accept(quote! { union Page { a: u8 } }),
        expect![[r#"
        ::core::compile_error! {
            "`derive(Accept)` is for an enum, each variant of which holds an event; a step can take any event as it is, a struct with `#[derive(stepwell::Event)]`"
        }
    "#]],
    );
    check(
        derive_emit(quote! { enum Next<E> { One(E) } }),
        expect![[r#"
        ::core::compile_error! {
            "an enum of events cannot be generic: the events of a step are known by name"
        }
    "#]],
    );
    check(
        derive_accept(quote! { enum Never {} }),
        expect![[r#"
        ::core::compile_error! {
            "an enum with `derive(Accept)` has at least one variant"
        }
    "#]],
    );
}
