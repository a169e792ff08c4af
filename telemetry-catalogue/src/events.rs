//! The documented events, as data.

use crate::model::ContextKey::{
    Agent, Iteration, ParentRunId, ParentSessionId, RunId, SessionId, ToolCallId,
};
#[cfg(feature = "newer-events")]
use crate::model::ContextKey::{AgentId, ParentAgentId};
use crate::model::Requirement::{Automatic, Optional, Required};
use crate::model::Type::{Any, Duration, Flag, Integer, Number, Text, Texts};
use crate::model::{Category, EventSpec, FieldSpec, Requirement, SpanSpec, StopKeys, Type};

/// The first segments that only documented events may have.
pub const RESERVED: [&str; 3] = ["condukt", "legion", "telemetry"];

const fn field(key: &'static str, ty: Type, requirement: Requirement, doc: &'static str) -> FieldSpec {
    FieldSpec { key, ty, requirement, extension: false, since: None, doc }
}

/// A key that goes beyond the two documents.
const fn extension(key: &'static str, ty: Type, requirement: Requirement, doc: &'static str) -> FieldSpec {
    FieldSpec { key, ty, requirement, extension: true, since: None, doc }
}

/// The measurements of every `start`.
pub const START: &[FieldSpec] = &[
    field("system_time", Integer, Automatic, "wall-clock time, nanoseconds since the Unix epoch"),
    extension("monotonic_time", Integer, Automatic, "a clock that never goes back, nanoseconds"),
];

/// The measurements of every `stop` and `exception`.
pub const END: &[FieldSpec] = &[
    field("duration", Duration, Automatic, "time since the start, nanoseconds"),
    extension("monotonic_time", Integer, Automatic, "a clock that never goes back, nanoseconds"),
    extension("items", Integer, Automatic, "of a stream: how many items it gave"),
    extension(
        "time_to_first_item",
        Duration,
        Automatic,
        "of a stream: time from its start to its first item",
    ),
    extension(
        "time_to_first_token",
        Duration,
        Automatic,
        "of a model's stream: time from its start to the first item with text, reasoning or a tool call",
    ),
];

/// The metadata that every `stop` may carry beside its span's own keys.
pub const STOP: &[FieldSpec] = &[
    extension("status", Text, Automatic, "`ok` or `error`, unless a stop rule says otherwise"),
    extension("error", Text, Automatic, "on `error`: its text"),
    extension("error_type", Text, Automatic, "on `error`: its kind, of low cardinality"),
];

/// The metadata of every `exception`.
pub const EXCEPTION: &[FieldSpec] = &[
    field("kind", Text, Automatic, "`panic` or `cancelled`"),
    field("reason", Text, Automatic, "the panic message, or `cancelled`"),
    field("stacktrace", Texts, Automatic, "the frames, innermost first"),
];

/// The context keys of an event of Legion's, with more of its own. Newer versions write `agent_id` for `run_id`: both are
/// there then, so that a reader of either finds its own.
macro_rules! legion {
    ($($more:ident),*) => {
        &[
            Agent,
            RunId,
            ParentRunId,
            $($more,)*
            #[cfg(feature = "newer-events")]
            AgentId,
            #[cfg(feature = "newer-events")]
            ParentAgentId,
        ]
    };
}

macro_rules! span {
    ($short_name:literal, $prefix:literal, $category:ident, $context:expr, start $start:expr, stop $stop:expr,
     $keys:ident, opens_context $opens:literal, $(since $since:literal,)? $doc:literal) => {
        SpanSpec {
            short_name: $short_name,
            prefix: $prefix,
            events: [concat!($prefix, ".start"), concat!($prefix, ".stop"), concat!($prefix, ".exception")],
            category: Category::$category,
            context: $context,
            start: $start,
            stop: $stop,
            stop_keys: StopKeys::$keys,
            opens_context: $opens,
            since: [$(Some($since),)? None][0],
            doc: $doc,
        }
    };
}

