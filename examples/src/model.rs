//! One round trip to a model: [`Model::ask`], whole or streamed.
//!
//! Both ways are an `llm_turn` span. What its stop carries comes from the value the function
//! returns ([`Reply`] derives `StopMetadata`) or, for the stream, from its items.

use std::collections::BTreeMap;
use std::pin::pin;

use async_openai::Client;
use async_openai::config::{Config as _, OpenAIConfig};
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCallChunk, ChatCompletionMessageToolCalls,
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionStreamOptions,
    ChatCompletionToolChoiceOption, ChatCompletionTools, CompletionUsage, CreateChatCompletionRequest,
    CreateChatCompletionStreamResponse, FinishReason, ToolChoiceOptions,
};
use async_stream::try_stream;
use futures::{Stream, StreamExt as _};
use telemetry_runtime::{ErrorType, StopMetadata, agent_span};

use crate::tools::ToolCall;

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

/// A model's answer. The fields that are not skipped are the keys of an `llm_turn`'s stop.
#[derive(Clone, Debug, StopMetadata)]
#[stop_of(llm_turn)]
pub struct Reply {
    /// The answer as it goes into the conversation.
    pub assistant_message: ChatCompletionRequestMessage,
    /// The tokens used, if the server told: some send none with a stream, and unknown is not 0.
    pub usage: Option<CompletionUsage>,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// The text in it, which may be empty beside tool calls.
    #[stop(skip)]
    pub text: String,
    /// The tools that the model wants called.
    #[stop(skip)]
    pub tool_calls: Vec<ToolCall>,
}

/// What a streamed answer is made of.
#[derive(Clone, Debug)]
pub enum Delta {
    /// The next piece of text.
    Text(String),
    /// The whole answer: always the last item.
    Finished(Box<Reply>),
}

impl Delta {
    /// The whole answer, if this is it.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Text(_) => None,
            Self::Finished(reply) => Some(reply),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The server cannot be reached.
    #[error("cannot reach {base_url}: {reason}")]
    Unreachable {
        /// The server.
        base_url: String,
        /// What the operating system says.
        reason: String,
    },
    /// The server says no.
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
            return self.complete(turn, messages, tools).await;
        }

        let mut deltas = pin!(self.stream(turn, messages, tools).await?);
        let mut reply = Err(ModelError::CutShort);
        while let Some(delta) = deltas.next().await {
            match delta {
                // An agent with a screen would show it.
                Ok(Delta::Text(_)) => {}
                Ok(Delta::Finished(whole)) => reply = Ok(*whole),
                Err(error) => reply = Err(error),
            }
        }
        reply
    }

    /// The whole answer at once.
    #[agent_span(llm_turn, model = self.options.name.as_str(), streaming = false, tool_count = tools.len())]
    async fn complete(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> Result<Reply, ModelError> {
        let request = self.request(turn, messages, tools);
        let response = self.client.chat().create(request).await.map_err(|error| self.failure(error))?;
        let choice = response.choices.into_iter().next().ok_or_else(|| ModelError::Unreadable {
            base_url: self.base_url(),
            reason: "no choice in it".to_owned(),
        })?;
        let answer = choice.message;
        let tool_calls = answer.tool_calls.unwrap_or_default();
        Ok(Reply::new(answer.content.unwrap_or_default(), tool_calls, response.usage, choice.finish_reason))
    }

    /// The answer in pieces. The span lives until the stream has ended, and the stop carries what
    /// the last item brought.
    #[agent_span(
        llm_turn,
        model = self.options.name.as_str(),
        streaming = true,
        tool_count = tools.len(),
        stream,
        item(|delta|
            assistant_message = delta.reply().map(|reply| &reply.assistant_message),
            usage = delta.reply().and_then(|reply| reply.usage.as_ref()),
            finish_reason = delta.reply().and_then(|reply| reply.finish_reason),
        )
    )]
    async fn stream(
        &self,
        turn: u32,
        messages: &[ChatCompletionRequestMessage],
        tools: &[ChatCompletionTools],
    ) -> Result<impl Stream<Item = Result<Delta, ModelError>>, ModelError> {
        let mut request = self.request(turn, messages, tools);
        request.stream_options =
            Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
        let mut chunks =
            self.client.chat().create_stream(request).await.map_err(|error| self.failure(error))?;
        Ok(try_stream! {
            let mut answer = Assembly::default();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|error| self.failure(error))?;
                if let Some(text) = answer.add(chunk) {
                    yield Delta::Text(text);
                }
            }
            yield Delta::Finished(Box::new(answer.finish()?));
        })
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

    /// async-openai's error in words for somebody who runs the agent, not for one who wrote it.
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

/// The innermost reason, `Connection refused` say: the layers above it only name themselves.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl Reply {
    fn new(
        text: String,
        calls: Vec<ChatCompletionMessageToolCalls>,
        usage: Option<CompletionUsage>,
        finish_reason: Option<FinishReason>,
    ) -> Self {
        let tool_calls = calls.iter().filter_map(ToolCall::from_model).collect();
        let assistant_message = assistant_message(text.clone(), calls);
        Self { assistant_message, usage, finish_reason, text, tool_calls }
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

/// A streamed answer as far as it has come.
#[derive(Default)]
struct Assembly {
    text: String,
    calls: BTreeMap<u32, ChatCompletionMessageToolCall>,
    usage: Option<CompletionUsage>,
    finish_reason: Option<FinishReason>,
}

impl Assembly {
    /// Takes in a chunk, and gives back the text that it adds.
    fn add(&mut self, chunk: CreateChatCompletionStreamResponse) -> Option<String> {
        // The usage comes last, in a chunk without a choice.
        self.usage = chunk.usage.or(self.usage.take());
        let choice = chunk.choices.into_iter().next()?;
        self.finish_reason = choice.finish_reason.or(self.finish_reason);
        for part in choice.delta.tool_calls.unwrap_or_default() {
            self.add_call(part);
        }
        let text = choice.delta.content.filter(|text| !text.is_empty())?;
        self.text.push_str(&text);
        Some(text)
    }

    fn add_call(&mut self, part: ChatCompletionMessageToolCallChunk) {
        let call = self.calls.entry(part.index).or_default();
        // The id and the name come whole, from some servers with every part; the arguments in pieces.
        call.id = part.id.unwrap_or(std::mem::take(&mut call.id));
        if let Some(function) = part.function {
            call.function.name = function.name.unwrap_or(std::mem::take(&mut call.function.name));
            call.function.arguments.push_str(&function.arguments.unwrap_or_default());
        }
    }

    fn finish(self) -> Result<Reply, ModelError> {
        let finish_reason = self.finish_reason.ok_or(ModelError::CutShort)?;
        let calls = self.calls.into_values().map(ChatCompletionMessageToolCalls::Function).collect();
        Ok(Reply::new(self.text, calls, self.usage, Some(finish_reason)))
    }
}
