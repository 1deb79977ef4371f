//! `stepwell demo`: a server with workflows to try, on SQLite or PostgreSQL.

mod workflows;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use stepwell::store::{PostgresStore, SqliteOptions, SqliteStore, Store};
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

    /// Keep runs in a PostgreSQL database instead, such as postgres://user:password@host/database.
    /// Others on this machine can see it among the arguments, but not in the variable
    #[arg(
        long,
        value_name = "URL",
        env = "STEPWELL_STORE",
        hide_env_values = true,
        conflicts_with = "data"
    )]
    store: Option<String>,

    #[command(flatten)]
    listening: Listening,

    #[command(flatten)]
    dialect: Dialect,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.listening.read()?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    let store: Arc<dyn Store> = match arguments.store {
        Some(url) => runtime.block_on(open_postgres(&url))?,
        None => Arc::new(open_sqlite(arguments.data)?),
    };
    runtime.block_on(serve(settings, &arguments.dialect, store))
}

fn open_sqlite(data: Option<PathBuf>) -> anyhow::Result<SqliteStore> {
    let data = match data {
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
    Ok(store)
}

async fn open_postgres(url: &str) -> anyhow::Result<Arc<dyn Store>> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        bail!("--store takes an address like postgres://user:password@host/database");
    }
    let store = PostgresStore::open(url).await;
    let store = store.context("cannot keep runs in the database of --store")?;
    tracing::info!("keeping runs in PostgreSQL");
    Ok(Arc::new(store))
}

async fn serve(settings: Settings, dialect: &Dialect, store: Arc<dyn Store>) -> anyhow::Result<()> {
    let engine = Engine::builder()
        .store(store)
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
