//! Expansions, as formatted code.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

#[track_caller]
fn check(item: TokenStream, expect: Expect) {
    check_file(super::derive(item), expect);
}

#[track_caller]
fn check_file(items: TokenStream, expect: Expect) {
    let file = syn::parse2(items).expect("the macro writes items");
    expect.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_plain_event_takes_everything_from_its_struct() {
    check(
        quote! {
            /// A joke.
            struct Joke {
                /// What it says.
                text: String,
            }
        },
        expect![[r##"
            #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
            const _: () = {
                use ::stepwell::__private::{schemars, serde};
                #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
                #[serde(crate = "::stepwell::__private::serde", remote = "Joke")]
                #[schemars(crate = "::stepwell::__private::schemars")]
                /// A joke.
                struct __Fields {
                    /// What it says.
                    text: String,
                }
                #[automatically_derived]
                impl serde::Serialize for Joke {
                    fn serialize<S: serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> ::core::result::Result<S::Ok, S::Error> {
                        __Fields::serialize(self, serializer)
                    }
                }
                #[automatically_derived]
                impl<'de> serde::Deserialize<'de> for Joke {
                    fn deserialize<D: serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> ::core::result::Result<Self, D::Error> {
                        __Fields::deserialize(deserializer)
                    }
                }
                #[automatically_derived]
                impl schemars::JsonSchema for Joke {
                    fn schema_name() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed("Joke")
                    }
                    fn schema_id() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed(
                            ::core::concat!(::core::module_path!(), "::Joke"),
                        )
                    }
                    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                        <__Fields as schemars::JsonSchema>::json_schema(generator)
                    }
                }
                #[automatically_derived]
                impl ::stepwell::Event for Joke {
                    const NAME: &'static str = "Joke";
                }
            };
        "##]],
    );
}

#[test]
fn attributes_of_the_struct_become_constants_or_go_to_the_mirror() {
    check(
        quote! {
            #[derive(Debug)]
            #[event(start, name = "OrderPlaced", alias = "Order1", alias = "Order2")]
            #[event(module = "shop")]
            #[serde(rename_all = "camelCase")]
            struct Order {}
        },
        expect![[r##"
            #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
            const _: () = {
                use ::stepwell::__private::{schemars, serde};
                #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
                #[serde(crate = "::stepwell::__private::serde", remote = "Order")]
                #[schemars(crate = "::stepwell::__private::schemars")]
                #[serde(rename_all = "camelCase")]
                struct __Fields {}
                #[automatically_derived]
                impl serde::Serialize for Order {
                    fn serialize<S: serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> ::core::result::Result<S::Ok, S::Error> {
                        __Fields::serialize(self, serializer)
                    }
                }
                #[automatically_derived]
                impl<'de> serde::Deserialize<'de> for Order {
                    fn deserialize<D: serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> ::core::result::Result<Self, D::Error> {
                        __Fields::deserialize(deserializer)
                    }
                }
                #[automatically_derived]
                impl schemars::JsonSchema for Order {
                    fn schema_name() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed("OrderPlaced")
                    }
                    fn schema_id() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed(
                            ::core::concat!(::core::module_path!(), "::Order"),
                        )
                    }
                    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                        <__Fields as schemars::JsonSchema>::json_schema(generator)
                    }
                }
                #[automatically_derived]
                impl ::stepwell::Event for Order {
                    const NAME: &'static str = "OrderPlaced";
                    const MODULE: ::core::option::Option<&'static str> = ::core::option::Option::Some(
                        "shop",
                    );
                    const FAMILY: ::stepwell::Family = ::stepwell::Family::Start;
                    const ALIASES: &'static [&'static str] = &["Order1", "Order2"];
                }
            };
        "##]],
    );
}

