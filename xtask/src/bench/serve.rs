//! What runs in the child process: one side of a measurement.

use std::future::Future;
use std::io::{Read, stdin};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::ValueEnum;
use stepwell::Engine;
use stepwell::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use stepwell_server::Server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::baseline;
use super::workflows::{self, FAN_OUT, FLOOD, ONE, THREE};
use crate::crowd::workflow::{CROWD, crowd};

/// What to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArguments {
    /// Which side of the measurement.
    #[arg(value_enum)]
    side: Side,

    /// Where to keep runs; in memory if not given.
    #[arg(long)]
    data: Option<PathBuf>,

    /// What the other side answered to a run, for the baseline to answer alike.
    #[arg(long, default_value = "")]
    answer: String,
}

/// A side of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// The engine behind its server.
    Stepwell,
    /// The same commits without an engine.
    Baseline,
}

/// Serves until the parent closes the standard input, as it does when it ends.
pub(crate) fn serve(arguments: &ServerArguments) -> Result<()> {
    let store: Arc<dyn Store> = match &arguments.data {
        Some(folder) => {
            Arc::new(SqliteStore::open(folder.join("bench.db"), SqliteOptions::default())?)
        }
        None => Arc::new(MemoryStore::default()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let announce = move || println!("listening on http://{address}");
        match arguments.side {
            Side::Stepwell => {
                let server = Server::new(engine(store).await?);
                let server = server.on_listening(move |_| announce());
                Ok(server.serve_until(listener, parent_left()).await?)
            }
            Side::Baseline => {
                let router = baseline::router(store, &arguments.answer).await?;
                announce();
                baseline::serve(listener, router, parent_left()).await
            }
        }
    })
}

async fn engine(store: Arc<dyn Store>) -> Result<Engine> {
    Engine::builder()
        .store(store)
        .workflow(ONE, workflows::one()?)
        .workflow(THREE, workflows::three()?)
        .workflow(FLOOD, workflows::flood()?)
        .workflow(FAN_OUT, workflows::fan_out()?)
        .workflow(CROWD, crowd()?)
        .open()
        .await
        .context("cannot open the engine")
}

fn parent_left() -> impl Future<Output = ()> + Send + 'static {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // An error says as much as the end does.
        let _ = stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    async {
        let _ = receiver.await;
    }
}
