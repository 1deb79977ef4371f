//! Derive macros of Stepwell. Use them through the crate `stepwell`, whose paths they write.

mod event;

use proc_macro::TokenStream;

/// Turns a struct with named fields into an event, readable and writable as JSON.
///
/// Derive nothing of serde's or schemars' beside it: the struct gets `Serialize`, `Deserialize`
/// and `JsonSchema` here, and a second implementation would conflict. Neither crate needs to be
/// among your dependencies. Their attributes, `#[serde(…)]` and `#[schemars(…)]`, work as usual.
///
/// # Attributes of the struct
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(start)]` | begins a run |
/// | `#[event(stop)]` | ends the run when a step returns it |
/// | `#[event(request)]` | asks the outside world |
/// | `#[event(response)]` | answers from the outside world |
/// | `#[event(open)]` | keeps undeclared fields; implied by a field marked `extra` |
/// | `#[event(name = "OrderPlaced")]` | is stored under this name instead of the struct's |
/// | `#[event(alias = "OrderCreated")]` | was stored under this name before; repeatable |
/// | `#[event(module = "shop.events")]` | the module that Python clients find its class in |
///
/// An event has at most one of the four families; one without goes from step to step.
///
/// # Attributes of a field
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(default)]` | may be absent and is then its type's default |
/// | `#[event(default = 3)]` | may be absent and is then this value; a text is converted |
/// | `#[event(extra)]` | takes the undeclared fields; its type is `stepwell::Extra` |
///
/// A field of type `Option` may be absent without any of these. The JSON Schema shows defaults,
/// and doc comments as descriptions.
#[proc_macro_derive(Event, attributes(event, serde, schemars))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}
