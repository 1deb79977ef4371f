//! Texts for people.

use quote::quote;

use super::{nearest, text_of};

#[test]
fn types_read_as_people_write_them() {
    let text = |tokens| text_of(&tokens);

    assert_eq!(text(quote! { Result<Vec<(A, B)>, Box<dyn Error + 'static>> }), {
        "Result<Vec<(A, B)>, Box<dyn Error + 'static>>"
    });
    assert_eq!(text(quote! { &'a mut [u8; 4] }), "&'a mut [u8; 4]");
    assert_eq!(text(quote! { <shop::Tally as Trait<Item = u8>>::T }), {
        "<shop::Tally as Trait<Item = u8>>::T"
    });
}

#[test]
fn a_slip_is_recognised_and_another_word_is_not() {
    let known = ["fetch", "parse", "timeout"];

    assert_eq!(nearest("fech", &known), Some("fetch"));
    assert_eq!(nearest("tiemout", &known), Some("timeout"));
    assert_eq!(nearest("Parse", &known), Some("parse"));
    assert_eq!(nearest("print", &known), None);
    assert_eq!(nearest("fetch", &[]), None);
}
