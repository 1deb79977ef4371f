//! Reads the options of `#[step(…)]` and `#[catch(…)]`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Error, Expr, LitStr, Token};

use crate::options;

const STEP_KEYS: [&str; 10] = [
    "name",
    "description",
    "workers",
    "retry",
    "timeout",
    "heartbeat",
    "take",
    "blocking",
    "state",
    "skip",
];
const ATOMIC: &str = "write `state = \"atomic\"`: updates count only if the attempt succeeds";
const CATCH_KEYS: [&str; 3] = ["name", "for", "max_recoveries"];

/// What `#[step(…)]` says.
#[derive(Default)]
pub(crate) struct StepKeys {
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) workers: Option<Expr>,
    pub(crate) retry: Option<Expr>,
    /// An expression of type `Duration`.
    pub(crate) timeout: Option<TokenStream>,
    /// An expression of type `Duration`.
    pub(crate) heartbeat: Option<TokenStream>,
    /// The key, for errors about it, and the number.
    pub(crate) take: Option<(Ident, Expr)>,
    pub(crate) blocking: Option<Ident>,
    pub(crate) is_atomic: bool,
    pub(crate) skips: Vec<Skip>,
}

/// What `#[catch(…)]` says.
#[derive(Default)]
pub(crate) struct CatchKeys {
    pub(crate) name: Option<LitStr>,
    pub(crate) covers: Covers,
    pub(crate) max_recoveries: Option<Expr>,
}

/// Which steps a handler is for.
#[derive(Default)]
pub(crate) enum Covers {
    /// All that no other handler is for.
    #[default]
    All,
    These(Vec<Ident>),
}

/// A check of the graph that is left out: the variant of `GraphCheck`.
pub(crate) struct Skip(pub(crate) Ident);

impl StepKeys {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Vec<Error>) -> Self {
        let mut keys = Self::default();
        options::read(tokens, errors, |key, input| keys.take(key, input));
        keys
    }

    fn take(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<(), Error> {
        match key.to_string().as_str() {
            "name" => self.name = Some(options::text(key, input)?),
            "description" => self.description = Some(options::text(key, input)?),
            "workers" => self.workers = Some(options::count(key, input)?),
            "retry" => self.retry = Some(retry(key, input)?),
            "timeout" => self.timeout = Some(options::duration(key, input)?),
            "heartbeat" => self.heartbeat = Some(options::duration(key, input)?),
            "take" => self.take = Some((key.clone(), options::count(key, input)?)),
            "blocking" => {
                options::word(key, input)?;
                self.blocking = Some(key.clone());
            }
            "state" => {
                let state = options::text(key, input)?;
                if state.value() != "atomic" {
                    return Err(Error::new_spanned(state, ATOMIC));
                }
                self.is_atomic = true;
            }
            "atomic" => return Err(Error::new_spanned(key, ATOMIC)),
            "skip" => self.skips = skip(key, input)?,
            _ => return Err(options::unknown(key, &STEP_KEYS)),
        }
        Ok(())
    }
}

impl CatchKeys {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Vec<Error>) -> Self {
        let mut keys = Self::default();
        let before = errors.len();
        options::read(tokens, errors, |key, input| keys.take(key, input));
        if errors.len() > before && matches!(keys.covers, Covers::All) {
            // Perhaps the mistake is what was to say its steps.
            keys.covers = Covers::These(Vec::new());
        }
        keys
    }

    fn take(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<(), Error> {
        match key.to_string().as_str() {
            "name" => self.name = Some(options::text(key, input)?),
            "for" => self.covers = covers(key, input)?,
            "max_recoveries" => self.max_recoveries = Some(options::count(key, input)?),
            _ => return Err(options::unknown(key, &CATCH_KEYS)),
        }
        Ok(())
    }
}

/// Reads `= attempts(3)`, or any other policy; a mere number is none.
fn retry(key: &Ident, input: ParseStream<'_>) -> Result<Expr, Error> {
    let policy = options::expression(key, input, "attempts(3)")?;
    match &policy {
        Expr::Lit(number) => {
            let message = format!("write `retry = attempts({})`", number.to_token_stream());
            Err(Error::new_spanned(&policy, message))
        }
        _ => Ok(policy),
    }
}

/// Reads `= [fetch, parse]` or `= all`.
fn covers(key: &Ident, input: ParseStream<'_>) -> Result<Covers, Error> {
    let ahead = input.fork();
    let is_all = ahead.parse::<Token![=]>().is_ok()
        && ahead.parse::<Ident>().is_ok_and(|word| word == "all");
    if is_all {
        input.parse::<Token![=]>()?;
        input.parse::<Ident>()?;
        return Ok(Covers::All);
    }
    let steps = options::list::<Ident>(key, input, "[step, other_step]` or `for = all")?;
    if steps.is_empty() {
        let message = "a handler for no step is never entered; name steps, or write `for = all`";
        return Err(Error::new_spanned(key, message));
    }
    Ok(Covers::These(steps))
}

/// Reads `(reachability, dead_end)`.
pub(crate) fn skip(key: &Ident, input: ParseStream<'_>) -> Result<Vec<Skip>, Error> {
    let words = options::words(key, input, "reachability")?;
    words.iter().map(skip_of).collect()
}

fn skip_of(word: &Ident) -> Result<Skip, Error> {
    let variant = match word.to_string().as_str() {
        "reachability" => "Reachability",
        "dead_end" => "DeadEnd",
        _ => {
            let message = format!(
                "there is no check `{word}`; those that can be left out are `reachability` and \
                 `dead_end`"
            );
            return Err(Error::new_spanned(word, message));
        }
    };
    Ok(Skip(Ident::new(variant, word.span())))
}