#[test]
fn attributes_of_fields_become_attributes_of_serde() {
    check(
        quote! {
            struct Order {
                #[event(default = "EUR")] #[schemars(length(equal = 3))] pub currency: String,
                #[event(default)] r#type: Option<Box<Self>>,
                #[event(extra)] extra: Extra,
            }
        },
        expect![[r##"
            #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
            const _: () = {
                use ::stepwell::__private::{schemars, serde};
                #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
                #[serde(crate = "::stepwell::__private::serde", remote = "Order")]
                #[schemars(crate = "::stepwell::__private::schemars")]
                struct __Fields {
                    #[schemars(length(equal = 3))]
                    #[serde(default = "__default_currency")]
                    currency: String,
                    #[serde(default = "__default_type")]
                    r#type: Option<Box<Order>>,
                    #[serde(flatten)]
                    extra: Extra,
                }
                fn __default_currency() -> String {
                    ::core::convert::Into::into("EUR")
                }
                fn __default_type() -> Option<Box<Order>> {
                    ::core::default::Default::default()
                }
                const _: fn(&Order) -> &::stepwell::Extra = |event| &event.extra;
                #[automatically_derived]
                impl serde::Serialize for Order {
                    fn serialize<S: serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> ::core::result::Result<S::Ok, S::Error> {
                        __Fields::serialize(self, serializer)
                    }
                }
                #[automatically_derived]
                impl<'de> serde::Deserialize<'de> for Order {
                    fn deserialize<D: serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> ::core::result::Result<Self, D::Error> {
                        __Fields::deserialize(deserializer)
                    }
                }
                #[automatically_derived]
                impl schemars::JsonSchema for Order {
                    fn schema_name() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed("Order")
                    }
                    fn schema_id() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed(
                            ::core::concat!(::core::module_path!(), "::Order"),
                        )
                    }
                    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                        <__Fields as schemars::JsonSchema>::json_schema(generator)
                    }
                }
                #[automatically_derived]
                impl ::stepwell::Event for Order {
                    const NAME: &'static str = "Order";
                }
            };
        "##]],
    );
}

#[test]
fn a_unit_struct_is_mirrored_with_braces() {
    check(
        quote! {
            #[event(stop)]
            struct Done;
        },
        expect![[r##"
            #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
            const _: () = {
                use ::stepwell::__private::{schemars, serde};
                #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
                #[serde(crate = "::stepwell::__private::serde", remote = "Done")]
                #[schemars(crate = "::stepwell::__private::schemars")]
                struct __Fields {}
                #[automatically_derived]
                impl serde::Serialize for Done {
                    fn serialize<S: serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> ::core::result::Result<S::Ok, S::Error> {
                        __Fields::serialize(self, serializer)
                    }
                }
                #[automatically_derived]
                impl<'de> serde::Deserialize<'de> for Done {
                    fn deserialize<D: serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> ::core::result::Result<Self, D::Error> {
                        __Fields::deserialize(deserializer)
                    }
                }
                #[automatically_derived]
                impl schemars::JsonSchema for Done {
                    fn schema_name() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed("Done")
                    }
                    fn schema_id() -> ::std::borrow::Cow<'static, str> {
                        ::std::borrow::Cow::Borrowed(
                            ::core::concat!(::core::module_path!(), "::Done"),
                        )
                    }
                    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                        <__Fields as schemars::JsonSchema>::json_schema(generator)
                    }
                }
                #[automatically_derived]
                impl ::stepwell::Event for Done {
                    const NAME: &'static str = "Done";
                    const FAMILY: ::stepwell::Family = ::stepwell::Family::Stop;
                }
            };
        "##]],
    );
}

#[test]
fn mistakes_in_attributes_come_after_the_implementations() {
    let right = super::derive(quote! { struct Done {} }).to_string();
    let wrong = super::derive(quote! {
        #[event(strat, name = "")]
        struct Done {}
    });
    let wrong = wrong.to_string();
    let (implementations, errors) = wrong.split_at(right.len());

    assert_eq!(implementations, right);
    check_file(
        errors.parse().unwrap(),
        expect![[r#"
        ::core::compile_error! {
            "unknown key; the known ones here are `start`, `stop`, `request`, `response`, `open`, `module`, `name`, `alias`"
        }
        ::core::compile_error! {
            "`name` is empty"
        }
    "#]],
    );
}

#[test]
fn what_cannot_be_an_event_gets_no_implementations() {
    check(
        quote! { enum Either { Left, Right } },
        expect![[r#"
        ::core::compile_error! {
            "an event is a struct"
        }
    "#]],
    );
    check(
        quote! { struct Tuple(u8); },
        expect![[r#"
        ::core::compile_error! {
            "an event's fields have names: write `struct Name { field: Type }`"
        }
    "#]],
    );
    check(
        quote! { struct Generic<T> { value: T } },
        expect![[r#"
        ::core::compile_error! {
            "an event has one stored name, so its struct cannot be generic"
        }
    "#]],
    );
}
