//! The fields of events, as texts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The member that servers put undeclared fields under.
const UNDECLARED: &str = "_data";

/// The fields of an event. Their values stay as they are written, so that no number is rounded.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fields<'a>(#[serde(borrow)] pub(crate) BTreeMap<String, &'a RawValue>);

/// Puts undeclared fields beside the declared ones, which count more.
pub(crate) fn flat(json: &str) -> Cow<'_, str> {
    // Most events have none.
    if json.contains(UNDECLARED) { move_up(json) } else { None }.unwrap_or(json.into())
}

fn move_up(json: &str) -> Option<Cow<'_, str>> {
    let Fields(mut declared) = serde_json::from_str(json).ok()?;
    let undeclared = declared.remove(UNDECLARED)?;
    // A type may declare a field of that name that holds something else.
    let Fields(mut all) = serde_json::from_str(undeclared.get()).ok()?;
    all.append(&mut declared);
    serde_json::to_string(&Fields(all)).ok().map(Cow::Owned)
}
