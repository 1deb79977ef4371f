//! A state without a type of its own: a map that is read and written by path.
//!
//! For states whose fields are known only at run time, and for workflows that come from Python. A
//! struct is better where it is possible: the compiler checks its fields.
//!
//! Deliberately not here: atomicity and isolation. [`Context::update`](crate::Context::update) and
//! [`Context::state`](crate::Context::state) have them for states of every type.
//!
//! # Examples
//!
//! ```
//! use stepwell::untyped::{PathError, UntypedState};
//! use stepwell::{Context, StartEvent, StepError, StopEvent, Workflow};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shop = Workflow::builder("Shop")
//!     .state::<UntypedState>()
//!     .step("order", |_: StartEvent, ctx: Context<UntypedState>| async move {
//!         ctx.update(|state| state.set("order.goods", ["tea", "milk"])).await??;
//!         ctx.update(|state| state.set("order.goods.1", "lemon")).await??;
//!         let orders = ctx.update(|state| {
//!             let orders = state.get_or("orders", 0)? + 1;
//!             state.set("orders", orders)?;
//!             Ok::<u32, PathError>(orders)
//!         });
//!         assert_eq!(orders.await??, 1);
//!
//!         let goods: Vec<String> = ctx.state().get("order.goods")?;
//!         Ok::<_, StepError>(StopEvent::new(goods.join(" with ")))
//!     })
//!     .build()?;
//!
//! let stop: StopEvent = shop.run(StartEvent::default()).await?.result().await?;
//! assert_eq!(stop.result, "tea with lemon");
//! # Ok(())
//! # }
//! ```

use std::iter;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::map::Entry;
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// How many segments a path may have, and how deep what is set may nest the state.
///
/// 100, because no state may nest deeper: JSON is read back from the journal up to 128 levels, of
/// which the journal takes some. In LlamaIndex Workflows a path may have 1000 segments.
pub const MAX_PATH_SEGMENTS: usize = 100;

/// A map of JSON values as the state of a run.
///
/// A path is segments with dots between them, such as `order.goods.0`. Each segment is the key of
/// a map or, where a list stands, an index counted from 0. Any text is a key, a number or an empty
/// one too. Only keys that contain a dot have no path, nor has an empty key of the whole map:
/// [`UntypedState::value`] shows these as well.
///
/// As JSON it is the map. See the [example](self) of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UntypedState(Map<String, Value>);

/// Why a path could not be read or written.
///
/// There is one variant for each thing that can be done about it. It can be written as JSON, so
/// that an update may return it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing stands there. Set it first, or read it with a default.
    #[error("nothing stands at path `{path}`")]
    Missing {
        /// The path.
        path: String,
    },

    /// The empty path is the whole state, which cannot be set or removed. Name a key, or clear it.
    #[error("the path is empty")]
    Empty,

    /// What stands on the way can contain nothing. Set that to a map, or remove it.
    #[error("path `{path}` cannot be set: `{at}` is neither a map nor a list")]
    NotAContainer {
        /// The path.
        path: String,
        /// The part of the path that leads to what stands on the way.
        at: String,
    },

    /// A list on the way has no such item. Name one that it has, or set the list with more items.
    #[error("path `{path}` cannot be set: the list has {length} items and none is `{segment}`")]
    IndexOutOfRange {
        /// The path.
        path: String,
        /// The segment that should be an index of the list.
        segment: String,
        /// How many items the list has.
        length: usize,
    },

    /// The path, or the path and what should be set there, is deeper than [`MAX_PATH_SEGMENTS`].
    /// Nest less.
    #[error("path `{path}` or what is set there is over {MAX_PATH_SEGMENTS} levels deep")]
    TooDeep {
        /// The path.
        path: String,
    },

    /// What stands there is of another type. Read it as that.
    #[error("what stands at path `{path}` is of another type: {message}")]
    WrongType {
        /// The path.
        path: String,
        /// How it differs, in serde's words.
        message: String,
    },

    /// The value cannot be written as JSON. Set one of another type.
    #[error("what is set at path `{path}` cannot be written as JSON: {message}")]
    NotJson {
        /// The path.
        path: String,
        /// Why not, in serde's words.
        message: String,
    },
}

