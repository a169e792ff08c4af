//! Whole answers: one table of the forms that providers and libraries have.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value as Json;

use crate::conversation::{message, of_items};
use crate::failure::Failure;
use crate::json::{at, first, text};
use crate::message::{Message, Part, Role, ToolCall};
use crate::part::{self, DEPTH};
use crate::{FinishReason, Provider, Usage};

/// What a model answered.
///
/// ```
/// use telemetry_llm::{FinishReason, Response};
/// use serde_json::json;
///
/// let response = Response::read(&json!({
///     "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
///     "choices": [{"message": {"role": "assistant", "content": "It is cold."}, "finish_reason": "stop"}],
///     "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16},
/// })).unwrap();
/// assert_eq!(response.model.as_deref(), Some("gpt-4o-2024-08-06"));
/// assert_eq!(response.finish_reasons, [FinishReason::Stop]);
/// assert_eq!(response.usage.unwrap().total, Some(16));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Response {
    /// The answer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model that answered, which may be another than the one asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider that served it, where the answer gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The answer; of several choices the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The tools that it asks to be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why the model stopped, of each choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<FinishReason>,
    /// What went wrong, where the provider gives it in the answer or in its stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What kind of failure it was, where the provider gives that: a word such as `rate_limit_exceeded`, or the number
    /// of a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

/// One form of an answer: what it is known by, and where it has what.
pub(crate) struct Form {
    /// Paths that must all lead somewhere.
    known_by: &'static [&'static str],
    /// What must be a list or a map there, not a text.
    shape: Shape,
    message: MessageAt,
    id: &'static [&'static str],
    model: &'static [&'static str],
    provider: &'static [&'static str],
    /// A `*` stands for each item of a list.
    finish: &'static [&'static str],
    /// Where it has a status, which `completed` may leave to what it asks for, and the items or calls.
    status: Option<(&'static str, &'static str)>,
    /// The one provider that has this form.
    always: Option<Provider>,
}

/// What the first path that a form is known by leads to.
#[derive(Clone, Copy)]
enum Shape {
    List,
    Map,
    Text,
    Any,
}

/// Where a form has its message.
#[derive(Clone, Copy)]
enum MessageAt {
    /// A message, or a text, at the first of these paths.
    Paths(&'static [&'static str]),
    /// A list of items that are the message's.
    Items(&'static str),
    /// The map is itself the message.
    Whole,
}

const NONE: &[&str] = &[];
const ID: &[&str] = &["id", "response_id"];
const MODEL: &[&str] = &["model", "model_name", "response_model"];

const PLAIN: Form = Form {
    known_by: NONE,
    shape: Shape::Any,
    message: MessageAt::Whole,
    id: ID,
    model: MODEL,
    provider: &["provider"],
    finish: &["finish_reason", "stop_reason"],
    status: None,
    always: None,
};

/// A form of LangChain's messages, which stand bare, or in what is before all their paths.
macro_rules! langchain {
    ($known_by:expr, $before:literal) => {
        Form {
            known_by: $known_by,
            shape: Shape::Map,
            id: &[concat!($before, "id")],
            model: &[
                concat!($before, "response_metadata.model_name"),
                concat!($before, "response_metadata.model"),
            ],
            provider: &[concat!($before, "response_metadata.model_provider")],
            finish: &[
                concat!($before, "response_metadata.finish_reason"),
                concat!($before, "response_metadata.stop_reason"),
                concat!($before, "response_metadata.done_reason"),
                concat!($before, "response_metadata.incomplete_details.reason"),
            ],
            status: Some((concat!($before, "response_metadata.status"), concat!($before, "tool_calls"))),
            ..PLAIN
        }
    };
}

