//! Serves Stepwell workflows over HTTP, so that clients that exist already can use them: the
//! published Python client of LlamaIndex's workflow server works unmodified.
//!
//! # Examples
//!
//! ```no_run
//! use stepwell::{Context, Engine, StartEvent, StopEvent, Workflow};
//! use stepwell_server::Server;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let greet = Workflow::builder("Greet")
//!     .step("greet", |_: StartEvent, _: Context| async { StopEvent::new("Hello!") })
//!     .build()?;
//! let engine = Engine::builder().workflow("greet", greet).open().await?;
//!
//! Server::new(engine)
//!     .on_listening(|address| println!("listening on http://{address}"))
//!     .serve("127.0.0.1:8080")
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is deliberately not here
//!
//! - **No decisions about a run.** An endpoint reads a request, calls one method of the
//!   [`Engine`](stepwell::Engine), and writes an answer.
//! - **No bytes that are promised.** Those are `stepwell-wire`'s.
//! - **No TLS.** A proxy in front of the server does that better.

/// The samples of the README compile, and the first one runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

mod app;
mod capacity;
mod error;
mod guard;
mod limits;
mod listen;
mod llama;
mod page;
mod reply;
mod request;
mod serve;
mod server;

pub use capacity::raise_open_files;
pub use guard::{Cors, Host, HostError, Origin, OriginError, Token, TokenError};
pub use limits::Limits;
pub use serve::ServeError;
pub use server::Server;
