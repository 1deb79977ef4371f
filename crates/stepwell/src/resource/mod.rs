//! Resources: values that steps share and that are not part of a run, such as clients and pools.
//!
//! The key of a resource is its type. There are three ways to provide one: as a value, as a factory
//! that is asked once for a workflow (shared), and as a factory that is asked once for each body
//! of a step. Nothing is made before somebody asks for it.
//!
//! ```text
//! Workflow ── Scope of the workflow: shared values, made at most once
//!    │               ▲
//!    └─ body ── Scope of the body: values of its own, gone when it returns
//! ```
//!
//! A factory may need other resources. A shared one cannot need one that is made for each body,
//! because it outlives all bodies.
//!
//! # Examples
//!
//! ```
//! use stepwell::{Context, Resources, StartEvent, StepError, StopEvent, Workflow};
//!
//! struct Address(String);
//!
//! struct Mailer {
//!     server: String,
//! }
//!
//! /// Connects when the first step needs it, for all runs of the workflow.
//! async fn mailer(resources: Resources) -> Result<Mailer, StepError> {
//!     let address = resources.get::<Address>().await?;
//!     Ok(Mailer { server: address.0.clone() })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let workflow = Workflow::builder("Letters")
//!     .resource(Address("mail.example".to_owned()))
//!     .resource_with(mailer)
//!     .step("write", |_: StartEvent, ctx: Context| async move {
//!         let mailer = ctx.resource::<Mailer>().await?;
//!         Ok::<_, StepError>(StopEvent::new(format!("sent through {}", mailer.server)))
//!     })
//!     .build()?;
//!
//! let stop: StopEvent = workflow.run(StartEvent::default()).await?.result().await?;
//! assert_eq!(stop.result, "sent through mail.example");
//! # Ok(())
//! # }
//! ```
//!
//! # What is deliberately not here
//!
//! - **No names.** Two resources of one type are told apart by types of their own around them:
//!   `struct Orders(Pool)` and `struct Invoices(Pool)`.
//! - **No tear-down.** A resource is dropped when nobody has it any more.
//! - **No persistence.** Resources are never written to the journal; after a crash they are made
//!   again.

mod config;
mod error;
mod scope;

#[cfg(test)]
mod tests;

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;

pub use config::config;
use error::ResourceError;
use scope::{MakingId, Scope};

use crate::StepError;

/// A resource that a step takes. Cheap to clone.
pub struct Res<T: ?Sized> {
    // Has a name, so that within this module too `.0` is a field of the resource.
    value: Arc<T>,
}

/// The resources of a workflow, as a body or a factory sees them. Cheap to clone.
///
/// One that a factory gets answers as long as what it makes something for: the workflow, or the
/// body. So a resource may keep it, to ask for others later, and is dropped in time all the same.
#[derive(Clone, Default)]
pub struct Resources {
    providers: Arc<BTreeMap<TypeId, Provider>>,
    scope: Handle,
    /// Which factory asks; none if a body does.
    asker: Option<MakingId>,
}

/// Where the values are.
#[derive(Clone)]
enum Handle {
    /// Of a workflow or a body, which keeps them.
    Owned(Arc<Scope>),
    /// Of a factory: what it makes might hold this, and a value must not keep itself alive.
    Lent(Weak<Scope>),
}

#[derive(Clone)]
struct Provider {
    type_name: &'static str,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Value(Value),
    Shared(Factory),
    Each(Factory),
}

type Value = Arc<dyn Any + Send + Sync>;
type Factory = Arc<dyn Fn(Resources) -> Made + Send + Sync>;
type Made = BoxFuture<'static, Result<Value, StepError>>;

