//! Reads the options of `#[workflow(…)]`.

use proc_macro2::{Ident, TokenStream};
use syn::parse::ParseStream;
use syn::{Error, Expr, LitStr, Path, Type};

use crate::options;
use crate::step::{Skip, skip};

const KEYS: [&str; 13] = [
    "name",
    "version",
    "module",
    "description",
    "timeout",
    "deadline",
    "on_stall",
    "concurrent_runs",
    "verbose",
    "state",
    "events",
    "steps",
    "skip",
];

/// What `#[workflow(…)]` says.
#[derive(Default)]
pub(super) struct WorkflowKeys {
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<LitStr>,
    pub(super) module: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    /// An expression of type `Duration`.
    pub(super) timeout: Option<TokenStream>,
    /// An expression of type `Duration`.
    pub(super) deadline: Option<TokenStream>,
    /// The variant of `OnStall`.
    pub(super) on_stall: Option<Ident>,
    pub(super) concurrent_runs: Option<Expr>,
    pub(super) is_verbose: bool,
    pub(super) state: Option<Type>,
    pub(super) events: Vec<Type>,
    pub(super) steps: Vec<Path>,
    pub(super) skips: Vec<Skip>,
}

impl WorkflowKeys {
    pub(super) fn read(tokens: TokenStream, errors: &mut Vec<Error>) -> Self {
        let mut keys = Self::default();
        options::read(tokens, errors, |key, input| keys.take(key, input));
        keys
    }

    fn take(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<(), Error> {
        match key.to_string().as_str() {
            "name" => self.name = Some(options::text(key, input)?),
            "version" => self.version = Some(options::text(key, input)?),
            "module" => self.module = Some(options::text(key, input)?),
            "description" => self.description = Some(options::text(key, input)?),
            "timeout" => self.timeout = Some(options::duration(key, input)?),
            "deadline" => self.deadline = Some(options::duration(key, input)?),
            "on_stall" => self.on_stall = Some(on_stall(key, input)?),
            "concurrent_runs" => self.concurrent_runs = Some(options::count(key, input)?),
            "verbose" => {
                options::word(key, input)?;
                self.is_verbose = true;
            }
            "state" => {
                options::equals(key, input, "Type")?;
                self.state = Some(input.parse()?);
            }
            "events" => self.events = options::list(key, input, "[Event, OtherEvent]")?,
            "steps" => self.steps = options::list(key, input, "[function, other_function]")?,
            "skip" => self.skips = skip(key, input)?,
            _ => return Err(options::unknown(key, &KEYS)),
        }
        Ok(())
    }
}

fn on_stall(key: &Ident, input: ParseStream<'_>) -> Result<Ident, Error> {
    let text = options::text(key, input)?;
    let variant = match text.value().as_str() {
        "wait" => "Wait",
        "fail" => "Fail",
        _ => {
            let message = "a run that stalls can \"wait\" or \"fail\"";
            return Err(Error::new_spanned(text, message));
        }
    };
    Ok(Ident::new(variant, text.span()))
}
