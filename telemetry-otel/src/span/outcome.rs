//! How a span ended, and what that is to OpenTelemetry.

use std::borrow::Cow;

use opentelemetry::trace::Status;
use telemetry_runtime::{Event, Value};

use crate::config::options::OutcomeOptions;
use crate::convert::attribute_value::MAX_TEXT;
use crate::convert::truncate;

/// The error type of a failure without one.
const OTHER: &str = "_OTHER";
/// The most bytes of an error type: it has few values, and they are short.
const MAX_TYPE: usize = 128;

/// How a span ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It returned a value, which nothing calls a failure.
    Ok,
    /// It failed.
    Failed {
        /// What kind of failure, of low cardinality.
        error_type: Cow<'static, str>,
        /// Its text.
        message: Option<String>,
    },
    /// It panicked.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// It was dropped unfinished.
    Cancelled,
}

impl Outcome {
    /// Reads it from a span's last event.
    pub(crate) fn of(event: &Event<'_>, is_tool: bool) -> Self {
        let metadata = event.metadata();
        if event.name().ends_with(".exception") {
            return match metadata.get_str("kind") {
                Some("cancelled") => Self::Cancelled,
                _ => Self::Panicked { message: text(metadata.get("reason")).unwrap_or_default() },
            };
        }
        match metadata.get_str("status") {
            Some("error") => {
                // A tool that returns its failure as a value, as in MCP, has no error type.
                let unknown = if is_tool { "tool_error" } else { OTHER };
                let stated = text(metadata.get("error_type")).filter(|stated| !stated.is_empty());
                let error_type = stated.map_or(Cow::Borrowed(unknown), |stated| {
                    truncate::head(&stated, MAX_TYPE).to_owned().into()
                });
                Self::Failed { error_type, message: text(metadata.get("error")) }
            }
            // A cap was reached: nothing was produced. The reason stands where the result would.
            Some("cancel") => {
                let reason = text(metadata.get("result")).filter(|reason| is_identifier(reason));
                Self::Failed {
                    error_type: reason.clone().map_or(Cow::Borrowed("cancel"), Cow::Owned),
                    message: reason,
                }
            }
            _ => Self::Ok,
        }
    }

    /// The span's status. Success leaves it unset, as the conventions ask, and so does a
    /// cancellation: the caller that stopped waiting saw no failure.
    pub(crate) fn status(&self, options: OutcomeOptions<'_>) -> Status {
        match self {
            Self::Failed { error_type, message } if !options.is_expected(error_type) => {
                Status::error(truncate::text(message.as_deref().unwrap_or_default(), MAX_TEXT))
            }
            Self::Panicked { message } => Status::error(truncate::text(message, MAX_TEXT)),
            Self::Cancelled if options.cancelled_is_error => Status::error("cancelled"),
            Self::Ok | Self::Failed { .. } | Self::Cancelled => Status::Unset,
        }
    }

    /// Whether it failed in a way that is no failure to whoever looks at spans.
    pub(crate) fn is_expected(&self, options: OutcomeOptions<'_>) -> bool {
        matches!(self, Self::Failed { error_type, .. } if options.is_expected(error_type))
    }

    /// The error type of the span and of its metrics; none where it did not fail.
    pub(crate) fn error_type(&self, options: OutcomeOptions<'_>) -> Option<Cow<'static, str>> {
        match self {
            Self::Failed { error_type, .. } => (!options.is_expected(error_type)).then(|| error_type.clone()),
            Self::Panicked { .. } => Some("panic".into()),
            Self::Cancelled => options.cancelled_is_error.then_some("cancelled".into()),
            Self::Ok => None,
        }
    }
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    match value? {
        Value::Null => None,
        value => Some(value.to_string()),
    }
}

/// A word of a protocol, such as `end_turn` or `content-filter`, rather than words of a model.
pub(crate) fn is_plain_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A word for a reason, rather than a sentence or a value.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use telemetry_runtime::OwnedEvent;

    fn ending(name: &str, metadata: serde_json::Value, is_tool: bool) -> Outcome {
        let event: OwnedEvent = serde_json::from_value(json!({"event": name, "metadata": metadata})).unwrap();
        Outcome::of(&event.as_event(), is_tool)
    }

    fn failed(error_type: &'static str, message: Option<&str>) -> Outcome {
        Outcome::Failed { error_type: error_type.into(), message: message.map(str::to_owned) }
    }

    #[test]
    fn an_ending_is_read_from_the_last_event() {
        assert_eq!(ending("a.b.stop", json!({"status": "ok"}), false), Outcome::Ok);
        assert_eq!(ending("a.b.stop", json!({"status": "refused"}), false), Outcome::Ok);
        let error = json!({"status": "error", "error": "rate limited", "error_type": "429"});
        assert_eq!(ending("a.b.stop", error, false), failed("429", Some("rate limited")));
        assert_eq!(ending("a.b.stop", json!({"status": "error"}), false), failed("_OTHER", None));
        assert_eq!(ending("a.b.stop", json!({"status": "error"}), true), failed("tool_error", None));
        let cap = json!({"status": "cancel", "result": "reached_max_iterations"});
        assert_eq!(
            ending("a.b.stop", cap, false),
            failed("reached_max_iterations", Some("reached_max_iterations"))
        );
        assert_eq!(
            ending("a.b.stop", json!({"status": "cancel", "result": {"x": 1}}), false),
            failed("cancel", None)
        );
        let panic = json!({"kind": "panic", "reason": "boom"});
        assert_eq!(ending("a.b.exception", panic, false), Outcome::Panicked { message: "boom".to_owned() });
        assert_eq!(ending("a.b.exception", json!({"kind": "cancelled"}), false), Outcome::Cancelled);
    }

    #[test]
    fn an_expected_error_and_a_cancellation_are_not_failures() {
        let options = OutcomeOptions { expected: &["NotFound".to_owned()], ..OutcomeOptions::default() };
        let ending = failed("NotFound", Some("no such row"));
        assert_eq!(ending.status(options), Status::Unset);
        assert_eq!(ending.error_type(options), None);
        assert_eq!(ending.status(OutcomeOptions::default()), Status::error("no such row"));

        assert_eq!(Outcome::Cancelled.status(options), Status::Unset);
        assert_eq!(Outcome::Cancelled.error_type(options), None);
        let options = OutcomeOptions { cancelled_is_error: true, ..options };
        assert_eq!(Outcome::Cancelled.status(options), Status::error("cancelled"));
        assert_eq!(Outcome::Cancelled.error_type(options).as_deref(), Some("cancelled"));
    }

    #[test]
    fn an_error_type_stays_short() {
        let long = "é".repeat(200);
        let Outcome::Failed { error_type, .. } =
            ending("a.b.stop", json!({"status": "error", "error_type": long}), false)
        else {
            panic!("not failed")
        };
        assert_eq!(error_type.len(), MAX_TYPE);
    }
}
