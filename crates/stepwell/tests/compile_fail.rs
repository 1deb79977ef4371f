//! Every mistake with a macro gets the message that helps.

#[test]
fn every_mistake_is_told_where_it_is() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
