//! Comparing texts, in functions that also run while the program is compiled.

use crate::shape::{InputShape, TypeRef};

/// The longest name that is looked for among others: what is longer is hardly a slip.
const LONGEST: usize = 32;

/// Tells whether two texts are the same.
pub(in crate::workflow) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = a.len();
    // Backwards, for names differ more often in their ends.
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return false;
        }
    }
    true
}

/// Tells whether a text is one of several.
pub(in crate::workflow) const fn is_one_of(text: &str, texts: &[&str]) -> bool {
    let mut at = 0;
    while at < texts.len() {
        if same(text, texts[at]) {
            return true;
        }
        at += 1;
    }
    false
}

/// Returns how many letters must be written, removed or replaced to turn one name into the other,
/// or none if they are too different to be taken for each other.
pub(in crate::workflow) const fn distance(a: &str, b: &str) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    // Of the rows of the usual table, the last one.
    let mut row = [0; LONGEST + 1];
    let mut at = 0;
    while at <= b.len() {
        row[at] = at;
        at += 1;
    }
    let mut i = 0;
    while i < a.len() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        let mut j = 0;
        while j < b.len() {
            let replaced = diagonal + if a[i] == b[j] { 0 } else { 1 };
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(diagonal, row[j]) + 1);
            j += 1;
        }
        i += 1;
    }
    let (distance, longer) = (row[b.len()], if a.len() > b.len() { a.len() } else { b.len() });
    if distance * 3 <= longer + 1 { Some(distance) } else { None }
}

const fn least(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// Tells whether a handler's `StepFailed<I>` can hold the input of a step, if `I` takes `held`.
pub(in crate::workflow) const fn can_hold(held: &InputShape, input: &InputShape) -> bool {
    match (held, input) {
        (InputShape::Any, _) => true,
        (InputShape::Each(held), InputShape::Each(input))
        | (InputShape::Join { types: held, .. }, InputShape::Join { types: input, .. }) => {
            has_all(held, input)
        }
        (InputShape::All(held), InputShape::All(input)) => {
            let mut at = 0;
            while at < held.len() && at < input.len() && same(held[at].name, input[at].name) {
                at += 1;
            }
            at == held.len() && at == input.len()
        }
        _ => false,
    }
}

const fn has_all(types: &[TypeRef], others: &[TypeRef]) -> bool {
    let mut at = 0;
    while at < others.len() {
        let mut of = 0;
        while of < types.len() && !same(types[of].name, others[at].name) {
            of += 1;
        }
        if of == types.len() {
            return false;
        }
        at += 1;
    }
    true
}
