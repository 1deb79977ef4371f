//! Work that is handed out and comes together again.
//!
//! `split` returns a list, which opens a batch. `fetch` works on eight pages at a time and drops
//! those that are missing. `merge` runs once, when nothing of the batch is left; `preview` as soon
//! as the first page is there.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use stepwell::{Context, Event, FanOut, IntoWorkflow, Join, StepError, Take, workflow};

/// The pages to index.
#[derive(Event)]
#[event(start)]
struct Site {
    pages: Vec<String>,
}

/// A page to fetch.
#[derive(Event)]
struct Page {
    url: String,
}

/// A page that was fetched.
#[derive(Event)]
struct Document {
    url: String,
    words: usize,
}

/// A first look, for whoever watches.
#[derive(Event)]
struct Preview {
    url: String,
}

/// The index.
#[derive(Event)]
#[event(stop)]
struct Index {
    entries: Vec<String>,
}

struct IndexFlow;

#[workflow]
impl IndexFlow {
    #[step]
    async fn split(&self, site: Site) -> FanOut<Page> {
        site.pages.into_iter().map(|url| Page { url }).collect()
    }

    #[step(workers = 8)]
    async fn fetch(&self, page: Page) -> Option<Document> {
        // A page that is missing is dropped; the others are not held up.
        let is_missing = page.url.ends_with("missing");
        (!is_missing).then_some(Document { words: page.url.len(), url: page.url })
    }

    #[step]
    async fn preview(&self, first: Take<Document, 1>, ctx: &Context) -> Result<(), StepError> {
        for document in first {
            ctx.stream(Preview { url: document.url }).await?;
        }
        Ok(())
    }

    #[step]
    async fn merge(&self, documents: Join<Document>) -> Index {
        // In the order of the list; by itself a join is in the order of arrival.
        let documents = documents.by_emission().into_iter();
        let entry = |document: Document| format!("{} ({} words)", document.url, document.words);
        Index { entries: documents.map(entry).collect() }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pages = ["home", "news", "missing", "about"].map(str::to_owned).to_vec();
    let run = IndexFlow.run(Site { pages }).await?;
    let index: Index = run.result().await?;
    for entry in index.entries {
        println!("{entry}");
    }
    Ok(())
}
