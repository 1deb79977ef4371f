//! One connection: its settings, its prepared statements, and transactions in one go.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use super::error::{describe, store_error};
use crate::store::StoreError;

/// How long a server may take to accept a connection, or a network to carry a packet: longer than
/// either takes when all is well, and short enough to tell callers that it is not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take. Then nobody knows whether the transaction took effect.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Begins a transaction. Should this process stop in the middle of it, the server undoes it after
/// a while, and nobody waits for its locks any longer. `LOCAL`, for a proxy may give the
/// connection to somebody else afterwards.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
                     SET LOCAL idle_in_transaction_session_timeout = 3000";

/// Where to connect to, with this program's own settings.
pub(super) fn parse(url: &str) -> Result<Config, StoreError> {
    let unavailable = |error: Error| {
        let problem = describe(&error);
        StoreError::unavailable(format!(
            "the address is not like postgres://user:password@host:5432/database: {problem}"
        ))
    };
    let mut config: Config = url.parse().map_err(unavailable)?;
    if config.get_application_name().is_none() {
        config.application_name("stepwell");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(CONNECT_TIMEOUT);
    }
    Ok(config)
}

/// A value for a statement.
pub(super) type Value = Box<dyn ToSql + Send + Sync>;

/// A statement of a transaction, with its values.
pub(super) struct Step {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
}

/// A connection.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

impl Connection {
    /// Connects. The connection is served by a task of the current runtime.
    pub(super) async fn open(config: &Config) -> Result<Self, StoreError> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(NoTls)).await;
        let connecting = connecting.map_err(|_| timed_out())?;
        let (client, connection) = connecting.map_err(store_error)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = describe(&error), "a connection has ended");
            }
        });
        Ok(Self { client, statements: HashMap::new() })
    }

    /// Tells whether it can be used no more.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements that return nothing.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// Runs one statement in a transaction of its own.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql).await?;
        self.client.query(&statement, values).await
    }

    /// Runs statements as one transaction, all sent at once, and returns the rows of each. If
    /// that fails because the connection does, the transaction may have taken effect.
    ///
    /// Every statement must do no harm if it alone took effect: so it is if somebody cancels
    /// just the beginning.
    pub(super) async fn transact(&mut self, steps: &[Step]) -> Result<Vec<Vec<Row>>, Error> {
        let mut statements = Vec::with_capacity(steps.len());
        for step in steps {
            statements.push(self.statement(step.sql).await?);
        }
        let values: Vec<Vec<&(dyn ToSql + Sync)>> =
            steps.iter().map(|step| step.values.iter().map(as_parameter).collect()).collect();
        let client = &self.client;
        let queries = statements.iter().zip(&values);
        let queries = queries.map(|(statement, values)| client.query(statement, values));
        // Each is sent when it is first polled, and they are polled in this order.
        let (begun, rows, committed) = tokio::join!(
            client.batch_execute(BEGIN),
            join_all(queries),
            client.batch_execute("COMMIT")
        );
        begun?;
        // After a failure the commit is a rollback, and says nothing of it.
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
        committed?;
        Ok(rows)
    }

    async fn statement(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

fn as_parameter(value: &Value) -> &(dyn ToSql + Sync) {
    &**value
}

/// Waits for an answer, but not for ever.
pub(super) async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, StoreError> {
    tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| timed_out())
}

fn timed_out() -> StoreError {
    StoreError::unavailable("PostgreSQL does not answer in time")
}
