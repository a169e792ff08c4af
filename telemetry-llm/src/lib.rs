//! Reads what language models answer, in every provider's form.
//!
//! One reader for tokens, messages, finish reasons, streams and (feature `prices`) money. It knows no
//! provider's crate: it reads JSON, and so what a client library's types serialise to. Reading is
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
//!
//! # What is read, and from where
//!
//! The spelling of a key makes no difference: `inputTokens` is `input_tokens`.
//!
//! | form | whole answer | chunks of a stream | tokens | why it ended |
//! |---|---|---|---|---|
//! | OpenAI chat completions, and Azure, DeepSeek, Mistral, xAI, Groq, OpenRouter and all that copy them | `choices[0].message`: `content`, `reasoning_content`, `reasoning`, `reasoning_details`, `refusal`, `audio.transcript`, `tool_calls`, `function_call`, `images` | `choices[0].delta` of the same | `usage`, `x_groq.usage`: `prompt_tokens`, `completion_tokens`, their `_details`; DeepSeek's hits and misses; OpenRouter's `cost`. xAI's reasoning, which its total shows to be beside the output, is added to it | `choices[*].finish_reason` |
//! | OpenAI Responses, realtime | `output[*]`: `message`, `reasoning`, `function_call`, `custom_tool_call`, `.._call` | `response.*` events by `output_index`; an item that is done, and the response at the end, replace their pieces | `usage`: `input_tokens`, `output_tokens`, their `_details` | `incomplete_details.reason`, `status_details.reason`, else `status` and whether a call waits for its output |
//! | Anthropic messages | `content[*]`: `text`, `thinking`, `redacted_thinking`, `tool_use`, `server_tool_use`, `.._tool_result` | `message_start`, `content_block_*` by `index`, `message_delta`, `message_stop`, `error` | `usage`, which a stream gives in two parts; `cache_read_input_tokens` and `cache_creation_input_tokens` are beside the input, and are added to it | `stop_reason` |
//! | Gemini, Vertex AI | `candidates[0].content.parts[*]`: `text`, `thought`, `functionCall`, `inlineData`, `fileData`, `executableCode` | the same; texts that follow each other are put together | `usageMetadata`: thoughts are beside the candidates' tokens, those of tools beside the prompt's; both are added | `candidates[*].finishReason`, `promptFeedback.blockReason` |
//! | Bedrock Converse | `output.message.content[*]`: `text`, `reasoningContent`, `toolUse`, `image`, `document`, `video`, `citationsContent`, `guardContent` | `messageStart`, `contentBlock*`, `messageStop`, `metadata`, `..Exception` | `usage`; both caches are beside the input, and are added to it | `stopReason` |
//! | Cohere, both versions | `message`: `tool_plan`, `content`, `tool_calls`; `text` | `message-start`, `content-*`, `tool-*`, `message-end`; `event_type` | `usage.tokens`, else `usage.billed_units`; `meta` | `finish_reason` |
//! | Ollama, ollama-rs | `message`: `thinking`, `content`, `tool_calls`; `response` | the same with `done` | `prompt_eval_count`, `eval_count`; `final_data` | `done_reason` |
//! | genai | `content[*]`: `Text`, `Binary`, `ToolCall`, `ToolResponse`; `reasoning_content` | `Chunk`, `ReasoningChunk`, `ToolCallChunk`, `End` with what it captured | `usage` | `stop_reason`, an enum with the raw word |
//! | rig | `choice[*]`: `text`, `toolcall`, `reasoning`, `image`, `opaque`; `origin` | `event`: `start`, `text`, `reasoning`, `arguments`, `end`, by `part` | `usage` | `finish_reason` |
//! | swiftide | `message`, `tool_calls` | the same | `usage`, its `details` | |
//! | Vercel's AI SDK | `text` or `content[*]`, `toolCalls`, `reasoningText`, `response` | `text-delta`, `reasoning-delta`, `tool-call`, `finish-step`, `finish` | `usage`, `totalUsage`, their `..TokenDetails` | `finishReason` |
//! | LangChain | `content`, `tool_calls`, bare or in `data`, `kwargs` or `generations` | `AIMessageChunk` with `tool_call_chunks` | `usage_metadata`, which chunks add up; `response_metadata.token_usage` | `response_metadata`: `finish_reason`, `stop_reason`, `done_reason`, `incomplete_details.reason`, else `status` |
//! | MCP sampling | `content`, `model` | | | `stopReason` |
//! | a struct of your own | `assistant_message`, `message`, `content`, `text`, `answer`, `output`, or a field that holds one of the above | `text`, `delta`, `content` | `usage`, `token_usage` | `finish_reason`, `stop_reason` |
//!
//! Calls of a stream are told apart by their index, and by their ids where a server gives several one index
//! or none.
//!
//! Ids are read from `id` or `response_id`, the model that answered from `model` or its like, and who
//! served it from `provider`, from a form that one provider alone has, or from the model's name.

#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "the names of companies are no code")]

mod answer;
mod conversation;
mod failure;
mod finish;
mod json;
mod media;
mod message;
mod part;
#[cfg(feature = "prices")]
pub mod prices;
mod provider;
mod response;
mod stream;
mod text;
mod usage;

pub use answer::answer;
pub use conversation::conversation;
pub use finish::FinishReason;
pub use message::{Message, Other, Part, Role, ToolCall};
pub use provider::{Provider, split as split_model};
pub use response::Response;
/// A tree of JSON.
pub use serde_json::Value as Json;
pub use stream::{ResponseStream, has_token};
pub use usage::Usage;
