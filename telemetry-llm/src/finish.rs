//! Why a model stopped.

use serde_json::Value as Json;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::{first, word};
use crate::text::head;

/// Why a model stopped.
///
/// A reason that is not known is passed on as it was given: it is never called a stop.
///
/// ```
/// use telemetry_llm::FinishReason;
///
/// assert_eq!(FinishReason::from("end_turn"), FinishReason::Stop);
/// assert_eq!(FinishReason::from("MAX_TOKENS"), FinishReason::Length);
/// assert_eq!(FinishReason::from("SPII").as_str(), "content_filter");
/// assert_eq!(FinishReason::from("pause_turn").as_str(), "pause_turn");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FinishReason {
    /// The answer was complete, or reached a stop sequence.
    Stop,
    /// It reached a limit of tokens.
    Length,
    /// It asks for tools to be called.
    ToolCall,
    /// It refused, or a filter cut it off or blocked it.
    ContentFilter,
    /// It failed.
    Error,
    /// Any other reason, as the provider spells it.
    Other(String),
}

/// The longest string that is kept.
const MAX_WORD: usize = 128;

impl FinishReason {
    /// Reads a reason in any form: a string, the one variant of an enum (`{"ToolCall": "tool_calls"}`),
    /// or a map that holds a string.
    pub fn read(value: &Json) -> Option<Self> {
        match value {
            Json::String(text) if !text.is_empty() => Some(text.as_str().into()),
            // Vercel's {unified, raw}; a reason with its details.
            Json::Object(_) if first(value, &["unified", "type", "reason"]).is_some() => {
                let word = first(value, &["unified", "type", "reason"])?.as_str()?;
                let read = Self::from(word);
                let raw = first(value, &["raw"]).and_then(Json::as_str);
                match (&read, raw) {
                    (Self::Other(_), Some(raw)) => Some(raw.into()),
                    _ => Some(read),
                }
            }
            Json::Object(map) if map.len() == 1 => {
                let (variant, inner) = map.iter().next()?;
                match (Self::from(variant.as_str()), inner.as_str()) {
                    (Self::Other(_), Some(raw)) if !raw.is_empty() => Some(raw.into()),
                    (read, _) => Some(read),
                }
            }
            _ => None,
        }
    }

    /// The conventions' name: `stop`, `length`, `tool_call`, `content_filter`, `error`, or the
    /// provider's own.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCall => "tool_call",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
            Self::Other(raw) => raw,
        }
    }
}

impl From<&str> for FinishReason {
    fn from(reason: &str) -> Self {
        // Gemini's enum in full, as `FinishReason.STOP` or `FINISH_REASON_STOP`.
        let short = reason.rsplit_once('.').map_or(reason, |(_, last)| last);
        let known = word(short);
        match known.strip_prefix("finishreason").unwrap_or(&known) {
            "stop" | "endturn" | "end" | "complete" | "completed" | "stopsequence" | "stopsequences"
            | "eos" | "eostoken" | "stoptoken" => Self::Stop,
            "length"
            | "maxtokens"
            | "maxoutputtokens"
            | "modellength"
            | "maxlength"
            | "tokenlimit"
            | "errorlimit"
            | "modelcontextwindowexceeded"
            | "contextlengthexceeded"
            | "contextwindowexceeded" => Self::Length,
            "toolcalls" | "toolcall" | "tooluse" | "functioncall" | "functioncalls" => Self::ToolCall,
            "contentfilter"
            | "contentfiltered"
            | "refusal"
            | "safety"
            | "recitation"
            | "prohibitedcontent"
            | "blocklist"
            | "spii"
            | "guardrailintervened"
            | "guardrail"
            | "blocked"
            | "errortoxic"
            | "imagesafety"
            | "imageprohibitedcontent"
            | "imagerecitation"
            | "modelarmor"
            | "jailbreak"
            | "sensitive" => Self::ContentFilter,
            "error"
            | "failed"
            | "malformedfunctioncall"
            | "unexpectedtoolcall"
            | "malformedmodeloutput"
            | "malformedtooluse"
            | "malformedresponse"
            | "toomanytoolcalls"
            | "missingthoughtsignature"
            | "networkerror"
            | "insufficientsystemresource" => Self::Error,
            _ => Self::Other(head(reason, MAX_WORD).to_owned()),
        }
    }
}

impl fmt::Display for FinishReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FinishReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasons_are_read_in_every_spelling() {
        use FinishReason::{ContentFilter, Error, Length, Stop, ToolCall};
        for (words, reason) in [
            (
                &["stop", "STOP", "end_turn", "endTurn", "COMPLETE", "stop_sequence", "FinishReason.STOP"][..],
                Stop,
            ),
            (
                &["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "MaxTokens"],
                Length,
            ),
            (
                &[
                    "tool_calls",
                    "tool_use",
                    "toolUse",
                    "tool-calls",
                    "TOOL_CALL",
                    "function_call",
                    "ToolCalls",
                ],
                ToolCall,
            ),
            (
                &["SAFETY", "RECITATION", "content_filtered", "guardrail_intervened", "refusal", "SPII"],
                ContentFilter,
            ),
            (&["MALFORMED_FUNCTION_CALL", "error", "failed", "ERROR"], Error),
        ] {
            for word in words {
                assert_eq!(FinishReason::from(*word), reason, "{word}");
            }
        }
    }

    #[test]
    fn an_unknown_reason_is_passed_on() {
        for raw in ["incomplete", "cancelled", "pause_turn", "OTHER", "LANGUAGE", ""] {
            assert_eq!(FinishReason::from(raw), FinishReason::Other(raw.to_owned()));
        }
        assert_eq!(FinishReason::from("é".repeat(100).as_str()).as_str().len(), 128);
    }

    #[test]
    fn enums_and_maps_are_read() {
        let read = |value| FinishReason::read(&value);
        assert_eq!(read(json!({"ToolCall": "tool_calls"})), Some(FinishReason::ToolCall));
        assert_eq!(read(json!({"Other": "pause_turn"})), Some(FinishReason::Other("pause_turn".to_owned())));
        assert_eq!(read(json!({"error": "no such model"})), Some(FinishReason::Error));
        assert_eq!(
            read(json!({"unified": "other", "raw": "pause"})),
            Some(FinishReason::Other("pause".to_owned()))
        );
        assert_eq!(read(json!({"unified": "tool-calls", "raw": "x"})), Some(FinishReason::ToolCall));
        for nothing in [json!(null), json!(""), json!(3), json!([]), json!({})] {
            assert_eq!(read(nothing), None);
        }
    }
}