/// The forms, the more particular ones first.
const FORMS: &[Form] = &[
    // What users name as the documented keys are named.
    Form {
        known_by: &["assistant_message"],
        shape: Shape::Any,
        message: MessageAt::Paths(&["assistant_message"]),
        id: &["response_id", "id"],
        model: &["response_model", "model"],
        ..PLAIN
    },
    // OpenAI's chat completions and all that copy them; text completions.
    Form {
        known_by: &["choices"],
        shape: Shape::List,
        message: MessageAt::Paths(&["choices.0.message", "choices.0.delta", "choices.0.text"]),
        finish: &["choices.*.finish_reason"],
        ..PLAIN
    },
    // Gemini.
    Form {
        known_by: &["candidates"],
        shape: Shape::List,
        message: MessageAt::Paths(&["candidates.0.content"]),
        model: &["model_version"],
        finish: &["candidates.*.finish_reason", "prompt_feedback.block_reason"],
        ..PLAIN
    },
    // A prompt that Gemini blocked.
    Form {
        known_by: &["prompt_feedback.block_reason"],
        message: MessageAt::Paths(NONE),
        model: &["model_version"],
        finish: &["prompt_feedback.block_reason"],
        ..PLAIN
    },
    // Bedrock's Converse.
    Form {
        known_by: &["output.message"],
        shape: Shape::Map,
        message: MessageAt::Paths(&["output.message"]),
        model: &["trace.promptRouter.invokedModelId", "model"],
        always: Some(Provider::convention("aws.bedrock")),
        ..PLAIN
    },
    // OpenAI's Responses.
    Form {
        known_by: &["output"],
        shape: Shape::List,
        message: MessageAt::Items("output"),
        finish: &["incomplete_details.reason", "status_details.reason"],
        status: Some(("status", "output")),
        ..PLAIN
    },
    // rig.
    Form {
        known_by: &["choice", "usage"],
        shape: Shape::List,
        message: MessageAt::Items("choice"),
        id: &["origin.response_id", "message_id", "id"],
        model: &["origin.response_model", "origin.model", "model"],
        provider: &["origin.provider", "provider"],
        ..PLAIN
    },
    // genai.
    Form {
        known_by: &["content", "provider_model_iden"],
        shape: Shape::Any,
        // Of most providers it has the id in the body alone, which it keeps if it is asked to.
        id: &["response_id", "captured_raw_body.id", "captured_raw_body.responseId"],
        // The name is an enum's variant there.
        model: &[
            "provider_model_iden.model_name",
            "provider_model_iden.model_name.Shared",
            "provider_model_iden.model_name.Static",
            "model_iden.model_name",
            "model_iden.model_name.Shared",
            "model_iden.model_name.Static",
        ],
        provider: &["provider_model_iden.adapter_kind", "model_iden.adapter_kind"],
        ..PLAIN
    },
    // Ollama and ollama-rs.
    Form {
        known_by: &["message", "done"],
        shape: Shape::Map,
        message: MessageAt::Paths(&["message"]),
        finish: &["done_reason"],
        always: Some(Provider::convention("ollama")),
        ..PLAIN
    },
    Form {
        known_by: &["response", "done"],
        shape: Shape::Text,
        message: MessageAt::Paths(&["response"]),
        finish: &["done_reason"],
        always: Some(Provider::convention("ollama")),
        ..PLAIN
    },
    // Cohere.
    Form {
        known_by: &["message.content", "finish_reason"],
        shape: Shape::Any,
        message: MessageAt::Paths(&["message"]),
        ..PLAIN
    },
    Form {
        known_by: &["message.tool_calls", "finish_reason"],
        shape: Shape::List,
        message: MessageAt::Paths(&["message"]),
        ..PLAIN
    },
    Form {
        known_by: &["text", "generation_id"],
        shape: Shape::Text,
        message: MessageAt::Paths(&["text"]),
        id: &["response_id", "generation_id"],
        always: Some(Provider::convention("cohere")),
        ..PLAIN
    },
    // What LangChain hands out, and keeps.
    Form {
        known_by: &["generations.0.0"],
        shape: Shape::Map,
        message: MessageAt::Paths(&["generations.0.0.message", "generations.0.0.text"]),
        id: &["generations.0.0.message.id", "generations.0.0.message.kwargs.id"],
        // What streamed has no `llm_output`.
        model: &[
            "llm_output.model_name",
            "llm_output.model",
            "generations.0.0.message.response_metadata.model_name",
            "generations.0.0.message.kwargs.response_metadata.model_name",
        ],
        provider: &[
            "generations.0.0.message.response_metadata.model_provider",
            "generations.0.0.message.kwargs.response_metadata.model_provider",
        ],
        finish: &[
            "generations.0.*.generation_info.finish_reason",
            "generations.0.*.message.response_metadata.finish_reason",
            "generations.0.*.message.response_metadata.stop_reason",
            "generations.0.*.message.kwargs.response_metadata.finish_reason",
            "generations.0.*.message.kwargs.response_metadata.stop_reason",
        ],
        ..PLAIN
    },
    langchain!(&["response_metadata", "content"], ""),
    langchain!(&["kwargs"], "kwargs."),
    langchain!(&["data", "type"], "data."),
    // Vercel's SDK: its result, and its provider interface.
    Form {
        known_by: &["content", "finishReason"],
        shape: Shape::List,
        message: MessageAt::Items("content"),
        id: &["response.id"],
        model: &["response.model_id"],
        ..PLAIN
    },
    Form {
        known_by: &["finishReason", "usage"],
        shape: Shape::Any,
        message: MessageAt::Paths(&["text", "message", "content", "answer", "output"]),
        id: &["response.id"],
        model: &["response.model_id"],
        ..PLAIN
    },
    // Anthropic; MCP's sampling.
    Form { known_by: &["content", "stop_reason"], shape: Shape::Any, ..PLAIN },
    Form { known_by: &["content", "role", "usage"], shape: Shape::Any, ..PLAIN },
    // swiftide.
    Form {
        known_by: &["tool_calls", "id", "usage"],
        shape: Shape::Any,
        message: MessageAt::Paths(&["message"]),
        ..PLAIN
    },
    // This crate's own.
    Form {
        known_by: &["message.parts"],
        shape: Shape::List,
        message: MessageAt::Paths(&["message"]),
        finish: &["finish_reasons.*", "finish_reason"],
        ..PLAIN
    },
];

