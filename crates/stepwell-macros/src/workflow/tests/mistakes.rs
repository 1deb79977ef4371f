//! What is wrong with blocks.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

/// Shows only what is wrong with the block.
#[track_caller]
fn check_errors(options: TokenStream, block: TokenStream, expect: Expect) {
    let file: syn::File = syn::parse2(crate::workflow::expand(options, block)).unwrap();
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
fn handlers_are_for_steps() {
    check_errors(
        quote! { steps = [util::note] },
        quote! {
            impl Flow {
                #[step] async fn fetch(&self, page: Page) {}
                #[step] async fn parse(&self, doc: Doc) {}
                #[step] async fn wrong(&self) {}
                #[catch(for = [fech, wrong, nothing_like_it])]
                async fn one(failed: StepFailed) {}
                #[catch(for = [fetch, fetch, one, two])] async fn two(failed: StepFailed) {}
                #[catch(for = [fetch, note])] async fn three(failed: StepFailed) {}
                #[catch(for = all)] async fn four(failed: StepFailed) {}
                #[catch(max_recoveries = 0)] async fn five(failed: StepFailed) {}
                #[catch(for = [])] async fn six(failed: StepFailed) {}
                #[catch(for = fetch)] async fn seven(failed: StepFailed) {}
                #[catch] async fn eight(page: Page) {}
                #[catch] async fn nine() {}
                #[catch] fn ten(failed: StepFailed) {}
                #[catch] async fn eleven(failed: StepFailed) {}
            }
        },
        expect![[r#"
            a step takes an event: add a parameter such as `event: StartEvent`
            `max_recoveries` is at least 1
            a handler for no step is never entered; name steps, or write `for = all`
            write `for = [step, other_step]` or `for = all`
            a handler takes the failure, and nothing else: add a parameter such as `failed: StepFailed`
            a handler takes the failure, and nothing else: add a parameter such as `failed: StepFailed`
            a handler is an `async fn`
            there is no step `fech`; did you mean `fetch`?
            there is no step `nothing_like_it`; the steps here are `fetch`, `parse`, `note`
            `fetch` is named twice
            `one` is a handler; a handler is for steps
            `two` is a handler; a handler is for steps
            `two` is already the handler of `fetch`; a step has one
            `four` is already the handler of all other steps; say which steps this one is for: `#[catch(for = [step])]`
        "#]],
    );
}

#[test]
fn steps_agree_on_name_and_state() {
    check_errors(
        quote! {},
        quote! {
            impl Flow {
                #[step] async fn one(page: Page, ctx: &Context<Tally>) {}
                #[step(name = "one")] async fn two(page: Page, ctx: &Context<shop::Tally>) {}
                #[step] async fn three(page: Page, ctx: Context) {}
                #[step] async fn four(page: Page, ctx: &stepwell::Context<Tally>) {}
                #[step] #[catch] async fn five(page: Page) {}
            }
        },
        expect![[r#"
            a method is marked once, with `#[step]` or with `#[catch]`
            there is already a step `one`
            a workflow has one type of state: it is `Tally` in step `one`, but `shop::Tally` in step `two`
            a workflow has one type of state: it is `Tally` in step `one`, but `()` in step `three`
        "#]],
    );
    check_errors(
        quote! { state = Tally },
        quote! { impl Flow { #[step] async fn one(page: Page, ctx: &Context) {} } },
        expect![[r#"
            a workflow has one type of state: it is `Tally` in the workflow, but `()` in step `one`
        "#]],
    );
}

#[test]
fn only_a_block_with_steps_makes_a_workflow() {
    check_errors(
        quote! {},
        quote! { impl Flow { fn helper(&self) {} } },
        expect![[r#"
        a workflow has at least one step: mark a method with `#[step]`
    "#]],
    );
    check_errors(
        quote! {},
        quote! { impl Tell for Flow { } },
        expect![[r#"
        `#[workflow]` is for a block of the type itself: `impl Flow { … }`
    "#]],
    );
    check_errors(
        quote! {},
        quote! { impl [u8] { } },
        expect![[r#"
        `#[workflow]` is for a block of a struct or an enum
    "#]],
    );
    check_errors(
        quote! {},
        quote! { struct Flow; },
        expect![[r#"
        `#[workflow]` is for the `impl` block that has the steps, not for the type
    "#]],
    );
    check_errors(
        quote! { on_stall = "never", concurrent_runs = 0, events = Approval, steps = [] },
        quote! { impl Flow { #[step = 3] async fn one(page: Page) {} } },
        expect![[r#"
            a run that stalls can "wait" or "fail"
            `concurrent_runs` is at least 1
            write `events = [Event, OtherEvent]`
            options stand in parentheses: `#[step(…)]`
        "#]],
    );
}
