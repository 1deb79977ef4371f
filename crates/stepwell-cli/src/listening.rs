//! Where a command listens and whom it lets in: what all commands that serve can be told.
//!
//! Deliberately not here: what they serve.

use std::env::{self, VarError};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use anyhow::{Context as _, anyhow, bail};
use stepwell_server::{Cors, Host, Limits, Origin, Server, Token};

/// What other workflow servers read their address from, so that it need not be told twice.
const HOST: &str = "WORKFLOWS_PY_SERVER_HOST";
const PORT: &str = "WORKFLOWS_PY_SERVER_PORT";

const DEFAULT_HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DEFAULT_PORT: u16 = 8080;

/// How a command can be told where to listen, and whom to let in.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who may call")]
pub(crate) struct Listening {
    /// The address and port to listen on; port 0 takes a free one [default:
    /// $WORKFLOWS_PY_SERVER_HOST and $WORKFLOWS_PY_SERVER_PORT, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,

    /// What callers have to send, as `Authorization: Bearer TOKEN`. Others on this machine can see
    /// it among the arguments, but not in the variable
    #[arg(long, env = "STEPWELL_TOKEN", hide_env_values = true)]
    token: Option<Secret>,

    /// Listen where other machines can call, without a token: they can then do everything
    #[arg(long)]
    insecure_no_auth: bool,

    /// Let pages of this origin call, such as `https://app.example.com`; `any` lets those of
    /// all, for development. Can be repeated
    #[arg(long, value_name = "ORIGIN|any", value_parser = pages)]
    cors: Vec<Pages>,

    /// A name that this server is called by, besides localhost. Can be repeated
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<Host>,

    /// How many connections there may be; further ones are answered with 503
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = default_connections(),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    max_connections: u32,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let mut addresses = text
        .to_socket_addrs()
        .map_err(|_| "expected an address of this machine and a port, such as 127.0.0.1:8081")?;
    addresses.next().ok_or("no address has this name")
}

fn default_connections() -> u32 {
    u32::try_from(Limits::default().connections).unwrap_or(u32::MAX)
}

/// Whose pages may call.
#[derive(Clone, Debug)]
enum Pages {
    Any,
    Of(Origin),
}

fn pages(text: &str) -> Result<Pages, String> {
    if text == "any" {
        return Ok(Pages::Any);
    }
    text.parse().map(Pages::Of).map_err(|error| format!("{error}; or `any`"))
}

/// A text that is not printed, not even when it cannot be read.
#[derive(Clone)]
struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where to listen, and how the server is to be set up.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) address: SocketAddr,
    token: Option<Token>,
    arguments: Listening,
}

impl Listening {
    /// Reads what was told, and refuses what would let anybody in by mistake.
    pub(crate) fn read(self) -> anyhow::Result<Settings> {
        let address = match self.listen {
            Some(address) => address,
            None => address_of_environment()?,
        };
        let token = self.token.as_ref().map(|token| token.0.parse()).transpose().context(
            "cannot use the token of --token or STEPWELL_TOKEN; make one with `openssl rand -hex \
             32`, or leave it out",
        )?;
        let is_local = address.ip().to_canonical().is_loopback();
        if token.is_none() && !is_local && !self.insecure_no_auth {
            bail!(
                "other machines can reach {address}, and there is no token to keep them out: set \
                 STEPWELL_TOKEN, listen on 127.0.0.1, or pass --insecure-no-auth if a proxy in \
                 front checks who calls"
            );
        }
        Ok(Settings { address, token, arguments: self })
    }
}

impl Settings {
    /// Sets up a server.
    pub(crate) fn apply(self, server: Server) -> Server {
        let Self { token, arguments, .. } = self;
        let mut limits = Limits::default();
        limits.connections = usize::try_from(arguments.max_connections).unwrap_or(usize::MAX);
        let mut server = server.limits(limits).cors(cors(arguments.cors));
        if let Some(token) = token {
            server = server.token(token);
        }
        if arguments.insecure_no_auth {
            server = server.insecure_no_auth();
        }
        arguments.allow_host.into_iter().fold(server, Server::allow_host)
    }
}

fn cors(pages: Vec<Pages>) -> Cors {
    let mut origins = Vec::new();
    for pages in pages {
        match pages {
            Pages::Any => return Cors::Any,
            Pages::Of(origin) => origins.push(origin),
        }
    }
    if origins.is_empty() { Cors::SameOrigin } else { Cors::Origins(origins) }
}

/// Reads where to listen from the environment.
fn address_of_environment() -> anyhow::Result<SocketAddr> {
    let port = match variable(PORT)? {
        None => DEFAULT_PORT,
        Some(port) => port
            .parse()
            .map_err(|_| anyhow!("{PORT} is `{port}`, which is no port, such as 8080"))?,
    };
    let Some(host) = variable(HOST)? else { return Ok((DEFAULT_HOST, port).into()) };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    let mut addresses = (bare, port)
        .to_socket_addrs()
        .with_context(|| format!("{HOST} is `{host}`, which is no host that is known here"))?;
    addresses.next().ok_or_else(|| anyhow!("{HOST} is `{host}`, which has no address"))
}

/// Returns a variable, unless it is empty.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{name} is no UTF-8"),
    }
}
