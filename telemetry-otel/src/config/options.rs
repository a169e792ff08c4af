//! What the user decides about the export.

use crate::config::content::Content;
use crate::config::convention::Convention;
use crate::span::outcome::OutcomeOptions;

/// What the user decides about the export.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Options {
    pub(crate) convention: Convention,
    pub(crate) content: Content,
    /// Keys of the user's own that are content.
    pub(crate) content_keys: Vec<String>,
    pub(crate) openinference: bool,
    pub(crate) exception_events: bool,
    pub(crate) stacktraces: bool,
    pub(crate) cancelled_is_error: bool,
    pub(crate) expected_errors: Vec<String>,
    /// How many attributes a span may have.
    pub(crate) attribute_limit: usize,
}

impl Options {
    /// What the environment says, and else the defaults.
    pub(crate) fn from_env() -> Self {
        let limit = std::env::var("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT").ok();
        Self {
            convention: Convention::from_env(),
            content: Content::from_env(),
            content_keys: Vec::new(),
            openinference: true,
            exception_events: false,
            stacktraces: false,
            cancelled_is_error: false,
            expected_errors: Vec::new(),
            attribute_limit: limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(128),
        }
    }

    pub(crate) fn endings(&self) -> OutcomeOptions<'_> {
        OutcomeOptions { cancelled_is_error: self.cancelled_is_error, expected: &self.expected_errors }
    }

    pub(crate) fn is_content_key(&self, key: &str) -> bool {
        self.content_keys.iter().any(|known| known == key)
    }
}
