//! Resources that are read from a file.

use std::fs::File;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Resources;
use crate::StepError;

/// The largest file that is read, in bytes: 16 MiB. Settings are far smaller; something that is
/// not was named by mistake, and would fill the memory.
const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// Returns a factory that reads a resource from a JSON file, whose name must end in `.json`.
///
/// With a selector it is read from a part of the file. Each segment of a selector is a member of
/// an object or an index of a list: `llm.primary`, `models.0`.
///
/// The file is read when the resource is first needed. A relative path is looked up from the
/// directory that the process is in at that time.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use stepwell::{Context, StartEvent, StopEvent, Workflow, config};
///
/// #[derive(Deserialize)]
/// struct Model {
///     name: String,
///     temperature: f64,
/// }
///
/// # fn main() -> Result<(), stepwell::BuildError> {
/// let workflow = Workflow::builder("Chat")
///     .resource_with(config::<Model>("settings.json", Some("llm.primary")))
///     .step("answer", |_: StartEvent, _: Context| async { StopEvent::new("hello") })
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The factory returns an error that names the file, and the field if it is about one. It is fatal
/// unless the file could not be read.
pub fn config<T: DeserializeOwned + Send + 'static>(
    path: impl Into<PathBuf>,
    selector: Option<&str>,
) -> impl Fn(Resources) -> BoxFuture<'static, Result<T, StepError>> + Clone + Send + Sync + 'static
{
    let source = Arc::new((path.into(), selector.unwrap_or_default().to_owned()));
    move |_| {
        let source = Arc::clone(&source);
        async move {
            // Files have no other way than to block a thread.
            let read = tokio::task::spawn_blocking(move || read(&source.0, &source.1));
            match read.await {
                Ok(read) => read.map_err(ConfigError::failure),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(cancelled) => Err(cancelled.into()),
                },
            }
        }
        .boxed()
    }
}

/// Why a file does not have what is asked of it.
#[derive(Debug, thiserror::Error)]
enum ConfigError {
    /// Name another file.
    #[error("`{}` is not a .json file", .0.display())]
    NotJson(PathBuf),

    /// Put the file there, or try again.
    #[error("cannot read `{}`", .0.display())]
    Read(PathBuf, #[source] io::Error),

    /// Make the file smaller.
    #[error("`{}` is longer than the limit of {MAX_CONFIG_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),

    /// Correct the file's syntax.
    #[error("`{}` is not JSON: {message}", path.display())]
    Syntax { path: PathBuf, message: String },

    /// Correct the selector, or add to the file.
    #[error("`{}` has no `{at}`, so `{selector}` selects nothing", path.display())]
    Missing { path: PathBuf, selector: String, at: String },

    /// Correct a field of the file, or the type.
    #[error("{place}: {message}")]
    Type { place: String, message: String },
}

/// Reads a part of a file.
fn read<T: DeserializeOwned>(path: &Path, selector: &str) -> Result<T, ConfigError> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return Err(ConfigError::NotJson(path.to_owned()));
    }
    let text = bytes(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
    if text.len() as u64 > MAX_CONFIG_BYTES {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    let file: Value = serde_json::from_slice(&text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    let selected = select(&file, selector).map_err(|at| ConfigError::Missing {
        path: path.to_owned(),
        selector: selector.to_owned(),
        at: at.to_owned(),
    })?;
    serde_path_to_error::deserialize(selected).map_err(|error| ConfigError::Type {
        place: place(path, selector, error.path()),
        message: error.inner().to_string(),
    })
}

/// Returns the bytes of a file; of one that is too large, one more than the limit.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns what stands at a selector, or the part of the selector that leads to nothing.
fn select<'a>(file: &'a Value, selector: &'a str) -> Result<&'a Value, &'a str> {
    let mut value = file;
    let mut end = 0;
    for segment in selector.split('.').filter(|_| !selector.is_empty()) {
        end += segment.len();
        let next = match value {
            Value::Object(members) => members.get(segment),
            Value::Array(items) => segment.parse().ok().and_then(|at: usize| items.get(at)),
            _ => None,
        };
        value = next.ok_or(&selector[..end])?;
        end += 1;
    }
    Ok(value)
}

/// Names a field of a file for people.
fn place(path: &Path, selector: &str, field: &serde_path_to_error::Path) -> String {
    let file = path.display();
    let field = if field.iter().len() == 0 { String::new() } else { field.to_string() };
    match (selector, field.as_str()) {
        ("", "") => format!("`{file}`"),
        (at, "") | ("", at) => format!("`{at}` in `{file}`"),
        (selector, field) if field.starts_with('[') => format!("`{selector}{field}` in `{file}`"),
        (selector, field) => format!("`{selector}.{field}` in `{file}`"),
    }
}

impl ConfigError {
    /// Returns it as a failure of the step: only a file that cannot be read now may be there later.
    fn failure(self) -> StepError {
        let is_passing = matches!(self, Self::Read(..));
        let error = if is_passing { StepError::new(self) } else { StepError::fatal(self) };
        error.with_kind("ConfigError")
    }
}
