//! Serves the workflows of the conformance suite.
//!
//! Standard output carries one line, once the server answers; everything else goes to the log on
//! standard error.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use stepwell::Engine;
use stepwell::store::{MemoryStore, PostgresStore, SqliteOptions, SqliteStore, Store};
use stepwell_server::{Cors, Server};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Serves the workflows of the conformance suite until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "conformance-server")]
struct Arguments {
    /// The IP address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,

    /// Where to keep runs: `memory`, `sqlite:` and the path of a file, or the address of a database
    /// that begins with `postgres://`.
    #[arg(long, default_value = "memory", value_name = "STORE")]
    store: Place,

    /// After how many seconds of silence a stream says that it is still there.
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = seconds)]
    #[arg(allow_negative_numbers = true)]
    heartbeat: Duration,

    /// Which pages may read the answers, beside those that the server itself has served.
    #[arg(long, value_name = "WHOSE")]
    cors: Option<Pages>,

    /// Lets runs begin with a serialized context.
    #[arg(long)]
    accept_context: bool,
}

/// Pages in browsers that are let in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Pages {
    /// Those of any origin.
    Any,
}

/// Where runs are kept.
#[derive(Clone, Debug)]
enum Place {
    Memory,
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            _ => Err("expected `memory`, `sqlite:PATH` or `postgres://…`"),
        }
    }
}

impl Place {
    async fn open(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::default()),
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path, SqliteOptions::default());
                Arc::new(store.with_context(|| format!("cannot keep runs in {}", path.display()))?)
            }
            Self::Postgres(url) => {
                let store = PostgresStore::open(url).await;
                Arc::new(store.context("cannot keep runs in this database")?)
            }
        })
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero())
        .ok_or("expected a number of seconds above 0, such as 0.5")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();

    let builder = Engine::builder().store(arguments.store.open().await?);
    let engine = conformance_server::register(builder)?.open().await?;
    let address = arguments.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another --listen"))?;
    let cors = match arguments.cors {
        Some(Pages::Any) => Cors::Any,
        None => Cors::SameOrigin,
    };
    let server = Server::new(engine).heartbeat(arguments.heartbeat).cors(cors);
    let server = server.accept_context(arguments.accept_context);
    let server = server.on_listening(|address| {
        if let Err(error) = announce(address) {
            tracing::warn!(%error, "cannot write to standard output");
        }
    });
    Ok(server.serve_listener(listener).await?)
}

/// Tells whoever started this program, and waits for the line, that it answers from now on.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()
}
