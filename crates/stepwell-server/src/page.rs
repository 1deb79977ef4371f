//! The page for whoever opens the server in a browser.

use std::fmt::{self, Write};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use stepwell::Engine;

/// Lets the page do nothing but show itself.
const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-XhE8YkvKmL0p01N0Oq5R7I/AFUlI/ojT/QoWcHNIn7M='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;\
     padding:0 1rem;color:#1c2430;background:#fff}\
     small{color:#5b6675;font-weight:400}code{font-size:.95em}a{color:#0b5cad}\
     @media(prefers-color-scheme:dark){body{color:#e4e8ee;background:#14181f}\
     small{color:#9aa5b4}a{color:#7db8f5}}";

/// Writes the page, with the workflows if those who see it may know them.
pub(crate) fn write(engine: Option<&Engine>) -> Bytes {
    let mut list = String::new();
    for registered in engine.map(Engine::workflows).unwrap_or_default() {
        let name = Escaped(&registered.name);
        let _ = write!(list, "<li><code>{name}</code>");
        if let Some(description) = registered.workflow.description() {
            let _ = write!(list, " <small>{}</small>", Escaped(description));
        }
        list.push_str("</li>\n");
    }
    let workflows = match list.as_str() {
        "" if engine.is_none() => "<p>They are shown only to who has the token.</p>".to_owned(),
        "" => "<p>There are none.</p>".to_owned(),
        list => format!("<ul>\n{list}</ul>"),
    };
    let version = env!("CARGO_PKG_VERSION");
    let docs = env!("CARGO_PKG_HOMEPAGE");
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Stepwell</title>\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <h1>Stepwell <small>{version}</small></h1>\n\
         <h2>Workflows</h2>\n\
         {workflows}\n\
         <h2>API</h2>\n\
         <p>This server speaks the protocol of LlamaIndex’s workflow server, so its Python client \
         works here. The endpoints are described in <a href=\"openapi.json\">openapi.json</a>, and \
         more in the <a href=\"{docs}\">documentation</a>.</p>\n\
         </body>\n\
         </html>\n"
    )
    .into()
}

/// Answers with the page.
pub(crate) fn reply(page: Bytes) -> Response {
    let mut response = Response::new(Body::from(page));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A text that means nothing in HTML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(char),
        })
    }
}

#[cfg(test)]
mod tests;
