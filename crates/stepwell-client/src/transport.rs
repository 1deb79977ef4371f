//! Sends one request and takes one answer.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::{Client, Settings};
use crate::{Answer, Error, HandlerRecord, base};

/// A client, and what one call wants otherwise.
#[derive(Clone, Debug)]
pub struct Transport {
    client: Client,
    pub(crate) headers: HeaderMap,
    /// How long the call may take, if it says so.
    pub(crate) timeout: Option<Duration>,
}

/// What is asked, for messages.
#[derive(Clone)]
pub(crate) struct Target {
    method: Method,
    url: Url,
}

impl Transport {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, headers: HeaderMap::new(), timeout: None }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.client.settings()
    }

    /// Returns the address of a path.
    pub(crate) fn url(&self, path: &[&str]) -> Result<Url, Error> {
        self.settings().base.join(path)
    }

    /// Asks for what cannot change anything.
    pub(crate) async fn get(&self, url: Url) -> Result<Answer, Error> {
        let limit = self.timeout.unwrap_or(self.settings().timeout);
        self.call(Method::GET, url, None, limit).await
    }

    /// Posts JSON, or nothing.
    pub(crate) async fn post<T: Serialize>(
        &self,
        url: Url,
        body: Option<&T>,
        limit: Option<Duration>,
    ) -> Result<Answer, Error> {
        let body = body.map(serde_json::to_vec).transpose();
        let body =
            body.map_err(|error| Error::Argument(format!("cannot be written as JSON: {error}")))?;
        let limit = self.timeout.or(limit).unwrap_or(Duration::MAX);
        self.call(Method::POST, url, body, limit).await
    }

    async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, Error> {
        let target = Target { method, url };
        let answer = async {
            let response = self.send(&target, HeaderMap::new(), body).await?;
            Answer::read(&target, response, self.settings().answer_limit).await
        };
        within(limit, &target, answer).await
    }

    /// Opens an answer that is read bit by bit, if it has one of these statuses.
    pub(crate) async fn open(
        &self,
        url: Url,
        headers: HeaderMap,
        statuses: &[u16],
    ) -> Result<(Target, Response), Error> {
        let target = Target { method: Method::GET, url };
        let limit = self.timeout.unwrap_or(self.settings().timeout);
        let opened = async {
            let response = self.send(&target, headers, None).await?;
            if statuses.contains(&response.status().as_u16()) {
                return Ok(response);
            }
            let answer = Answer::read(&target, response, self.settings().answer_limit).await?;
            Err(Error::refused(answer))
        };
        let response = within(limit, &target, opened).await?;
        Ok((target, response))
    }

    /// Sends a request and waits for the head of its answer. The caller's headers count more than
    /// the client's, and both more than `headers`.
    async fn send(
        &self,
        target: &Target,
        mut headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Error> {
        // Compressed streams hold events back.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for more in [&self.settings().headers, &self.headers] {
            headers.extend(more.clone());
        }
        let http = &self.settings().http;
        let mut request = http.request(target.method.clone(), target.url.clone());
        if let Some(body) = body {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            request = request.body(body);
        }
        let sent = request.headers(headers).send().await;
        let response = sent.map_err(|error| Error::from_transport(target, error))?;
        match response.headers().get(CONTENT_ENCODING) {
            Some(encoding) if encoding != "identity" => {
                let problem = format!("the answer has the encoding {encoding:?}, unasked");
                Err(Error::unexpected(problem, Answer::head(target, &response)))
            }
            _ => Ok(response),
        }
    }
}

async fn within<T>(
    limit: Duration,
    target: &Target,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Timeout { request: target.to_string(), limit }),
    }
}

/// Reads the body of a success.
pub(crate) fn decode<T: DeserializeOwned>(answer: Answer) -> Result<T, Error> {
    if !(200..300).contains(&answer.status) {
        return Err(Error::refused(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        Error::unexpected(format!("the answer is not one of the protocol ({error})"), answer)
    })
}

/// Reads a record, whatever the status says of its run.
pub(crate) fn decode_record(answer: Answer) -> Result<HandlerRecord, Error> {
    if [500, 422].contains(&answer.status)
        && let Ok(record) = serde_json::from_slice(&answer.body)
    {
        return Ok(record);
    }
    decode(answer)
}

/// Checks that something was done.
pub(crate) fn acknowledged(answer: Answer) -> Result<(), Error> {
    let _: stepwell_wire::llama::Acknowledged = decode(answer)?;
    Ok(())
}

/// Writes something as JSON that has to be an object.
pub(crate) fn object<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<Box<RawValue>, Error> {
    let raw = serde_json::value::to_raw_value(value)
        .map_err(|error| Error::Argument(format!("{what} cannot be written as JSON: {error}")))?;
    if !raw.get().starts_with('{') {
        let problem = format!("{what} must be a JSON object with fields, not {raw}");
        return Err(Error::Argument(problem));
    }
    Ok(raw)
}

#[cfg(test)]
impl Target {
    pub(crate) fn example() -> Self {
        let url = Url::parse("http://user:password@host/health").unwrap();
        Self { method: Method::GET, url }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, base::shown(&self.url))
    }
}
