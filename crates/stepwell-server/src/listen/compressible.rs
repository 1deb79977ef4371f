//! Which answers are compressed.

use axum::body::HttpBody;
use axum::http::{Response, header};
use tower_http::compression::Predicate;

/// From how many bytes on: less fits a few packets, and is sent sooner than it is compressed.
const WORTHWHILE: u64 = 4 << 10;

/// JSON and pages that are large, and as a whole at hand. A stream never is: what waits to be
/// compressed would wait for what comes after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compressible;

impl Predicate for Compressible {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let is_large = response.body().size_hint().exact().is_some_and(|size| size >= WORTHWHILE);
        is_large
            && response.headers().get(header::CONTENT_TYPE).is_some_and(|content_type| {
                let content_type = content_type.as_bytes();
                content_type.starts_with(b"application/json") || content_type.starts_with(b"text/")
            })
    }
}
