//! Reads what language models answer, in every provider's form.
//!
//! One reader for tokens, messages, finish reasons, streams and (feature `prices`) money. It knows no
//! provider's crate: it reads JSON, and so whatever a client library's types serialise to. Reading is
//! total: any JSON may be given, nothing panics, and what is of no known form is `None`. It is linear
//! in what it is given.
//!
//! ```
//! use serde_json::json;
//! use telemetry_llm::{FinishReason, Response, ResponseStream};
//!
//! // A whole answer, here Anthropic's.
//! let response = Response::read(&json!({
//!     "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
//!     "content": [{"type": "text", "text": "It is cold."}], "stop_reason": "end_turn",
//!     "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5},
//! })).unwrap();
//! assert_eq!(response.finish_reasons, [FinishReason::Stop]);
//! assert_eq!(response.usage.unwrap().input, Some(100));
//!
//! // The same from the chunks of a stream, here Gemini's.
//! let mut stream = ResponseStream::new();
//! stream.push(&json!({"candidates": [{"content": {"parts": [{"text": "It is "}]}}]}));
//! stream.push(&json!({"candidates": [{"content": {"parts": [{"text": "cold."}]}, "finishReason": "STOP"}]}));
//! assert!(stream.is_complete());
//! assert_eq!(stream.response().unwrap().message.unwrap().text().as_deref(), Some("It is cold."));
//! ```

#![forbid(unsafe_code)]

mod conversation;
mod finish;
mod json;
mod media;
mod message;
mod part;
mod provider;
mod response;
mod stream;
mod usage;

pub use conversation::{answer, conversation};
pub use finish::FinishReason;
pub use message::{Message, Other, Part, Role, ToolCall};
pub use provider::{Provider, split as split_model};
pub use response::Response;
/// A tree of JSON.
pub use serde_json::Value as Json;
pub use stream::{ResponseStream, has_token};
pub use usage::Usage;
