//! What a context shows on the events in it.

use std::sync::Arc;

use telemetry_catalogue::ContextKey;

use super::own_keys::OwnKeys;
use crate::value::Value;

/// The documented keys of a context, and the user's own.
#[derive(Clone, Default)]
pub(crate) struct ContextKeys {
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) parent_session_id: Option<Arc<str>>,
    pub(crate) run_id: Option<Arc<str>>,
    pub(crate) parent_run_id: Option<Arc<str>>,
    pub(crate) iteration: Option<u64>,
    pub(crate) tool_call_id: Option<Arc<str>>,
    /// The id of a Legion agent and of the one around it, where they have one other than that of their run.
    pub(crate) agent_id: Option<Arc<str>>,
    pub(crate) parent_agent_id: Option<Arc<str>>,
    /// The user's own keys, added to every event.
    pub(crate) own: OwnKeys,
}

impl ContextKeys {
    /// The value of a context key.
    pub(crate) fn get(&self, key: ContextKey) -> Option<Value<'_>> {
        match key {
            ContextKey::Agent => self.agent.as_deref().map(Value::Str),
            ContextKey::SessionId => self.session_id.as_deref().map(Value::Str),
            ContextKey::ParentSessionId => self.parent_session_id.as_deref().map(Value::Str),
            ContextKey::RunId => self.run_id.as_deref().map(Value::Str),
            ContextKey::ParentRunId => self.parent_run_id.as_deref().map(Value::Str),
            ContextKey::Iteration => self.iteration.map(Value::U64),
            ContextKey::ToolCallId => self.tool_call_id.as_deref().map(Value::Str),
            #[cfg(feature = "newer-events")]
            ContextKey::AgentId => self.agent_id().map(Value::Str),
            #[cfg(feature = "newer-events")]
            ContextKey::ParentAgentId => self.parent_agent_id().map(Value::Str),
        }
    }

    /// The id of the agent: its own, else that of its run.
    #[cfg(feature = "newer-events")]
    pub(crate) fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref().or(self.run_id.as_deref())
    }

    /// The id of the agent around it: that one's own, else that of its run.
    #[cfg(feature = "newer-events")]
    pub(crate) fn parent_agent_id(&self) -> Option<&str> {
        self.parent_agent_id.as_deref().or(self.parent_run_id.as_deref())
    }
}
