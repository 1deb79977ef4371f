//! Reads what an attribute says in its parentheses: `key`, `key = value` and `key(…)`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, Token, bracketed, parenthesized};

use crate::words::{nearest, quoted, text_of};

type Result<T> = std::result::Result<T, Error>;

/// Returns what an attribute says in its parentheses; nothing if it has none.
pub(crate) fn of(attribute: &Attribute) -> Result<TokenStream> {
    match &attribute.meta {
        Meta::Path(_) => Ok(TokenStream::new()),
        Meta::List(list) => Ok(list.tokens.clone()),
        Meta::NameValue(pair) => {
            let name = text_of(&pair.path);
            let message = format!("options stand in parentheses: `#[{name}(…)]`");
            Err(Error::new_spanned(pair, message))
        }
    }
}

/// Gives each key to `take`, which reads its value. A mistake does not end the reading: what comes
/// after the next comma is still read.
pub(crate) fn read(
    tokens: TokenStream,
    errors: &mut Vec<Error>,
    mut take: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>,
) {
    let mut mistakes = Vec::new();
    let mut seen = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = entry(input, &mut seen, &mut take) {
                mistakes.push(error);
                skip_to_comma(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let rest = parser.parse2(tokens);
    errors.append(&mut mistakes);
    errors.extend(rest.err());
}

fn entry(
    input: ParseStream<'_>,
    seen: &mut Vec<Ident>,
    take: &mut impl FnMut(&Ident, ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    let key = input.call(Ident::parse_any).map_err(|error| {
        Error::new(error.span(), "an option is a word, or a word and a value: `key = value`")
    })?;
    if seen.contains(&key) {
        return Err(Error::new_spanned(&key, format!("`{key}` is given twice")));
    }
    seen.push(key.clone());
    take(&key, input)?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format!("expected `,` after the value of `{key}`")))
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// Says that there is no such key.
pub(crate) fn unknown(key: &Ident, known: &[&str]) -> Error {
    let name = key.to_string();
    let message = match nearest(&name, known) {
        Some(meant) => format!("unknown option `{name}`; did you mean `{meant}`?"),
        None => format!("unknown option `{name}`; the options here are {}", quoted(known)),
    };
    Error::new_spanned(key, message)
}

/// Reads the nothing after a key that is a word of its own.
pub(crate) fn word(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new_spanned(key, format!("`{key}` takes no value")))
}

/// Reads `= "…"`.
pub(crate) fn text(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let value = expression(key, input, "\"…\"")?;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else {
        return Err(Error::new_spanned(value, format!("write `{key} = \"…\"`")));
    };
    if text.value().trim().is_empty() {
        return Err(Error::new_spanned(text, format!("`{key}` is empty")));
    }
    Ok(text)
}

/// Reads `= …`; `example` is what the error shows in place of the dots.
pub(crate) fn expression(key: &Ident, input: ParseStream<'_>, example: &str) -> Result<Expr> {
    equals(key, input, example)?;
    input.parse()
}

/// Reads the `=` before a value.
pub(crate) fn equals(key: &Ident, input: ParseStream<'_>, example: &str) -> Result<()> {
    let has_value = input.peek(Token![=]) && input.parse::<Token![=]>().is_ok();
    if has_value && !input.is_empty() && !input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new_spanned(key, format!("write `{key} = {example}`")))
}

/// Reads `= n`, an expression, which is at least 1 if that can be seen.
pub(crate) fn count(key: &Ident, input: ParseStream<'_>) -> Result<Expr> {
    let value = expression(key, input, "4")?;
    match &value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => match number.base10_parse::<u32>() {
            Ok(0) => Err(Error::new_spanned(number, format!("`{key}` is at least 1"))),
            Ok(_) => Ok(value),
            Err(error) => Err(error),
        },
        Expr::Lit(_) => Err(Error::new_spanned(value, format!("write `{key} = 4`"))),
        _ => Ok(value),
    }
}

/// Reads `= "10s"`, or an expression of type `Duration`, as an expression.
pub(crate) fn duration(key: &Ident, input: ParseStream<'_>) -> Result<TokenStream> {
    let value = expression(key, input, "\"10s\"")?;
    match &value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => duration_of(text),
        Expr::Lit(_) => Err(Error::new_spanned(value, format!("say the unit: `{key} = \"10s\"`"))),
        _ => Ok(quote! { #value }),
    }
}

fn duration_of(text: &LitStr) -> Result<TokenStream> {
    let value = text.value();
    let form = || {
        let message = "a duration is a whole number and a unit: \
            \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\"";
        Error::new_spanned(text, message)
    };
    let digits = value.find(|character: char| !character.is_ascii_digit()).ok_or_else(form)?;
    let (number, unit) = value.split_at(digits);
    let (constructor, factor) = match unit {
        "ms" => (quote! { from_millis }, 1),
        "s" => (quote! { from_secs }, 1),
        "m" => (quote! { from_secs }, 60),
        "h" => (quote! { from_secs }, 60 * 60),
        "d" => (quote! { from_secs }, 24 * 60 * 60),
        _ => return Err(form()),
    };
    if number.is_empty() {
        return Err(form());
    }
    let amount = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    match amount {
        Some(0) => Err(Error::new_spanned(text, "in no time at all nothing can run")),
        Some(amount) => {
            let amount = Literal::u64_unsuffixed(amount);
            Ok(quote! { ::core::time::Duration::#constructor(#amount) })
        }
        None => Err(Error::new_spanned(text, "this is longer than the clock can count")),
    }
}

/// Reads `= [a, b]`.
pub(crate) fn list<T: Parse>(key: &Ident, input: ParseStream<'_>, example: &str) -> Result<Vec<T>> {
    equals(key, input, example)?;
    if !input.peek(syn::token::Bracket) {
        return Err(input.error(format!("write `{key} = {example}`")));
    }
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

/// Reads `(a, b)`.
pub(crate) fn words(key: &Ident, input: ParseStream<'_>, example: &str) -> Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(Error::new_spanned(key, format!("write `{key}({example})`")));
    }
    let content;
    parenthesized!(content in input);
    let words = content.parse_terminated(Ident::parse_any, Token![,])?;
    Ok(words.into_iter().collect())
}