impl Form {
    /// The form of a value.
    fn of(value: &Json) -> Option<&'static Self> {
        value.as_object()?;
        FORMS.iter().find(|form| {
            let mut paths = form.known_by.iter().map(|path| at(value, path));
            let first = paths.next().flatten();
            let fits = first.is_some_and(|first| match form.shape {
                Shape::List => first.is_array(),
                Shape::Map => first.is_object(),
                Shape::Text => first.is_string(),
                Shape::Any => true,
            });
            fits && paths.all(|led| led.is_some())
        })
    }

    fn message(&self, value: &Json) -> Option<Message> {
        let mut answer = match self.message {
            MessageAt::Paths(paths) => message(first(value, paths)?, Role::Assistant, DEPTH),
            MessageAt::Items(path) => of_items(at(value, path)?.as_array()?),
            MessageAt::Whole => message(value, Role::Assistant, DEPTH),
        };
        // A text completion has no message around it, and Gemini's has no role at times.
        answer.role = Role::Assistant;
        // Calls and thoughts that stand beside the message rather than in it.
        if !matches!(self.message, MessageAt::Whole) {
            beside(value, &mut answer);
        }
        Some(answer)
    }

    fn finish_reasons(&self, value: &Json) -> Vec<FinishReason> {
        let of = |path: &str| -> Vec<FinishReason> {
            match path.split_once(".*") {
                None => at(value, path).and_then(FinishReason::read).into_iter().collect(),
                Some((list, rest)) => {
                    let items =
                        at(value, list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                    let rest = rest.trim_start_matches('.');
                    let held = |item| if rest.is_empty() { Some(item) } else { at(item, rest) };
                    items.iter().filter_map(|item| held(item).and_then(FinishReason::read)).collect()
                }
            }
        };
        self.finish.iter().map(|path| of(path)).find(|reasons| !reasons.is_empty()).unwrap_or_default()
    }
}

