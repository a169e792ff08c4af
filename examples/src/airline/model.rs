//! One round trip to a model: [`Model::ask`], whole or streamed.
//!
//! Both ways are an `llm_turn` span. The word `response` in the attribute is all that its stop needs: message, usage
//! and finish reason are read from what the provider answers, whole or in pieces.

use std::pin::pin;

use async_openai::Client;
use async_openai::config::{Config as _, OpenAIConfig};
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionStreamOptions, ChatCompletionToolChoiceOption,
    ChatCompletionTools, CreateChatCompletionRequest, CreateChatCompletionResponse,
    CreateChatCompletionStreamResponse, FunctionCall, ToolChoiceOptions,
};
use futures::{Stream, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use telemetry_llm::{Response, ResponseStream};
use telemetry_runtime::{ErrorType, agent_span};

use crate::airline::toolbox::ToolCall;

/// When answers are asked for as a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Streaming {
    /// The first answer to a message whole, since it mostly decides on tools; what follows the
    /// tools, which the customer is waiting to read, as a stream.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether the model is free to call tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// The first answer to a message has to be a tool call and the next one text: a small model
    /// left to itself never calls a tool, or never stops.
    Required,
}

/// How to ask a model.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// The model's name.
    pub name: String,
    /// When to stream.
    pub streaming: Streaming,
    /// Whether it has to call tools.
    pub tool_choice: ToolChoice,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { name: "gpt-4o".to_owned(), streaming: Streaming::Auto, tool_choice: ToolChoice::Auto }
    }
}

/// A model behind an OpenAI-compatible `/chat/completions`.
#[derive(Clone, Debug)]
pub struct Model {
    client: Client<OpenAIConfig>,
    options: ModelOptions,
}

/// A model's answer, as the agent needs it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer as it goes into the conversation.
    pub assistant_message: ChatCompletionRequestMessage,
    /// The text in it, which may be empty beside tool calls.
    pub text: String,
    /// The tools that the model wants called.
    pub tool_calls: Vec<ToolCall>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The server cannot be reached.
    #[error("cannot reach {base_url}: {reason}")]
    Unreachable {
        /// The server.
        base_url: String,
        /// The operating system's error.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{base_url} answered {answer}")]
    Refused {
        /// The server.
        base_url: String,
        /// The status and the message.
        answer: String,
    },
    /// The answer is not what the API promises.
    #[error("{base_url} gave an answer that cannot be read: {reason}")]
    Unreadable {
        /// The server.
        base_url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The connection broke within the answer.
    #[error("the answer broke off: {0}")]
    Interrupted(String),
    /// The stream came to its end, but not the answer. Servers that give up half-way, or cannot
    /// read the request, do this with a cheerful `200 OK`.
    #[error("the stream ended without a finish reason")]
    CutShort,
    /// The client could not be set up, or the request not be built.
    #[error("{0}")]
    Invalid(String),
}

impl ErrorType for ModelError {
    fn error_type(&self) -> String {
        let kind = match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
            Self::Interrupted(_) => "interrupted",
            Self::CutShort => "cut_short",
            Self::Invalid(_) => "invalid",
        };
        kind.to_owned()
    }
}

impl Model {
    /// The model behind `base_url`, which is what stands before `/chat/completions`. Models may
    /// share an HTTP client, and with it their connections.
    pub fn new(
        http: reqwest::Client,
        base_url: &str,
        api_key: &str,
        options: ModelOptions,
    ) -> Result<Self, ModelError> {
        let invalid = |reason: String| ModelError::Invalid(format!("{base_url}: {reason}"));
        let url = reqwest::Url::parse(base_url).map_err(|error| invalid(error.to_string()))?;
        if url.scheme() == "https" && !cfg!(feature = "tls") {
            return Err(invalid("this build speaks no TLS; build with `--features tls`".to_owned()));
        }
        // async-openai panics on a key that no header can carry.
        reqwest::header::HeaderValue::from_str(api_key)
            .map_err(|_| invalid("the API key holds a character that no header can carry".to_owned()))?;
        let config = OpenAIConfig::new().with_api_base(base_url.trim_end_matches('/')).with_api_key(api_key);
        Ok(Self { client: Client::build(http, config), options })
    }

