//! The events themselves.

use crate::model::ContextKey::{
    Agent, Iteration, ParentRunId, ParentSessionId, RunId, SessionId, ToolCallId,
};
use crate::model::Requirement::{Automatic, Optional, Required};
use crate::model::Type::{Any, Duration, Flag, Integer, Text, Texts};
use crate::model::{Category, EventSpec, FieldSpec, Requirement, SpanSpec, StopKeys, Type};

/// The first segments that only documented events may have.
pub const RESERVED: [&str; 3] = ["condukt", "legion", "telemetry"];

const fn field(key: &'static str, ty: Type, requirement: Requirement, doc: &'static str) -> FieldSpec {
    FieldSpec { key, ty, requirement, extension: false, doc }
}

/// A key that goes beyond the two documents.
const fn extension(key: &'static str, ty: Type, requirement: Requirement, doc: &'static str) -> FieldSpec {
    FieldSpec { key, ty, requirement, extension: true, doc }
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
    extension("error", Text, Automatic, "on `error`: what it says"),
    extension("error_type", Text, Automatic, "on `error`: its kind, of low cardinality"),
];

/// The metadata of every `exception`.
pub const EXCEPTION: &[FieldSpec] = &[
    field("kind", Text, Automatic, "`panic` or `cancelled`"),
    field("reason", Text, Automatic, "the panic message, or `cancelled`"),
    field("stacktrace", Texts, Automatic, "the frames, innermost first"),
];

macro_rules! span {
    ($short_name:literal, $prefix:literal, $category:ident, $context:expr, start $start:expr, stop $stop:expr,
     $keys:ident, opens_context $opens:literal, $doc:literal) => {
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
    span!("agent_message", "legion.agent.message", Message, &[Agent, RunId, ParentRunId],
        start &[field("message", Any, Required, "the message handled")],
        stop &[
            field("iterations", Integer, Optional, "how many assistant turns it took"),
            field("result", Any, Optional, "the value returned, or why it was cancelled"),
            field("bindings", Any, Optional, "the variables carried out of the turn"),
        ], Derived, opens_context false,
        "an agent process handles a message"),
    span!("iteration", "legion.iteration", Iteration, &[Agent, RunId, ParentRunId],
        start &[field("iteration", Integer, Required, "the number of the step, from 0")],
        stop &[field("action", Any, Optional, "what the model chose to do")], Derived, opens_context true,
        "one step of an agent's loop"),
    span!("llm_request", "legion.llm.request", Llm, &[Agent, RunId, ParentRunId, Iteration],
        start &[
            field("model", Text, Required, "the model asked"),
            field("message_count", Integer, Required, "how many messages it is given"),
            extension("provider", Text, Optional, "who serves the model, such as `openai`"),
        ],
        stop &[
            extension("usage", Any, Optional, "the tokens used"),
            extension("finish_reason", Any, Optional, "why the model stopped"),
            extension("response_model", Text, Optional, "the model that answered"),
            extension("response_id", Text, Optional, "the id that the provider gave the answer"),
            extension("object", Any, Optional, "the structured object that the model answered"),
        ], Derivable, opens_context false,
        "one request to a model"),
    span!("sandbox_eval", "legion.sandbox.eval", Sandbox, &[Agent, RunId, ParentRunId],
        start &[field("code", Any, Required, "the code evaluated")],
        stop &[
            field("success", Flag, Automatic, "whether it evaluated"),
            field("result", Any, Optional, "on success: the value"),
            field("error", Text, Automatic, "on failure: what it says"),
        ], Value, opens_context false,
        "code runs in the sandbox"),
];

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
        context: &[Agent, RunId, ParentRunId],
        metadata: &[],
        extension: false,
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
        context: &[Agent, RunId, ParentRunId],
        metadata: &[],
        extension: false,
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
        doc: "a handler panicked and was detached",
    },
];
