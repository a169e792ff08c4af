//! The shape of what the catalogue holds.

/// A documented span: the three events `prefix.start`, `prefix.stop` and `prefix.exception`.
#[derive(Debug)]
pub struct SpanSpec {
    /// What stands in `#[agent_span(..)]`: `llm_turn`.
    pub short_name: &'static str,
    /// What the three event names begin with: `condukt.llm_turn`.
    pub prefix: &'static str,
    /// The full event names, in the order of [`Phase`].
    pub events: [&'static str; 3],
    /// Which group of the default logger it belongs to.
    pub category: Category,
    /// The keys that come from the current context, absent where that has none.
    pub context: &'static [ContextKey],
    /// The keys given at start, there again on stop and exception.
    pub start: &'static [FieldSpec],
    /// The keys that stop adds.
    pub stop: &'static [FieldSpec],
    /// Where the keys of `stop` come from.
    pub stop_keys: StopKeys,
    /// Whether the events inside read a context that this span opens, so that it is kept alive
    /// while any handler is attached to anything.
    pub opens_context: bool,
    /// The original that has it and since which version, such as `legion 0.6`; `None` if the two documents have it.
    pub since: Option<&'static str>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl SpanSpec {
    /// The full name of one of the three events.
    pub fn event(&self, phase: Phase) -> &'static str {
        self.events[phase as usize]
    }

    /// The start key of that name, with or without its question mark.
    pub fn start_field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.start.iter().find(|field| field.is(name))
    }

    /// The stop key of that name, with or without its question mark.
    pub fn stop_field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.stop.iter().find(|field| field.is(name))
    }
}

/// A documented event that stands alone.
#[derive(Debug)]
pub struct EventSpec {
    /// What stands in `emit!(..)`: `compact`.
    pub emit: &'static str,
    /// The full name: `condukt.compact.stop`.
    pub name: &'static str,
    /// Which group of the default logger it belongs to.
    pub category: Category,
    /// The numbers it carries.
    pub measurements: &'static [FieldSpec],
    /// The keys that come from the current context, absent where that has none.
    pub context: &'static [ContextKey],
    /// The other keys.
    pub metadata: &'static [FieldSpec],
    /// Whether the event goes beyond the two documents.
    pub extension: bool,
    /// The original that has it and since which version, such as `legion 0.5`; `None` if the two documents have it, or
    /// neither original.
    pub since: Option<&'static str>,
    /// One line of documentation.
    pub doc: &'static str,
}

/// One key of an event.
#[derive(Debug)]
pub struct FieldSpec {
    /// The key as it stands in the event, question mark included.
    pub key: &'static str,
    /// What its value is.
    pub ty: Type,
    /// Who gives it.
    pub requirement: Requirement,
    /// Whether it goes beyond the two documents.
    pub extension: bool,
    /// The original that has it and since which version, such as `legion 0.5`; `None` if the two documents have it, or
    /// neither original.
    pub since: Option<&'static str>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl FieldSpec {
    /// The same, with the version of an original that has it since.
    pub(crate) const fn since(self, version: &'static str) -> Self {
        Self { since: Some(version), ..self }
    }

    /// The key as it is written in Rust: without the question mark.
    pub fn name(&self) -> &'static str {
        self.key.trim_end_matches('?')
    }

    /// Whether `name` means this key, with or without its question mark.
    pub fn is(&self, name: &str) -> bool {
        self.key == name || self.name() == name
    }
}

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A length of time in nanoseconds, given as a `Duration` or as a whole number.
    Duration,
    /// A list of strings.
    Texts,
    /// Whatever serialises.
    Any,
}

impl Type {
    /// Its name in messages and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Flag => "boolean",
            Self::Duration => "nanoseconds",
            Self::Texts => "list of texts",
            Self::Any => "any",
        }
    }
}

/// Who gives a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The annotation must.
    Required,
    /// The annotation may.
    Optional,
    /// The library does; an annotation may override it.
    Automatic,
}

/// Where a span's stop keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKeys {
    /// There is nothing to derive from the return value.
    None,
    /// From `stop(..)`, or from the return type's `StopMetadata`.
    Derived,
    /// The same, but a return type without `StopMetadata` gives no keys.
    Derivable,
    /// The return value itself is the `result`.
    Value,
}

/// A key that the current context provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKey {
    /// The agent's name.
    Agent,
    /// The session's id (`UUIDv7`).
    SessionId,
    /// The id of the session that delegated to this one.
    ParentSessionId,
    /// The id of a Legion agent's life (`UUIDv7`).
    RunId,
    /// The run that this one was started in.
    ParentRunId,
    /// The number of the current iteration, from 0.
    Iteration,
    /// The id the model gave the tool call.
    ToolCallId,
    /// The id of a Legion agent, which may outlast its run.
    #[cfg(feature = "newer-events")]
    AgentId,
    /// The agent that this one was started in.
    #[cfg(feature = "newer-events")]
    ParentAgentId,
}

impl ContextKey {
    /// The key as it stands in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::SessionId => "session_id",
            Self::ParentSessionId => "parent_session_id",
            Self::RunId => "run_id",
            Self::ParentRunId => "parent_run_id",
            Self::Iteration => "iteration",
            Self::ToolCallId => "tool_call_id",
            #[cfg(feature = "newer-events")]
            Self::AgentId => "agent_id",
            #[cfg(feature = "newer-events")]
            Self::ParentAgentId => "parent_agent_id",
        }
    }

    /// The original that has it and since which version; `None` if the two documents have it.
    pub const fn since(self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "newer-events")]
            Self::AgentId | Self::ParentAgentId => Some("legion 0.5"),
            _ => None,
        }
    }

    /// What its value is.
    pub const fn ty(self) -> Type {
        match self {
            Self::Iteration => Type::Integer,
            _ => Type::Text,
        }
    }
}

/// The three events of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The work began.
    Start,
    /// The work returned.
    Stop,
    /// The work panicked or was dropped unfinished.
    Exception,
}

impl Phase {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::Start, Self::Stop, Self::Exception];

    /// The last segment of the event's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Exception => "exception",
        }
    }
}

/// A group of events that the default logger shows or hides together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Agents: `condukt.agent.*`, `condukt.compact.stop`, `legion.agent.started` and `stopped`,
    /// `telemetry.evaluation.result`.
    Agent,
    /// `legion.agent.message.*`.
    Message,
    /// `legion.iteration.*`.
    Iteration,
    /// Model calls: `condukt.llm_turn.*`, `legion.llm.request.*`.
    Llm,
    /// `legion.sandbox.eval.*`.
    Sandbox,
    /// `legion.mcp.call.*`.
    #[cfg(feature = "newer-events")]
    Mcp,
    /// `condukt.tool_call.*`.
    Tool,
    /// `condukt.subagent.*`.
    Subagent,
    /// `condukt.operation.*`.
    Operation,
    /// `condukt.run.*`.
    Run,
    /// `condukt.secrets.*`.
    Secrets,
    /// `telemetry.*`: events about the telemetry itself.
    Telemetry,
}
