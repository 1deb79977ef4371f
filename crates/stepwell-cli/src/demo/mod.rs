//! `stepwell demo`: a server with workflows to try, on SQLite.

mod workflows;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use stepwell::store::{SqliteOptions, SqliteStore};
use stepwell::{Engine, IntoWorkflow};
use stepwell_server::Server;
use tokio::net::TcpListener;
use workflows::{FanOutWorkflow, GreetingWorkflow, HumanInTheLoopWorkflow};

use crate::dialect::Dialect;
use crate::listening::{Listening, Settings};

/// The file in the data directory that runs are kept in.
const DATABASE: &str = "stepwell.db";

/// What `stepwell demo` can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory to keep runs in [default: stepwell/demo in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(flatten)]
    listening: Listening,

    #[command(flatten)]
    dialect: Dialect,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.listening.read()?;
    let data = match arguments.data {
        Some(data) => data,
        None => default_data()?,
    };
    if data.is_file() {
        bail!("{} is a file; --data takes a directory", data.display());
    }
    let file = data.join(DATABASE);
    let store = SqliteStore::open(&file, SqliteOptions::default()).with_context(|| {
        let directory = data.display();
        format!("cannot keep runs in {directory}; choose another directory with --data")
    })?;
    tracing::info!(file = %file.display(), durability = ?store.durability(), "keeping runs");

    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(settings, &arguments.dialect, store))
}

async fn serve(settings: Settings, dialect: &Dialect, store: SqliteStore) -> anyhow::Result<()> {
    let engine = Engine::builder()
        .store(Arc::new(store))
        .workflow("greet", GreetingWorkflow.into_workflow()?)
        .workflow("human", HumanInTheLoopWorkflow.into_workflow()?)
        .workflow("fan-out", FanOutWorkflow.into_workflow()?)
        .open()
        .await
        .context("cannot open the engine")?;
    let listen = settings.address;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; choose another address with --listen")
    })?;
    let server = settings.apply(dialect.apply(Server::new(engine))).on_listening(|address| {
        if let Err(error) = announce(address) {
            // Whoever reads it went away; the server is of use to others all the same.
            tracing::warn!(%error, "cannot write to standard output");
        }
    });
    server.serve_listener(listener).await.context("the server failed")
}

/// Tells whoever started this program, and waits for the line, that it answers from now on.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()
}

/// `$XDG_DATA_HOME/stepwell/demo`, or the place that stands for it.
fn default_data() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    let data = data.ok_or_else(|| anyhow!("neither HOME nor XDG_DATA_HOME is set; use --data"))?;
    Ok(data.join("stepwell").join("demo"))
}