/// All documented spans.
pub const SPANS: &[SpanSpec] = &[
    span!("agent", "condukt.agent", Agent, &[Agent, SessionId, ParentSessionId],
        start &[extension("prompt", Any, Optional, "what the agent is asked; content")],
        stop &[extension("output", Any, Optional, "what the agent answers; content")],
        Derivable, opens_context true,
        "an agent works on a prompt"),
    span!("llm_turn", "condukt.llm_turn", Llm, &[Agent, SessionId, ParentSessionId],
        start &[
            field("model", Text, Required, "the model asked"),
            field("turn", Integer, Automatic, "the number of the round trip within the agent's run, from 0"),
            field("messages", Any, Required, "the conversation handed to the model"),
            field("streaming?", Flag, Optional, "whether the answer is streamed"),
            field("tool_count", Integer, Optional, "how many tools the model may call"),
            extension("provider", Text, Optional, "who serves the model, such as `openai`"),
            extension("parameters", Any, Optional, "the request's parameters by name, such as `temperature`"),
            extension("tools", Any, Optional, "the definitions of the tools the model may call"),
        ],
        stop &[
            field("assistant_message", Any, Optional, "the model's answer, its tool calls included"),
            field("usage", Any, Optional, "the tokens used"),
            field("finish_reason", Any, Optional, "why the model stopped"),
            extension("response_model", Text, Optional, "the model that answered"),
            extension("response_id", Text, Optional, "the id that the provider gave the answer"),
        ], Derived, opens_context false,
        "one round trip to a model"),
    span!("tool_call", "condukt.tool_call", Tool, &[Agent, SessionId, ParentSessionId, ToolCallId],
        start &[
            field("tool", Text, Automatic, "the tool's name"),
            field("args", Any, Automatic, "the arguments by name"),
        ],
        stop &[field("result", Any, Optional, "what the tool returned")], Value, opens_context true,
        "a tool runs"),
    span!("subagent", "condukt.subagent", Subagent, &[Agent, ParentSessionId],
        start &[
            field("role", Text, Required, "what the child is to do"),
            field("child_agent", Text, Required, "the agent that is called"),
            field("input?", Flag, Optional, "whether structured input is given"),
            field("output?", Flag, Optional, "whether structured output is expected"),
        ],
        stop &[field("session_id", Text, Automatic, "the child's session, if it started")],
        None, opens_context true,
        "an agent delegates to another"),
    span!("operation", "condukt.operation", Operation, &[Agent, SessionId, ParentSessionId],
        start &[
            field("operation", Text, Required, "the operation's name"),
            extension("prompt", Any, Optional, "what is asked; content"),
        ],
        stop &[extension("output", Any, Optional, "what is answered; content")],
        Derivable, opens_context true,
        "an operation: checked input, a transient session, checked output"),
    span!("run", "condukt.run", Run, &[SessionId, ParentSessionId],
        start &[
            field("structured?", Flag, Optional, "whether structured output is expected"),
            field("input?", Flag, Optional, "whether structured input is given"),
            extension("prompt", Any, Optional, "what is asked; content"),
        ],
        stop &[extension("output", Any, Optional, "what is answered; content")],
        Derivable, opens_context true,
        "an anonymous run: a prompt without an agent of its own"),
    span!("agent_message", "legion.agent.message", Message, legion!(),
        start &[field("message", Any, Required, "the message handled")],
        stop &[
            field("iterations", Integer, Optional, "how many assistant turns it took"),
            field("result", Any, Optional, "the value returned, or why it was cancelled"),
            field("bindings", Any, Optional, "the variables carried out of the turn"),
        ], Derived, opens_context false,
        "an agent process handles a message"),
    span!("iteration", "legion.iteration", Iteration, legion!(),
        start &[field("iteration", Integer, Required, "the number of the step, from 0")],
        stop &[field("action", Any, Optional, "what the model chose to do")], Derived, opens_context true,
        "one step of an agent's loop"),
    span!("llm_request", "legion.llm.request", Llm, legion!(Iteration),
        start &[
            field("model", Text, Required, "the model asked"),
            field("message_count", Integer, Required, "how many messages it is given"),
            extension("provider", Text, Optional, "who serves the model, such as `openai`"),
        ],
        stop &[
            extension("usage", Any, Optional, "the tokens used").since("legion 0.5"),
            extension("finish_reason", Any, Optional, "why the model stopped"),
            extension("response_model", Text, Optional, "the model that answered"),
            extension("response_id", Text, Optional, "the id that the provider gave the answer"),
            extension("object", Any, Optional, "the structured object that the model answered").since("legion 0.5"),
        ], Derivable, opens_context false,
        "one request to a model"),
    span!("sandbox_eval", "legion.sandbox.eval", Sandbox, legion!(),
        start &[field("code", Any, Required, "the code evaluated")],
        stop &[
            field("success", Flag, Automatic, "whether it evaluated"),
            field("result", Any, Optional, "on success: the value"),
            field("error", Text, Automatic, "on failure: the error's text"),
        ], Value, opens_context false,
        "code runs in the sandbox"),
    // Newer ones stand last: the position of the others does not depend on the feature.
    #[cfg(feature = "newer-events")]
    span!("mcp_call", "legion.mcp.call", Mcp, legion!(SessionId),
        start &[field("code", Any, Required, "the code that calls the server").since("legion 0.6")],
        stop &[
            field("success", Flag, Optional, "whether the server answered").since("legion 0.6"),
            field("error", Text, Optional, "on failure: the error's text").since("legion 0.6"),
        ], None, opens_context false, since "legion 0.6",
        "code calls an MCP server"),
];