impl Resources {
    /// Provides a value. The last provider of a type replaces those before it.
    pub(crate) fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        self.insert::<T>(Source::Value(Arc::new(value)));
    }

    /// Provides a value that is made on demand: once for the workflow if it is shared, else once
    /// for each body. The last provider of a type replaces those before it.
    pub(crate) fn provide_with<T, F, R, E>(&mut self, shared: bool, make: F)
    where
        T: Send + Sync + 'static,
        F: Fn(Self) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<StepError> + Send + 'static,
    {
        let factory: Factory = Arc::new(move |resources| {
            let made = make(resources);
            async move { made.await.map(|value| Arc::new(value) as Value).map_err(Into::into) }
                .boxed()
        });
        self.insert::<T>(if shared { Source::Shared(factory) } else { Source::Each(factory) });
    }

    fn insert<T: 'static>(&mut self, source: Source) {
        let provider = Provider { type_name: type_name::<T>(), source };
        Arc::make_mut(&mut self.providers).insert(TypeId::of::<T>(), provider);
        // A copy that was made before keeps its own providers, so values are not shared with it.
        self.scope = Handle::default();
    }

    /// Tells whether somebody provides the resource.
    pub(crate) fn has(&self, resource: TypeId) -> bool {
        self.providers.contains_key(&resource)
    }

    /// Returns the resources for one body: shared ones are those of the workflow, others are the
    /// body's own and live as long as what this returns.
    pub(crate) fn for_body(&self) -> Self {
        let scope = match self.scope.get() {
            Some(scope) => Handle::Owned(scope.for_body()),
            None => self.scope.clone(),
        };
        Self { providers: Arc::clone(&self.providers), scope, asker: None }
    }

    /// Returns the same without what was made so far, as another process has it.
    #[cfg(feature = "testing")]
    pub(crate) fn unmade(&self) -> Self {
        Self { providers: Arc::clone(&self.providers), ..Self::default() }
    }

    /// Returns the names of the types that are provided, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> =
            self.providers.values().map(|provider| provider.type_name).collect();
        names.sort_unstable();
        names
    }

    /// Returns a resource by its type; makes it if it is not there yet.
    ///
    /// However many ask at the same moment, the factory runs once, in a task of its own, and all
    /// get what it returns. If it fails or panics, all of them fail, and whoever asks next tries
    /// again.
    ///
    /// # Errors
    ///
    /// Returns what the factory returns: the same kind of error, fatal if that is, with the name
    /// of the resource before its message. Returns a fatal error if nobody provides the type, if
    /// factories need each other in a circle, or if a shared factory needs a resource that is
    /// made for each body.
    ///
    /// # Panics
    ///
    /// Panics if the resource has to be made and this is not within a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Nobody else loses anything when an asker goes away. When the last one does, the factory is
    /// stopped where it waits, and whoever asks next starts it anew.
    pub async fn get<T: Send + Sync + 'static>(&self) -> Result<Res<T>, StepError> {
        let value = self.value(TypeId::of::<T>(), type_name::<T>()).await?;
        let value = value.downcast().expect("a provider of a type makes values of it");
        Ok(Res { value })
    }

    async fn value(&self, id: TypeId, type_name: &'static str) -> Result<Value, StepError> {
        let source = self.providers.get(&id).map(|provider| &provider.source);
        let scope = || self.scope.get().ok_or_else(|| ResourceError::Ended(type_name).fatal());
        let (scope, factory) = match (source, self.asker) {
            (None, _) => return Err(ResourceError::Missing(type_name).fatal()),
            (Some(Source::Value(value)), _) => return Ok(Arc::clone(value)),
            (Some(Source::Shared(factory)), _) => (scope()?.workflow(), factory),
            (Some(Source::Each(factory)), asker) => match (scope()?, asker) {
                (scope, _) if scope.is_of_body() => (scope, factory),
                (_, Some(asker)) => {
                    let shared = asker.resource();
                    return Err(ResourceError::NeedsBody { shared, needs: type_name }.fatal());
                }
                // Whoever asks outside of all bodies is a body of its own.
                (scope, None) => (scope.for_body(), factory),
            },
        };
        let lent = Handle::Lent(Arc::downgrade(&scope));
        let (factory, providers) = (Arc::clone(factory), Arc::clone(&self.providers));
        let make = move |asker| factory(Self { providers, scope: lent, asker: Some(asker) });
        scope.get(id, type_name, self.asker, make).await
    }
}

impl Handle {
    fn get(&self) -> Option<Arc<Scope>> {
        match self {
            Self::Owned(scope) => Some(Arc::clone(scope)),
            Self::Lent(scope) => scope.upgrade(),
        }
    }
}

impl Default for Handle {
    fn default() -> Self {
        Self::Owned(Arc::default())
    }
}

impl<T: ?Sized> Deref for Res<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> AsRef<T> for Res<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Clone for Res<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value) }
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Res<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resources").field(&self.names()).finish()
    }
}
