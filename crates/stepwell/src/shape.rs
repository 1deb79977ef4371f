//! The types of event that a signature names, as constants: what the graph check reads, whether
//! it runs while the workflow is built or while it is compiled.

use schemars::Schema;
use stepwell_core::{Family, Payload};

use crate::event::{Event, EventTypeError, read, schema};

/// A type of event as a constant.
#[derive(Clone, Copy, Debug)]
pub struct TypeRef {
    /// Its stored name.
    pub name: &'static str,
    /// The module of its own, if it has one.
    pub module: Option<&'static str>,
    /// Its kind.
    pub family: Family,
    /// The names it was stored under before.
    pub aliases: &'static [&'static str],
    pub(crate) schema: fn() -> Schema,
    pub(crate) read: fn(&Payload) -> Result<Payload, EventTypeError>,
}

impl TypeRef {
    /// Describes the type `E`.
    #[must_use]
    pub const fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            module: E::MODULE,
            family: E::FAMILY,
            aliases: E::ALIASES,
            schema: schema::<E>,
            read: read::<E>,
        }
    }

    /// Tells whether events of this name are of the type.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// What a step takes.
#[derive(Clone, Copy, Debug)]
pub enum InputShape {
    /// Each event of one of these types.
    Each(&'static [TypeRef]),
    /// All events of these types in a batch.
    Join {
        /// The types.
        types: &'static [TypeRef],
        /// How many are enough; all if none.
        take: Option<u32>,
    },
    /// One event of each type together.
    All(&'static [TypeRef]),
    /// The failure of a step that takes this.
    Failed(&'static InputShape),
    /// Whatever another step takes.
    Any,
}

impl InputShape {
    /// Returns the types of event that it names.
    #[must_use]
    pub const fn types(&self) -> &'static [TypeRef] {
        match self {
            Self::Each(types) | Self::All(types) | Self::Join { types, .. } => types,
            Self::Failed(_) | Self::Any => &[],
        }
    }
}

/// What a step returns.
#[derive(Clone, Copy, Debug)]
pub enum EmitShape {
    /// No event.
    Nothing,
    /// An event of this type.
    Event(TypeRef),
    /// One of these.
    OneOf(&'static [EmitShape]),
    /// A list, which opens a batch.
    List(&'static EmitShape),
}

impl EmitShape {
    /// Calls `visit` with each type of event that it names, and whether it is a member of a list.
    pub fn visit(&self, visit: &mut impl FnMut(TypeRef, bool)) {
        self.walk(false, visit);
    }

    fn walk(&self, listed: bool, visit: &mut impl FnMut(TypeRef, bool)) {
        match self {
            Self::Nothing => {}
            Self::Event(event) => visit(*event, listed),
            Self::OneOf(shapes) => shapes.iter().for_each(|shape| shape.walk(listed, visit)),
            Self::List(shape) => shape.walk(true, visit),
        }
    }

    /// Tells whether it may be a list.
    #[must_use]
    pub const fn has_list(&self) -> bool {
        match self {
            Self::Nothing | Self::Event(_) => false,
            Self::List(_) => true,
            Self::OneOf(shapes) => {
                let mut at = 0;
                while at < shapes.len() {
                    if shapes[at].has_list() {
                        return true;
                    }
                    at += 1;
                }
                false
            }
        }
    }

    /// Tells whether it may be a stop event.
    #[must_use]
    pub const fn has_stop(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Event(event) => matches!(event.family, Family::Stop),
            Self::List(shape) => shape.has_stop(),
            Self::OneOf(shapes) => {
                let mut at = 0;
                while at < shapes.len() {
                    if shapes[at].has_stop() {
                        return true;
                    }
                    at += 1;
                }
                false
            }
        }
    }

    /// Returns the shape of a list of these.
    ///
    /// # Panics
    ///
    /// Panics, while the program is compiled, if it is a list already or may be a stop event.
    #[must_use]
    pub const fn list(member: &'static Self) -> Self {
        assert!(
            !member.has_list(),
            "a step cannot return a list of lists; return one list of all its events"
        );
        assert!(
            !member.has_stop(),
            "a step cannot return a stop event in a list: the run would end with it and the other \
             events go nowhere; return it alone"
        );
        Self::List(member)
    }
}
