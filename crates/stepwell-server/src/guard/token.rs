//! The token that callers have to know.

use std::fmt;
use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// What callers send as `Authorization: Bearer <token>`. Only its hash is kept, and nothing prints
/// that.
///
/// # Examples
///
/// ```
/// use stepwell_server::Token;
///
/// let token: Token = "7c9e6679f742".parse()?;
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// assert!("".parse::<Token>().is_err());
/// # Ok::<(), stepwell_server::TokenError>(())
/// ```
#[derive(Clone)]
pub struct Token([u8; 32]);

/// A text that cannot be a token. Its message does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is empty, so everybody would know it. Make one up, or leave the token out.
    #[error("the token is empty")]
    Empty,

    /// A header cannot carry it. Leave out white space and anything that is not ASCII.
    #[error("the token has characters other than ASCII letters, digits and punctuation")]
    Character,
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        Ok(Self(hash(text.as_bytes())))
    }
}

impl Token {
    /// Tells whether a request brings the token. How long that takes says nothing about it, for
    /// what is compared are hashes, and all of them.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked("Bearer ".len()) else {
            return false;
        };
        let brought = hash(token.trim_ascii());
        let difference = self.0.iter().zip(brought).fold(0, |sum, (a, b)| sum | (a ^ b));
        scheme.eq_ignore_ascii_case(b"Bearer ") && difference == 0
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
