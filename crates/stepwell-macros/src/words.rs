//! Words for people: types and lists as texts, names that are nearly right, doc comments.

#[cfg(test)]
mod tests;

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the known name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|known| (distance(name, known), *known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters: `fech` for `fetch`, but not `parse` for `fetch`.
    (distance <= name.chars().count().div_ceil(3)).then_some(known)
}

/// Counts the letters to insert, delete or replace to make one text of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (deleted, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = deleted + 1;
        for (at, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

/// Returns the names in backquotes, joined by commas.
pub(crate) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

/// Returns a type as people write it: `Join<Doc>`, not `Join < Doc >`.
pub(crate) fn text_of(tokens: &impl ToTokens) -> String {
    let mut text = String::new();
    write_text(tokens.to_token_stream(), &mut text);
    text
}

fn write_text(tokens: TokenStream, text: &mut String) {
    let mut after_word = false;
    for token in tokens {
        let is_word = matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        let is_array =
            matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
        if after_word && (is_word || is_array) {
            text.push(' ');
        }
        after_word = is_word;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_text(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match (punct.as_char(), punct.spacing()) {
                (',' | ';', _) => text.extend([punct.as_char(), ' ']),
                ('+' | '=', Spacing::Alone) => text.extend([' ', punct.as_char(), ' ']),
                (character, _) => text.push(character),
            },
            token => text.push_str(&token.to_string()),
        }
    }
}

/// Returns the doc comment among the attributes, if there is one.
pub(crate) fn doc_comment(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else { return None };
    let line = line.value();
    let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
    attribute.path().is_ident("doc").then(|| line.to_owned())
}

/// Returns the `#[cfg(…)]` among the attributes: what is written for an item is compiled when the
/// item is.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// Writes something else for a word, `Self` or `self`, which means nothing where it is written.
/// `write` is told the place of the word.
pub(crate) fn replace(
    word: &str,
    tokens: TokenStream,
    write: &dyn Fn(Span) -> TokenStream,
) -> TokenStream {
    let replaced = |token: TokenTree| match token {
        TokenTree::Ident(ident) if ident == word => write(ident.span()),
        TokenTree::Group(group) => {
            let stream = replace(word, group.stream(), write);
            let mut replaced = Group::new(group.delimiter(), stream);
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        token => token.into(),
    };
    tokens.into_iter().flat_map(replaced).collect()
}

/// Tells whether a word is among the tokens.
pub(crate) fn mentions(word: &str, tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(word, group.stream()),
        _ => false,
    })
}
