//! A client: starts a run that asks a person for a name, tells what happens to it, passes the
//! question on, and sends the answer. It works with any server of the protocol, LlamaIndex's too.
//!
//! ```sh
//! cargo run -p stepwell-examples --bin human_server
//! cargo run -p stepwell-examples --bin client
//! ```
//!
//! The first argument is the address of the server, unless that is `http://127.0.0.1:8080`. If the
//! server wants a token, it is in `STEPWELL_TOKEN`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use anyhow::bail;
use stepwell::Event;
use stepwell_client::{Client, Status};

/// The events of the workflow that the client knows: the same types as the server's, or types of
/// the same name with the same fields.
#[derive(Event)]
#[event(request)]
struct RequestEvent {
    prompt: String,
}

#[derive(Event)]
#[event(response)]
struct ResponseEvent {
    response: String,
}

#[derive(Event)]
#[event(stop)]
struct OutEvent {
    output: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut client = Client::builder(address);
    if let Ok(token) = std::env::var("STEPWELL_TOKEN") {
        client = client.token(&token);
    }
    let client = client.build()?;

    let run = client.run_workflow_nowait("human").await?;
    // From its first event on, however late this comes. A broken connection is taken up again.
    let mut events = client.get_workflow_events(&run.handler_id).await?;
    while let Some(event) = events.next_event().await? {
        println!("{} {}", event.name(), event.value());
        if let Some(request) = event.load::<RequestEvent>()? {
            let answer = ResponseEvent { response: ask(&request.prompt)? };
            client.send_event(&run.handler_id, &answer).await?;
        }
    }

    // A run that failed is a record too; an error means that the server did not answer.
    let record = client.get_handler(&run.handler_id).await?;
    match (record.status, record.result) {
        (Status::Completed, Some(result)) => {
            println!("{}", result.value_as::<OutEvent>()?.output);
            Ok(())
        }
        (status, _) => bail!("the run ended as {status:?}: {}", record.error.unwrap_or_default()),
    }
}

/// Asks the person at the terminal.
fn ask(prompt: &str) -> anyhow::Result<String> {
    println!("{prompt}");
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        bail!("nobody answers");
    }
    Ok(line.trim().to_owned())
}