impl UntypedState {
    /// Returns what stands at a path, as a type of the caller's choice. The empty path is the
    /// whole state.
    ///
    /// # Errors
    ///
    /// Returns [`PathError::Missing`], [`PathError::WrongType`] and [`PathError::TooDeep`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PathError> {
        levels(path)?;
        let read = if path.is_empty() {
            T::deserialize(&self.0)
        } else {
            T::deserialize(self.find(path).ok_or_else(|| PathError::missing(path))?)
        };
        read.map_err(|error| PathError::WrongType {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// Returns what stands at a path, or `default` if nothing does.
    ///
    /// # Errors
    ///
    /// Returns [`PathError::WrongType`] and [`PathError::TooDeep`]: the default stands in for
    /// nothing else.
    pub fn get_or<T: DeserializeOwned>(&self, path: &str, default: T) -> Result<T, PathError> {
        match self.get(path) {
            Err(PathError::Missing { .. }) => Ok(default),
            read => read,
        }
    }

    /// Tells whether anything stands at a path, be it `null`.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.find(path).is_some()
    }

    /// Returns the whole state as JSON.
    #[must_use]
    pub fn value(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Sets what stands at a path. Maps that are missing on the way are made; lists do not grow.
    ///
    /// Only the maps and lists on the way are touched, and if it fails, nothing is. As always in
    /// JSON, a float that is infinite or no number is set as `null`.
    ///
    /// # Errors
    ///
    /// Returns [`PathError::Empty`], [`PathError::NotAContainer`], [`PathError::IndexOutOfRange`],
    /// [`PathError::TooDeep`] and [`PathError::NotJson`].
    pub fn set(&mut self, path: &str, value: impl Serialize) -> Result<(), PathError> {
        let levels = levels_of_place(path)?;
        let value = serde_json::to_value(value).map_err(|error| PathError::NotJson {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        if !fits(&value, MAX_PATH_SEGMENTS.saturating_sub(levels)) {
            return Err(PathError::TooDeep { path: path.to_owned() });
        }
        put(&mut self.0, path, value)
    }

    /// Removes what stands at a path and returns it. The items of a list move up.
    ///
    /// # Errors
    ///
    /// Returns [`PathError::Missing`], [`PathError::Empty`] and [`PathError::TooDeep`].
    pub fn remove(&mut self, path: &str) -> Result<Value, PathError> {
        levels_of_place(path)?;
        let removed = match path.rsplit_once('.') {
            None => self.0.remove(path),
            Some((parent, last)) => match self.find_mut(parent) {
                Some(Value::Object(map)) => map.remove(last),
                Some(Value::Array(items)) => index(last, items.len()).map(|at| items.remove(at)),
                _ => None,
            },
        };
        removed.ok_or_else(|| PathError::missing(path))
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn find(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let first = self.0.get(segments.next()?)?;
        segments.try_fold(first, |parent, segment| match parent {
            Value::Object(map) => map.get(segment),
            Value::Array(items) => items.get(index(segment, items.len())?),
            _ => None,
        })
    }

    fn find_mut(&mut self, path: &str) -> Option<&mut Value> {
        let mut segments = path.split('.');
        let first = self.0.get_mut(segments.next()?)?;
        segments.try_fold(first, |parent, segment| match parent {
            Value::Object(map) => map.get_mut(segment),
            Value::Array(items) => {
                let at = index(segment, items.len())?;
                items.get_mut(at)
            }
            _ => None,
        })
    }
}

impl PathError {
    fn missing(path: &str) -> Self {
        Self::Missing { path: path.to_owned() }
    }
}

/// What a path can lead through.
enum Container<'a> {
    Map(&'a mut Map<String, Value>),
    List(&'a mut Vec<Value>),
}

/// Puts a value at a path that is not empty. Nothing is changed before everything is known to fit.
fn put(map: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), PathError> {
    let mut container = Container::Map(map);
    let mut left = path;
    loop {
        let (segment, rest) = match left.split_once('.') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (left, None),
        };
        let slot = match container {
            Container::Map(map) => match map.entry(segment) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    entry.insert(nested(rest, value));
                    return Ok(());
                }
            },
            Container::List(items) => {
                let length = items.len();
                let slot = index(segment, length).and_then(|at| items.get_mut(at));
                slot.ok_or_else(|| PathError::IndexOutOfRange {
                    path: path.to_owned(),
                    segment: segment.to_owned(),
                    length,
                })?
            }
        };
        let Some(rest) = rest else {
            *slot = value;
            return Ok(());
        };
        container = match slot {
            Value::Object(map) => Container::Map(map),
            Value::Array(items) => Container::List(items),
            _ => {
                let at = path[..path.len() - rest.len() - 1].to_owned();
                return Err(PathError::NotAContainer { path: path.to_owned(), at });
            }
        };
        left = rest;
    }
}

/// Wraps a value in one map for each segment.
fn nested(segments: Option<&str>, value: Value) -> Value {
    let keys = segments.into_iter().flat_map(|segments| segments.rsplit('.'));
    keys.fold(value, |inner, key| Value::Object(iter::once((key.to_owned(), inner)).collect()))
}

/// Returns the place in a list that a segment names.
fn index(segment: &str, length: usize) -> Option<usize> {
    segment.parse().ok().filter(|&at| at < length)
}

/// Returns how many segments a path has.
fn levels(path: &str) -> Result<usize, PathError> {
    let levels = if path.is_empty() { 0 } else { path.split('.').count() };
    if levels > MAX_PATH_SEGMENTS {
        return Err(PathError::TooDeep { path: path.to_owned() });
    }
    Ok(levels)
}

/// Returns how many segments a path has that must lead into the state.
fn levels_of_place(path: &str) -> Result<usize, PathError> {
    if path.is_empty() { Err(PathError::Empty) } else { levels(path) }
}

/// Tells whether a value nests no deeper than `levels`.
fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| fits(item, levels - 1)),
        _ => true,
    }
}
