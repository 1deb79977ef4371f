//! What `#[event(…)]` on a struct refuses. The events can be used all the same: there is one
//! message for each mistake.

use stepwell::Event;

#[derive(Event)]
#[event(begin)]
struct Unknown;

#[derive(Event)]
#[event(start, stop, request)]
struct ThreeFamilies;

#[derive(Event)]
#[event(name = "", alias = "", module = "")]
struct Nameless;

#[derive(Event)]
#[event(name, alias(Old), module = 3)]
struct NoText;

#[derive(Event)]
#[event(start = true, open(yes))]
struct NoWord;

#[derive(Event)]
#[event(name = "A", module = "a")]
#[event(name = "B", module = "b")]
struct Twice;

#[derive(Event)]
#[event]
struct Bare;

#[derive(Event)]
#[event(name = "A" module = "a")]
struct NoComma;

#[derive(Event)]
#[event(default)]
struct KeyOfAField;

fn main() {
    let names = [Unknown::NAME, ThreeFamilies::NAME, Nameless::NAME, NoText::NAME, NoWord::NAME];
    let more = [Twice::NAME, Bare::NAME, NoComma::NAME, KeyOfAField::NAME];
    assert_eq!(names.len() + more.len(), 9);
}
