//! How the protocol of LlamaIndex's server is spoken, where its versions and settings differ: what
//! all commands that serve can be told.

use stepwell::engine::Cursor;
use stepwell_server::Server;

/// How a command can be told to speak the protocol.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Protocol")]
pub(crate) struct Dialect {
    /// Where a reader of events begins that does not say where: `now`, or `-1` for the first
    /// event, which clients from before `llama-agents-client` count on
    #[arg(
        long,
        value_name = "now|-1",
        default_value = "now",
        allow_negative_numbers = true,
        value_parser = cursor,
        hide_default_value = true
    )]
    events_default: Cursor,

    /// Take over the state of a serialized context that a start brings: clients can then set what
    /// only steps should
    #[arg(long)]
    accept_context: bool,
}

fn cursor(text: &str) -> Result<Cursor, &'static str> {
    match text {
        "-1" => Ok(Cursor::Start),
        _ if text.eq_ignore_ascii_case("now") => Ok(Cursor::Now),
        _ => Err("expected `now` or `-1`"),
    }
}

impl Dialect {
    /// Sets up a server.
    pub(crate) fn apply(&self, server: Server) -> Server {
        server.default_cursor(self.events_default).accept_context(self.accept_context)
    }
}
