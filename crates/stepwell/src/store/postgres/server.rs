//! A PostgreSQL server for tests, started from the programs that are installed.
//!
//! It listens on a socket in a directory of its own, and goes with the process that started it,
//! however that ends.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::PostgresStore;
use super::connection::{Connection, parse};

/// A server for tests.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    databases: AtomicU64,
    script: Mutex<Script>,
}

#[derive(Debug)]
struct Script {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl PostgresServer {
    /// Returns the server that all tests of this process share.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL, or it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        // Nothing here survives the machine, so nothing has to reach its disk.
        SHARED.get_or_init(|| Self::start("off"))
    }

    /// Starts a server of the caller's own, which writes as it would for users.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL, or it does not start.
    pub fn own() -> Self {
        Self::start("on")
    }

    fn start(fsync: &str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("stepwell-postgres-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        // Left behind by a process of the same number.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).expect("the directory for temporary files can be written");
        let mut child = Command::new("sh")
            .args(["-c", include_str!("server.sh"), "sh"])
            .args([directory.as_os_str(), fsync.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        let script = Mutex::new(Script { child, commands, answers });
        let server = Self { directory, databases: AtomicU64::new(0), script };
        server.tell("start", "ready");
        server
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        self.tell("kill", "killed");
    }

    /// Starts the server again after [`PostgresServer::kill`].
    pub fn restart(&self) {
        self.tell("start", "ready");
    }

    fn tell(&self, command: &str, expected: &str) {
        let answer = self.script.lock().tell(command);
        let answer = answer.expect("the server's script is there");
        assert_eq!(answer.trim(), expected, "PostgreSQL is needed: install package postgresql");
    }

    /// Makes a new schema and returns an address for it: as good as a database of its own, and
    /// made sooner.
    ///
    /// # Panics
    ///
    /// If the server does not answer.
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let url = |options: String| {
            let host = self.directory.display().to_string().replace('/', "%2F");
            format!("postgres://stepwell@{host}/postgres{options}")
        };
        let config = parse(&url(String::new())).expect("the address is well-formed");
        let made = block_on_elsewhere(async move {
            let connection = Connection::open(&config).await.map_err(|error| error.to_string())?;
            let sql = format!("CREATE SCHEMA s{number}");
            connection.execute(&sql).await.map_err(|error| error.to_string())
        });
        made.expect("the server makes a schema");
        url(format!("?options=-csearch_path%3Ds{number}"))
    }

    /// Opens a store in a new schema.
    ///
    /// # Panics
    ///
    /// If the server does not answer.
    pub fn store(&self) -> PostgresStore {
        let url = self.database();
        let opened = block_on_elsewhere(async move { PostgresStore::open(&url).await });
        opened.expect("the store opens")
    }
}

impl Script {
    fn tell(&mut self, command: &str) -> io::Result<String> {
        let commands = self.commands.as_mut().expect("taken when it is dropped");
        writeln!(commands, "{command}")?;
        commands.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // The end of its input is its end.
        self.commands.take();
        let _ = self.child.wait();
    }
}

/// Runs async work to its end from a place that may itself be async.
fn block_on_elsewhere<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("there is memory for a runtime").block_on(work)
    });
    thread.join().expect("the work does not panic")
}