/// What the events of Condukt's network policy have in common.
#[cfg(feature = "newer-events")]
macro_rules! network_request {
    ($emit:literal, $name:literal, $doc:literal) => {
        EventSpec {
            emit: $emit,
            name: $name,
            category: Category::Sandbox,
            measurements: &[
                field("bytes_in", Integer, Optional, "bytes received"),
                field("bytes_out", Integer, Optional, "bytes sent"),
            ],
            // The original has neither agent nor session here.
            context: &[Agent, SessionId, ParentSessionId],
            metadata: &[
                field("request", Any, Required, "what is asked of which host"),
                field("reason", Any, Optional, "why"),
                field("matched_rule", Any, Optional, "the rule that decided: its `index` and `kind`"),
                field("at", Any, Optional, "when, as the policy has it"),
            ],
            extension: false,
            since: Some("condukt 1.11"),
            doc: $doc,
        }
    };
}

/// All documented events that stand alone.
pub const EVENTS: &[EventSpec] = &[
    EventSpec {
        emit: "secrets_resolve",
        name: "condukt.secrets.resolve",
        category: Category::Secrets,
        measurements: &[field("count", Integer, Required, "how many secrets")],
        context: &[Agent, SessionId, ParentSessionId],
        metadata: &[field("names", Texts, Required, "their names, never their values")],
        extension: false,
        since: None,
        doc: "a session's secrets are resolved",
    },
    EventSpec {
        emit: "secrets_access",
        name: "condukt.secrets.access",
        category: Category::Secrets,
        measurements: &[field("count", Integer, Required, "how many secrets")],
        context: &[Agent, SessionId, ParentSessionId, ToolCallId],
        metadata: &[
            field("tool", Text, Required, "the tool that receives them"),
            field("names", Texts, Required, "their names, never their values"),
        ],
        extension: false,
        since: None,
        doc: "a tool receives the session's secrets",
    },
    EventSpec {
        emit: "compact",
        name: "condukt.compact.stop",
        category: Category::Agent,
        measurements: &[
            field("duration", Duration, Required, "how long it took, nanoseconds"),
            field("before", Integer, Required, "messages before"),
            field("after", Integer, Required, "messages after"),
        ],
        context: &[Agent, SessionId, ParentSessionId],
        metadata: &[],
        extension: true,
        since: Some("condukt 1.11"),
        doc: "a session's history is compacted",
    },
    EventSpec {
        emit: "agent_started",
        name: "legion.agent.started",
        category: Category::Agent,
        measurements: &[field(
            "system_time",
            Integer,
            Automatic,
            "wall-clock time, nanoseconds since the Unix epoch",
        )],
        context: legion!(),
        metadata: &[],
        extension: false,
        since: None,
        doc: "an agent process is built",
    },
    EventSpec {
        emit: "agent_stopped",
        name: "legion.agent.stopped",
        category: Category::Agent,
        measurements: &[field(
            "system_time",
            Integer,
            Automatic,
            "wall-clock time, nanoseconds since the Unix epoch",
        )],
        context: legion!(),
        metadata: &[],
        extension: false,
        since: None,
        doc: "an agent process ends",
    },
    EventSpec {
        emit: "handler_failure",
        name: "telemetry.handler.failure",
        category: Category::Telemetry,
        measurements: &[
            field("system_time", Integer, Automatic, "wall-clock time, nanoseconds since the Unix epoch"),
            field("monotonic_time", Integer, Automatic, "a clock that never goes back, nanoseconds"),
        ],
        context: &[],
        metadata: &[
            field("event_name", Text, Required, "the event that was being handled"),
            field("handler_id", Text, Required, "the handler, which is detached by now"),
            field("kind", Text, Required, "`panic`"),
            field("reason", Text, Required, "the panic message"),
            field("stacktrace", Texts, Required, "the frames, innermost first"),
        ],
        extension: false,
        since: None,
        doc: "a handler panicked and was detached",
    },
    EventSpec {
        emit: "evaluation",
        name: "telemetry.evaluation.result",
        category: Category::Agent,
        measurements: &[extension("score", Number, Optional, "the score")],
        context: &[Agent, SessionId, ParentSessionId, RunId, ParentRunId],
        metadata: &[
            extension("name", Text, Required, "what is judged, such as `relevance`"),
            extension("label", Text, Optional, "the score as a word, such as `pass`"),
            extension("explanation", Text, Optional, "why; content"),
            extension(
                "response_id",
                Text,
                Optional,
                "the id that the provider gave the answer that is judged",
            ),
            extension("error_type", Text, Optional, "why there is no score, of low cardinality"),
        ],
        extension: true,
        since: None,
        doc: "what an agent or a model did is judged, in the span that is current",
    },
    // Newer ones stand last: the position of the others does not depend on the feature.
    #[cfg(feature = "newer-events")]
    network_request!(
        "network_request_opened",
        "condukt.sandbox.network_policy.request_opened",
        "a request out of the sandbox is opened"
    ),
    #[cfg(feature = "newer-events")]
    network_request!(
        "network_request_allowed",
        "condukt.sandbox.network_policy.request_allowed",
        "the policy allows a request out of the sandbox"
    ),
    #[cfg(feature = "newer-events")]
    network_request!(
        "network_request_denied",
        "condukt.sandbox.network_policy.request_denied",
        "the policy denies a request out of the sandbox"
    ),
    #[cfg(feature = "newer-events")]
    network_request!(
        "network_request_closed",
        "condukt.sandbox.network_policy.request_closed",
        "a request out of the sandbox is over"
    ),
    #[cfg(feature = "newer-events")]
    network_request!(
        "network_request_failed",
        "condukt.sandbox.network_policy.request_failed",
        "a request out of the sandbox failed"
    ),
    #[cfg(feature = "newer-events")]
    EventSpec {
        emit: "network_decider_failure",
        name: "condukt.sandbox.network_policy.decider_failure",
        category: Category::Sandbox,
        measurements: &[field("count", Integer, Required, "how many times, `1`")],
        context: &[Agent, SessionId, ParentSessionId],
        metadata: &[field(
            "reason",
            Text,
            Required,
            "`decider_timeout`, `decider_error` or `decider_bad_return`",
        )],
        extension: false,
        since: Some("condukt 1.11"),
        doc: "what decides about requests out of the sandbox failed",
    },
    #[cfg(feature = "newer-events")]
    EventSpec {
        emit: "eval_guard_denied",
        name: "legion.eval_guard.denied",
        category: Category::Sandbox,
        measurements: &[],
        context: legion!(),
        metadata: &[
            field("guard", Text, Required, "the guard that denied it"),
            field("code", Any, Required, "the code that does not run"),
            field("reason", Any, Optional, "why"),
        ],
        extension: false,
        since: Some("legion 0.5"),
        doc: "a guard denies that code runs",
    },
    #[cfg(feature = "newer-events")]
    EventSpec {
        emit: "rate_limit_exceeded",
        name: "legion.rate_limit.exceeded",
        category: Category::Agent,
        measurements: &[field(
            "system_time",
            Integer,
            Automatic,
            "wall-clock time, nanoseconds since the Unix epoch",
        )],
        context: legion!(),
        metadata: &[
            field("identity", Any, Required, "whose limit it is"),
            field("policy", Any, Required, "the limits"),
            field("usage", Any, Optional, "what was used"),
            field("violations", Any, Optional, "which limits are exceeded"),
        ],
        extension: false,
        since: Some("legion 0.5"),
        doc: "an agent is over its limit",
    },
];
