//! The HTTP client of an exporter, which notes what became of each request: the exporter's own errors
//! have neither address nor reason.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// Why the last request of a signal failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastFailure(Arc<Mutex<Option<Failure>>>);

/// A request that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// What a person reads: the address, and the status or the reason.
    pub(crate) text: String,
    /// The status, if there was an answer.
    pub(crate) status: Option<u16>,
}

impl LastFailure {
    fn set(&self, failure: Option<Failure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    pub(crate) fn take(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A client that notes failures.
#[derive(Debug)]
pub(crate) struct NotingClient<C> {
    pub(crate) inner: C,
    pub(crate) last: LastFailure,
}

type Answered<'f> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>;

impl<C: HttpClient> HttpClient for NotingClient<C> {
    fn send_bytes<'client, 'future>(&'client self, request: Request<Bytes>) -> Answered<'future>
    where
        'client: 'future,
        Self: 'future,
    {
        Box::pin(async move {
            let address = without_secrets(&request.uri().to_string());
            let answered = self.inner.send_bytes(request).await;
            self.last.set(match &answered {
                Ok(response) if response.status().is_success() => None,
                Ok(response) => Some(of_answer(&address, response)),
                Err(error) => {
                    Some(Failure { text: format!("{address}: {}", chain(error.as_ref())), status: None })
                }
            });
            answered
        })
    }
}

/// What a collector answers, and the beginning of why.
fn of_answer(address: &str, response: &Response<Bytes>) -> Failure {
    let status = response.status();
    let mut text = format!("{address}: {status}");
    let body = String::from_utf8_lossy(&response.body()[..response.body().len().min(200)]);
    let body = body.trim();
    if !body.is_empty() && body.chars().all(|c| !c.is_control() || c.is_whitespace()) {
        let _ = write!(text, ": {}", body.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    Failure { text, status: Some(status.as_u16()) }
}

/// An error with all its causes: the reason stands in the innermost.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |error| error.source());
    for cause in causes.take(16) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            let _ = write!(text, ": {cause}");
        }
    }
    text
}

/// An address without a password or a query, where keys stand at times.
fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(
            without_secrets("https://me:pw@example.com/v1/traces?key=1"),
            "https://example.com/v1/traces"
        );
        assert_eq!(without_secrets("http://localhost:4318/v1/logs"), "http://localhost:4318/v1/logs");
    }

    #[test]
    fn an_error_answer_is_its_status_and_the_start_of_its_body() {
        let response = Response::builder().status(404).body(Bytes::from_static(b"no\n such  path")).unwrap();
        let failure = of_answer("http://h/v1/logs", &response);
        assert_eq!(failure.text, "http://h/v1/logs: 404 Not Found: no such path");
        assert_eq!(failure.status, Some(404));
    }
}
