//! What a model calls: [`ToolCall`], the [`Toolbox`] that answers it, and how it goes wrong.

use async_openai::types::chat::ChatCompletionTools;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use telemetry_runtime::ErrorType;

use crate::airline::agent::AgentError;

/// A call that a model asked for.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The id that the model gave it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments: an object, or the text itself where the model did not write valid JSON.
    pub arguments: Value,
}

impl From<telemetry_llm::ToolCall> for ToolCall {
    fn from(call: telemetry_llm::ToolCall) -> Self {
        Self { id: call.id.unwrap_or_default(), name: call.name, arguments: call.arguments }
    }
}

impl ToolCall {
    /// One of the arguments.
    pub fn argument<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<T, ToolError> {
        let bad = |reason: String| ToolError::BadArgument { name: name.to_owned(), reason };
        let value = self.arguments.get(name).ok_or_else(|| bad("is missing".to_owned()))?;
        T::deserialize(value).map_err(|error| bad(error.to_string()))
    }
}

/// The tools of an agent.
#[async_trait]
pub trait Toolbox: Send + Sync {
    /// The tools as the model receives them.
    fn definitions(&self) -> &[ChatCompletionTools];

    /// Carries out a call. The error's text goes to the model, which may make amends.
    async fn call(&self, call: &ToolCall) -> Result<String, ToolError>;

    /// Whether the calls so far took the conversation out of the agent's hands, so that it has
    /// nothing more to say.
    fn handed_over(&self) -> bool;
}

/// Why a tool call failed. The texts are what the model reads.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The model made a tool up.
    #[error("Error: there is no tool `{0}`")]
    Unknown(String),
    /// The model left an argument out, or gave it the wrong type.
    #[error("Error: argument `{name}` {reason}")]
    BadArgument {
        /// The argument.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing of that name or number.
    #[error("Error: {what} {id} not found")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// What it was called.
        id: String,
    },
    /// The airline's rules, or the customer's means, forbid it.
    #[error("Error: {0}")]
    Refused(String),
    /// The booking system does not know the session's key.
    #[error("Error: the booking system refused the key")]
    Unauthorised,
    /// The agent that was asked for help failed.
    #[error("Error: {0}")]
    Delegation(#[from] Box<AgentError>),
    /// What a recorded call answered.
    #[error("{0}")]
    Recorded(String),
    /// The recording has no answer to the call.
    #[error("Error: the recording has no answer to the call {0}")]
    NotRecorded(String),
}

impl ErrorType for ToolError {
    fn error_type(&self) -> String {
        let kind = match self {
            Self::Unknown(_) => "unknown_tool",
            Self::BadArgument { .. } => "bad_argument",
            Self::NotFound { .. } => "not_found",
            Self::Refused(_) => "refused",
            Self::Unauthorised => "unauthorised",
            Self::Delegation(_) => "delegation",
            Self::Recorded(_) => "recorded",
            Self::NotRecorded(_) => "not_recorded",
        };
        kind.to_owned()
    }
}