/// Vercel's and swiftide's calls, Cohere's first ones, a thought beside a text.
fn beside(value: &Json, answer: &mut Message) {
    let calls = at(value, "tool_calls").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    if answer.tool_calls().next().is_none() {
        answer.parts.extend(calls.iter().filter_map(part::call).map(Part::ToolCall));
    }
    let thought = text(value, &["reasoning_content", "reasoning_text", "thinking"]);
    if let Some(thought) = thought.filter(|_| answer.reasoning().is_none()) {
        answer.parts.insert(0, Part::reasoning(thought));
    }
}

/// The message of a value that is a whole answer.
pub(crate) fn message_of(value: &Json) -> Option<Message> {
    let form = Form::of(value)?;
    let mut answer = form.message(value)?;
    if answer.finish_reason.is_none() {
        answer.finish_reason = finish_reasons(form, value, &answer).into_iter().next();
    }
    Some(answer)
}

/// The reasons that an answer states, or that its status comes to.
fn finish_reasons(form: &Form, value: &Json, answer: &Message) -> Vec<FinishReason> {
    let stated = form.finish_reasons(value);
    if !stated.is_empty() {
        return stated;
    }
    if let Some(reason) = &answer.finish_reason {
        return vec![reason.clone()];
    }
    // The Responses API has a status instead.
    let Some((status, items)) = form.status else { return Vec::new() };
    match text(value, &[status]) {
        Some("completed") if at(value, items).and_then(Json::as_array).is_some_and(|items| asks(items)) => {
            vec![FinishReason::ToolCall]
        }
        Some("completed") => vec![FinishReason::Stop],
        Some("in_progress" | "queued") | None => Vec::new(),
        Some(status) => vec![status.into()],
    }
}

/// Whether an item is a call that the program must carry out. A result answers to its `call_id`, which the
/// provider's own tools do not have.
pub(crate) fn is_asked(item: &Json) -> bool {
    match text(item, &["type"]) {
        // The last is LangChain's.
        Some("function_call" | "custom_tool_call" | "tool_call") => true,
        Some(kind) => kind.ends_with("_call") && text(item, &["call_id"]).is_some(),
        None => false,
    }
}

/// Whether there is such a call to which no item answers.
fn asks(items: &[Json]) -> bool {
    let id = |item| text(item, &["call_id"]);
    let is_output =
        |item: &&Json| matches!(item.get("type"), Some(Json::String(kind)) if kind.ends_with("_output"));
    let answered: HashSet<&str> = items.iter().filter(is_output).filter_map(id).collect();
    items.iter().any(|item| is_asked(item) && !id(item).is_some_and(|id| answered.contains(id)))
}

/// Where a value holds an answer, if it is not one.
const HOLDERS: &[&str] = &[
    "response",
    "raw_response",
    "raw",
    "completion",
    "body",
    "result",
    "data",
    "output",
    "inner",
    "reply",
    "Ok",
];

impl Response {
    /// Reads an answer of any provider or library, or a value that holds one. Returns `None` if it is
    /// of no known form.
    pub fn read(value: &Json) -> Option<Self> {
        Self::read_within(value, 2)
    }

