//! The agents. A [`Chat`] is one: the [`ASSISTANT`], which talks to the customer, or the [`FARE_DESK`], which it asks
//! about fares and refunds. They differ in name, instructions and tools.
//!
//! This is the file to copy from. An attribute on each function that means something is all the
//! instrumentation there is.

use std::sync::Arc;

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionRequestToolMessage, ChatCompletionRequestUserMessage,
};
use futures::future::join_all;
use telemetry_runtime::{Context, ErrorType, InContext as _, agent_span};

use crate::airline::model::{Model, ModelError};
use crate::airline::toolbox::{ToolCall, Toolbox};

/// The agent that talks to the customer.
pub const ASSISTANT: &str = "Assistant";
/// The agent that knows about fares.
pub const FARE_DESK: &str = "FareDesk";

/// An agent in a conversation with a model and its tools.
pub struct Chat {
    agent: &'static str,
    model: Model,
    tools: Arc<dyn Toolbox>,
    messages: Vec<ChatCompletionRequestMessage>,
}

impl Chat {
    /// More turns than any sane answer takes; a model that only ever calls tools has to be stopped.
    const MAX_TURNS: u32 = 100;

    /// An agent of that name at the beginning of a conversation.
    pub fn new(agent: &'static str, model: Model, tools: Arc<dyn Toolbox>) -> Self {
        Self { agent, model, tools, messages: Vec::new() }
    }

    /// Reads a message without answering it: instructions, or one half of a customer's message.
    pub fn read(&mut self, message: ChatCompletionRequestMessage) {
        self.messages.push(message);
    }

    /// Answers a message. Calls the tools that it takes, and returns what the sender reads.
    #[agent_span(
        agent,
        agent = self.agent,
        prompt = message.as_str(),
        // An answer that hands the customer over has no text.
        stop(|answer| output = Some(answer).filter(|answer| !answer.is_empty()))
    )]
    pub async fn answer(&mut self, message: String) -> Result<String, AgentError> {
        self.messages.push(ChatCompletionRequestUserMessage::from(message).into());
        self.go_on().await
    }

    /// Speaks unasked: a greeting, mostly. There is no prompt, so no `agent` span.
    pub async fn speak(&mut self) -> Result<String, AgentError> {
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

/// Asks the fare desk one question. It works in a session of its own, whose parent is the caller's.
#[agent_span(subagent, role = "fare_desk", child_agent = FARE_DESK, input = false, output = false)]
pub async fn ask_fare_desk(mut fare_desk: Chat, question: String) -> Result<String, AgentError> {
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
