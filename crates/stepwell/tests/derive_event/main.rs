//! What `#[derive(Event)]` makes of a struct: JSON in, JSON out, and its schema.

mod builtin;
mod json;
mod mistakes;
mod schema;
mod serde_attributes;

use expect_test::Expect;
use serde_json::value::RawValue;
use stepwell::{Event, EventType, Extra, Family, Payload};

/// Where an order goes.
#[derive(Clone, Debug, PartialEq, Event)]
struct Place {
    /// The town.
    town: String,
    floor: i8,
}

/// An order
/// of some goods.
#[derive(Event)]
#[event(start, module = "shop.events", name = "OrderPlaced")]
#[event(alias = "OrderCreated", alias = "Order1")]
struct Order {
    /// How many pieces.
    pieces: u64,
    #[event(default = "EUR")]
    currency: String,
    #[event(default = vec![1, 2])]
    sizes: Vec<u32>,
    #[event(default)]
    express: bool,
    discount: Option<f64>,
    place: Place,
}

#[derive(Event)]
struct Ping;

#[derive(Event)]
struct Pong {}

#[derive(Event)]
#[event(open)]
struct Note {
    text: String,
    #[event(default)]
    stars: u8,
    #[event(extra)]
    rest: Extra,
}

/// Reads the text as an event and writes it again.
#[track_caller]
fn check<E: Event>(text: &str, expect: Expect) {
    let raw = RawValue::from_string(text.to_owned()).expect("the test gives JSON");
    let answer = match EventType::of::<E>(None).read(&Payload::from(raw)) {
        Ok(event) => event.value.text().to_owned(),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&answer);
}

#[track_caller]
fn check_schema<E: Event>(expect: Expect) {
    let schema = EventType::of::<E>(None).schema();
    expect.assert_eq(&serde_json::to_string_pretty(&schema).expect("a schema is JSON"));
}

#[test]
fn without_attributes_an_event_has_its_own_name_and_nothing_else() {
    assert_eq!(Place::NAME, "Place");
    assert_eq!(Place::MODULE, None);
    assert_eq!(Place::FAMILY, Family::Plain);
    assert!(Place::ALIASES.is_empty());
}

#[test]
fn names_module_and_family_come_from_attributes() {
    assert_eq!(Order::NAME, "OrderPlaced");
    assert_eq!(Order::MODULE, Some("shop.events"));
    assert_eq!(Order::FAMILY, Family::Start);
    assert_eq!(Order::ALIASES, ["OrderCreated", "Order1"]);
}

#[test]
fn each_family_has_its_attribute() {
    #[derive(Event)]
    #[event(stop)]
    struct Stop;
    #[derive(Event)]
    #[event(request)]
    struct Request;
    #[derive(Event)]
    #[event(response)]
    struct Response;

    let families = [Ping::FAMILY, Order::FAMILY, Stop::FAMILY, Request::FAMILY, Response::FAMILY];
    let expected = [Family::Plain, Family::Start, Family::Stop, Family::Request, Family::Response];
    assert_eq!(families, expected);
}
