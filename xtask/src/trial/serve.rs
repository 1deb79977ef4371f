//! The server under trial: what users build, with a clock that can be moved and writes that kill.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use stepwell::Engine;
use stepwell::store::{SqliteOptions, SqliteStore, Store};
use stepwell_server::Server;
use tokio::net::TcpListener;

use super::clock::Shifted;
use super::dying::{Boundary, Dying, Fault};
use super::workflows::{self, EFFECTS};

/// What a server under trial is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArguments {
    /// Where runs are kept.
    #[arg(long)]
    data: PathBuf,

    /// Where side effects go.
    #[arg(long)]
    effects: PathBuf,

    /// By how many milliseconds the clock is off.
    #[arg(long)]
    clock: PathBuf,

    #[arg(long)]
    port: u16,

    /// How many bytes the bodies of waiting runs may take.
    #[arg(long)]
    resident: Option<usize>,

    /// The write to die at: `before:N` or `after:N`.
    #[arg(long)]
    die: Option<Boundary>,

    /// The promise to break on purpose.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
}

/// Serves until it is told to stop, or dies.
pub(crate) fn serve(arguments: ServerArguments) -> Result<()> {
    let effects = File::options().create(true).append(true).open(&arguments.effects)?;
    EFFECTS.get_or_init(|| effects);
    let store = SqliteStore::open(arguments.data.join("trial.db"), SqliteOptions::default());
    let mut store: Arc<dyn Store> = Arc::new(store.context("cannot keep runs")?);
    if arguments.die.is_some() || arguments.fault.is_some() {
        store = Arc::new(Dying::new(store, arguments.die, arguments.fault));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut engine = Engine::builder().store(store).clock(Shifted::follow(arguments.clock));
        if let Some(bytes) = arguments.resident {
            engine = engine.resident_bytes(bytes);
        }
        for (name, workflow) in workflows::all()? {
            engine = engine.workflow(name, workflow);
        }
        let engine = engine.open().await.context("cannot open the engine")?;
        let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
        let server =
            Server::new(engine).on_listening(|address| println!("listening on http://{address}"));
        Ok(server.serve_listener(listener).await?)
    })
}
