//! The agents: [`Assistant`], which talks to the customer, and [`FareDesk`], whom it asks about
//! fares and refunds.
//!
//! This is the file to copy from. An attribute on each function that means something is all the
//! instrumentation there is.

use std::sync::Arc;

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionRequestToolMessage, ChatCompletionRequestUserMessage,
};
use futures::future::join_all;
use telemetry_runtime::{Context, ErrorType, InContext as _, agent_span};

use crate::model::{Model, ModelError};
use crate::tools::{ToolCall, Toolbox};

/// Talks to a customer.
pub struct Assistant {
    chat: Chat,
}

impl Assistant {
    /// An assistant at the beginning of a conversation.
    pub fn new(model: Model, tools: Arc<dyn Toolbox>) -> Self {
        Self { chat: Chat::new(model, tools) }
    }

    /// Reads a message without answering it: instructions, or one half of what a customer says.
    pub fn read(&mut self, message: ChatCompletionRequestMessage) {
        self.chat.messages.push(message);
    }

    /// Answers the customer. Calls the tools that it takes, and returns what the customer reads.
    #[agent_span(agent)]
    pub async fn answer(&mut self, message: String) -> Result<String, AgentError> {
        self.chat.answer(message).await
    }

    /// Says something that nobody asked for: a greeting, mostly. No prompt, so no `agent` span.
    pub async fn speak(&mut self) -> Result<String, AgentError> {
        self.chat.go_on().await
    }
}

/// Knows about fares.
pub struct FareDesk {
    chat: Chat,
}

impl FareDesk {
    /// A fare desk that waits for its question.
    pub fn new(model: Model, tools: Arc<dyn Toolbox>) -> Self {
        Self { chat: Chat::new(model, tools) }
    }

    /// Reads its instructions.
    pub fn read(&mut self, message: ChatCompletionRequestMessage) {
        self.chat.messages.push(message);
    }

    /// Answers a colleague.
    #[agent_span(agent)]
    async fn answer(&mut self, question: String) -> Result<String, AgentError> {
        self.chat.answer(question).await
    }
}

/// Asks the fare desk one question. It works in a session of its own, whose parent is the caller's.
#[agent_span(subagent, role = "fare_desk", child_agent = std::any::type_name::<FareDesk>(), input = false, output = false)]
pub async fn ask_fare_desk(mut fare_desk: FareDesk, question: String) -> Result<String, AgentError> {
    fare_desk.answer(question).await
}

/// Why there is no answer for the customer.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The model failed.
    #[error("turn {turn}: {error}")]
    Model {
        /// Which turn, from 0.
        turn: u32,
        /// How.
        error: ModelError,
    },
    /// The model calls tools without end.
    #[error("no answer after {0} turns")]
    TooManyTurns(u32),
}

impl ErrorType for AgentError {
    fn error_type(&self) -> String {
        match self {
            Self::Model { error, .. } => error.error_type(),
            Self::TooManyTurns(_) => "too_many_turns".to_owned(),
        }
    }
}

/// A conversation with a model and its tools.
struct Chat {
    model: Model,
    tools: Arc<dyn Toolbox>,
    messages: Vec<ChatCompletionRequestMessage>,
}

impl Chat {
    /// More turns than any sane answer takes; a model that only ever calls tools has to be stopped.
    const MAX_TURNS: u32 = 100;

    fn new(model: Model, tools: Arc<dyn Toolbox>) -> Self {
        Self { model, tools, messages: Vec::new() }
    }

    async fn answer(&mut self, message: String) -> Result<String, AgentError> {
        self.messages.push(ChatCompletionRequestUserMessage::from(message).into());
        self.go_on().await
    }

    /// Asks the model and calls tools, in turns, until the model has nothing more to call.
    async fn go_on(&mut self) -> Result<String, AgentError> {
        for turn in 0..Self::MAX_TURNS {
            let reply = self
                .model
                .ask(turn, &self.messages, self.tools.definitions())
                .await
                .map_err(|error| AgentError::Model { turn, error })?;
            self.messages.push(reply.assistant_message);
            if reply.tool_calls.is_empty() {
                return Ok(reply.text);
            }
            self.call_tools(&reply.tool_calls).await;
            if self.tools.handed_over() {
                return Ok(reply.text);
            }
        }
        Err(AgentError::TooManyTurns(Self::MAX_TURNS))
    }

    /// Carries out all calls of a turn at once, each under the id that the model gave it.
    async fn call_tools(&mut self, calls: &[ToolCall]) {
        let results = calls.iter().map(|call| {
            let context = Context::current().with_tool_call_id(&*call.id);
            self.tools.call(call).in_context(context)
        });
        for (call, result) in calls.iter().zip(join_all(results).await) {
            let content = result.unwrap_or_else(|error| error.to_string());
            self.messages.push(
                ChatCompletionRequestToolMessage { content: content.into(), tool_call_id: call.id.clone() }
                    .into(),
            );
        }
    }
}