    fn read_within(value: &Json, depth: u8) -> Option<Self> {
        if let Some(form) = Form::of(value) {
            return Some(Self::of_form(form, value));
        }
        if let Some(failure) = failure_of(value) {
            return Some(Self {
                error: Some(failure.text),
                error_type: failure.kind,
                finish_reasons: vec![FinishReason::Error],
                ..Self::default()
            });
        }
        let depth = depth.checked_sub(1)?;
        let map = value.as_object()?;
        if let Some(held) = HOLDERS.iter().find_map(|key| Self::read_within(at(value, key)?, depth)) {
            return Some(held);
        }
        // Any other field that holds one; a struct has few.
        let fields = map.values().take(32).filter(|field| field.is_object());
        if let Some(held) =
            fields.filter_map(|field| Self::read_within(field, depth)).find(|held| held.error.is_none())
        {
            return Some(held);
        }
        // A struct of the user's own, which has the documented keys or their like.
        let usage =
            ["usage", "usage_metadata", "token_usage"].iter().find_map(|key| Usage::read(at(value, key)?));
        let reason = first(value, &["finish_reason", "stop_reason"]).and_then(FinishReason::read);
        if usage.is_none() && reason.is_none() {
            return None;
        }
        let answer = first(value, &["message", "content", "text", "answer", "output"]);
        let mut made = Self::of_form(&PLAIN, value);
        made.message = answer.map(|answer| message(answer, Role::Assistant, DEPTH)).map(|mut answer| {
            answer.role = Role::Assistant;
            beside(value, &mut answer);
            answer
        });
        Some(Self { usage, ..made }.with_calls())
    }

    fn of_form(form: &Form, value: &Json) -> Self {
        let owned = |paths| text(value, paths).map(str::to_owned);
        let mut message = form.message(value);
        let empty = Message::new(Role::Assistant, Vec::new());
        let finish_reasons = finish_reasons(form, value, message.as_ref().unwrap_or(&empty));
        if matches!(form.message, MessageAt::Paths(["candidates.0.content"]))
            && let Some(message) = &mut message
        {
            join_texts(&mut message.parts);
        }
        let (error, error_type) = failure_of(value).map(|failure| (failure.text, failure.kind)).unzip();
        let model = owned(form.model);
        let stated = text(value, form.provider).and_then(Provider::named).or_else(|| form.always.clone());
        let provider = stated.or_else(|| at(value, "id").and_then(Json::as_str).and_then(of_id));
        let provider = provider.or_else(|| model.as_deref().and_then(Provider::of));
        let finish_reasons = match (&error, finish_reasons.is_empty()) {
            (Some(_), true) => vec![FinishReason::Error],
            _ => finish_reasons,
        };
        if let Some(message) = &mut message {
            message.finish_reason = finish_reasons.first().cloned();
        }
        let usage = Usage::read(value);
        let message = message.filter(|message| !message.parts.is_empty() || message.finish_reason.is_some());
        Self {
            id: owned(form.id),
            model,
            provider,
            message,
            usage,
            finish_reasons,
            error,
            error_type: error_type.flatten(),
            tool_calls: Vec::new(),
        }
        .with_calls()
    }

    pub(crate) fn with_calls(mut self) -> Self {
        self.tool_calls = self.message.iter().flat_map(Message::tool_calls).cloned().collect();
        self
    }
}

/// Who made an id of Anthropic's, which other providers serve too.
pub(crate) fn of_id(id: &str) -> Option<Provider> {
    Some(Provider::convention(match id {
        id if id.starts_with("msg_bdrk_") => "aws.bedrock",
        id if id.starts_with("msg_vrtx_") => "gcp.vertex_ai",
        _ => return None,
    }))
}

/// Puts texts that follow each other together, as a stream does.
pub(crate) fn join_texts(parts: &mut Vec<Part>) {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts.drain(..) {
        match (joined.last_mut(), part) {
            (Some(Part::Text { content }), Part::Text { content: more })
            | (
                Some(Part::Reasoning { content, redacted: false }),
                Part::Reasoning { content: more, redacted: false },
            ) => content.push_str(&more),
            (_, part) => joined.push(part),
        }
    }
    *parts = joined;
}

/// The failure that an answer or an event gives.
pub(crate) fn failure_of(value: &Json) -> Option<Failure> {
    Failure::of(value, || Form::of(value).is_some())
}