    /// Asks for the next message of a conversation. `turn` counts from 0 within one run of the agent.
    pub async fn ask(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> Result<Reply, ModelError> {
        let streamed = match self.options.streaming {
            Streaming::Auto => turn > 0,
            Streaming::Always => true,
            Streaming::Never => false,
        };
        if !streamed {
            let answer = self.complete(turn, messages, tools).await?;
            return Reply::read(Response::read(&json(&answer)));
        }

        let mut chunks = pin!(self.stream(turn, messages, tools).await?);
        let (mut answer, mut failure) = (ResponseStream::new(), None);
        // To the end, a failure too: what is left before it counts as cancelled.
        while let Some(chunk) = chunks.next().await {
            match chunk {
                // An agent with a screen would show the text of each.
                Ok(chunk) => _ = answer.push(&json(&chunk)),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or_else(|| Reply::read(answer.response()), Err)
    }

    /// The whole answer at once.
    #[agent_span(
        llm_turn,
        model = self.options.name.as_str(),
        streaming = false,
        tool_count = tools.len(),
        tools = tools,
        response,
    )]
    async fn complete(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> Result<CreateChatCompletionResponse, ModelError> {
        let request = self.request(turn, messages, tools);
        let answer = self.client.chat().create(request).await.map_err(|error| self.failure(error))?;
        if answer.choices.is_empty() {
            let reason = "no choice in it".to_owned();
            return Err(ModelError::Unreadable { base_url: self.base_url(), reason });
        }
        Ok(answer)
    }

    /// The answer in pieces. The span lasts until the stream has ended; the pieces are put together as they pass.
    #[agent_span(
        llm_turn,
        model = self.options.name.as_str(),
        streaming = true,
        tool_count = tools.len(),
        tools = tools,
        stream,
        response,
    )]
    async fn stream(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> Result<impl Stream<Item = Result<CreateChatCompletionStreamResponse, ModelError>>, ModelError> {
        let mut request = self.request(turn, messages, tools);
        request.stream_options =
            Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
        let chunks = self.client.chat().create_stream(request).await.map_err(|error| self.failure(error))?;
        Ok(chunks.map(|chunk| chunk.map_err(|error| self.failure(error))))
    }

    fn request(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> CreateChatCompletionRequest {
        let mut request = CreateChatCompletionRequest {
            model: self.options.name.clone(),
            messages: messages.to_vec(),
            ..CreateChatCompletionRequest::default()
        };
        // The API refuses both an empty list and a choice among nothing.
        if !tools.is_empty() {
            request.tools = Some(tools.to_vec());
            if self.options.tool_choice == ToolChoice::Required {
                let mode = if turn == 0 { ToolChoiceOptions::Required } else { ToolChoiceOptions::None };
                request.tool_choice = Some(ChatCompletionToolChoiceOption::Mode(mode));
            }
        }
        request
    }

    fn base_url(&self) -> String {
        self.client.config().api_base().to_owned()
    }

    /// async-openai's error in words for those who run the agent, not for those who wrote it.
    fn failure(&self, error: OpenAIError) -> ModelError {
        let base_url = self.base_url();
        match error {
            OpenAIError::Reqwest(error) if error.is_connect() => {
                ModelError::Unreachable { base_url, reason: root_cause(&error) }
            }
            OpenAIError::Reqwest(error) => ModelError::Interrupted(root_cause(&error)),
            OpenAIError::StreamError(error) => ModelError::Interrupted(error.to_string()),
            OpenAIError::ApiError(answer) => ModelError::Refused { base_url, answer: answer.to_string() },
            OpenAIError::JSONDeserialize(error, _) => {
                ModelError::Unreadable { base_url, reason: error.to_string() }
            }
            other => ModelError::Invalid(other.to_string()),
        }
    }
}

/// The innermost reason, `Connection refused` say: the layers above it only give their names.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// An answer as JSON, which is what [`telemetry_llm`] reads.
fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

impl Reply {
    /// Reads an answer; one without a finish reason is not whole.
    fn read(response: Option<Response>) -> Result<Self, ModelError> {
        let response =
            response.filter(|answer| !answer.finish_reasons.is_empty()).ok_or(ModelError::CutShort)?;
        let text = response.message.and_then(|message| message.text()).unwrap_or_default();
        let tool_calls: Vec<_> = response.tool_calls.into_iter().map(ToolCall::from).collect();
        let calls = tool_calls.iter().map(ToolCall::as_message).collect();
        Ok(Self { assistant_message: assistant_message(text.clone(), calls), text, tool_calls })
    }
}

impl ToolCall {
    /// The call as it stands in the conversation.
    fn as_message(&self) -> ChatCompletionMessageToolCalls {
        let arguments = match &self.arguments {
            Value::String(text) => text.clone(),
            arguments => arguments.to_string(),
        };
        let function = FunctionCall { name: self.name.clone(), arguments };
        ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
            id: self.id.clone(),
            function,
        })
    }
}

/// An assistant's message. It always has a `content`: without one, some servers answer the next
/// request with an empty stream.
pub(crate) fn assistant_message(
    text: String,
    calls: Vec<ChatCompletionMessageToolCalls>,
) -> ChatCompletionRequestMessage {
    ChatCompletionRequestAssistantMessage {
        content: Some(text.into()),
        tool_calls: (!calls.is_empty()).then_some(calls),
        ..ChatCompletionRequestAssistantMessage::default()
    }
    .into()
}
