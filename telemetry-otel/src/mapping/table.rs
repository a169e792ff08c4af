//! The table: what each documented span, and each of its keys, becomes.

use crate::config::convention::{Convention, Name};
use crate::mapping::names;

/// How a span's name is made. Where the part in braces is unknown, the rest alone is the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanName {
    /// That text.
    Plainly(&'static str),
    /// That text and the agent's name.
    WithAgent(&'static str),
    /// That text and the model, without its provider.
    WithModel(&'static str),
    /// That text and the text of a key.
    With(&'static str, &'static str),
    /// That text and the text of a key if that is a word, else of another key, which is a type.
    WithWord(&'static str, &'static str, &'static str),
}

/// What a key becomes. Keys of the user's own, which stand in no table, become attributes of
/// their own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An attribute.
    Attribute(Name),
    /// An attribute that is only set where it is true.
    WhenTrue(Name),
    /// A flag: that attribute, and where it is true the output is JSON.
    Structured(Name),
    /// The agent's name.
    Agent,
    /// The conversation.
    Conversation,
    /// The conversation, and an attribute beside it.
    ConversationAnd(Name),
    /// The model asked, perhaps with its provider before a colon.
    Model,
    /// The provider of the model.
    Provider,
    /// A map of token counts.
    Usage,
    /// The model that answered.
    ResponseModel,
    /// The parameters of a request.
    Parameters,
    /// Content: the tools that a model may call.
    Tools,
    /// One of a few words; any other text is a model's own.
    Word(Name),
    /// Why the model stopped.
    FinishReason,
    /// Who uses the agent.
    User,
    /// Content: the conversation given to a model, or one message.
    InputMessages,
    /// Content: what the model answered.
    OutputMessages,
    /// Content: a structured answer of the model.
    Object,
    /// Content: a tool's arguments.
    Arguments,
    /// Content: code that is evaluated.
    Code,
    /// Content: what a tool returned.
    ToolResult,
    /// Content: what went in, as text or JSON.
    Input,
    /// Content: what came out, as text or JSON.
    Output,
    /// Content: the value returned; on `cancel` the reason, which is none.
    ResultOrReason(Name),
    /// Content: a map whose keys are none.
    NamesOf(Name),
    /// Read where the span's ending is worked out.
    Outcome,
    /// The same, and an attribute.
    OutcomeAnd(Name),
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct SpanMapping {
    /// What the event names begin with.
    pub(crate) prefix: &'static str,
    pub(crate) called: SpanName,
    /// Whether it calls another service.
    pub(crate) client: bool,
    pub(crate) operation: Option<&'static str>,
    /// Its kind to `OpenInference`.
    pub(crate) kind: &'static str,
    /// Attributes that are always the same.
    pub(crate) constants: &'static [(Name, &'static str)],
    pub(crate) keys: &'static [(&'static str, Target)],
    /// What metrics call many of them.
    pub(crate) plural: &'static str,
    /// The histogram of its duration.
    pub(crate) duration: Name,
    /// The log record of a failure of that kind. Without one, a panic is logged under the event's own name, and
    /// other failures are not logged.
    pub(crate) failure: Option<Name>,
    /// Whether it shows the input and output of the model calls inside.
    pub(crate) rolls_up: RollsUp,
}

/// Whose input and output a span shows that has no input and output of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RollsUp {
    /// No other span's.
    Nothing,
    /// Those of the model calls inside.
    Models,
    /// Those of the one agent inside.
    Agent,
}

impl SpanMapping {
    /// What one of its keys becomes.
    pub(crate) fn to(&self, key: &str) -> Option<Target> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, to)| *to)
    }

    /// Whether it is a model call.
    pub(crate) fn is_inference(&self) -> bool {
        self.operation == Some("chat")
    }

    /// Whether it is a tool.
    pub(crate) fn is_tool(&self) -> bool {
        self.operation == Some("execute_tool")
    }
}

/// What a key of the context, or of an ending, becomes.
pub(crate) fn of_context(key: &str) -> Option<Target> {
    Some(match key {
        "agent" => Target::Agent,
        "session_id" => Target::Conversation,
        "parent_session_id" => attribute("condukt.parent_session_id"),
        "run_id" => Target::ConversationAnd(Name::same("legion.run_id")),
        "parent_run_id" => attribute("legion.parent_run_id"),
        "agent_id" => attribute(names::AGENT_ID),
        // The conventions have no name for an agent's parent.
        "parent_agent_id" => attribute("legion.parent_agent_id"),
        "iteration" => attribute("legion.iteration.index"),
        "tool_call_id" => attribute("gen_ai.tool.call.id"),
        "user_id" | "user.id" => Target::User,
        "status" | "error" | "error_type" | "kind" | "reason" | "stacktrace" => Target::Outcome,
        _ => return None,
    })
}

const fn attribute(name: &'static str) -> Target {
    Target::Attribute(Name::same(name))
}

/// The table.
pub(crate) const ROWS: &[SpanMapping] = &[
    SpanMapping {
        prefix: "condukt.agent",
        called: SpanName::WithAgent("invoke_agent"),
        client: false,
        operation: Some("invoke_agent"),
        kind: "AGENT",
        constants: &[],
        // Not of the documents: keys an annotation may add, so that the agent's own words are shown.
        keys: &[("prompt", Target::Input), ("input", Target::Input), ("output", Target::Output)],
        plural: "agent invocations",
        duration: Name::renamed("condukt.agent.duration", "gen_ai.invoke_agent.duration"),
        failure: None,
        rolls_up: RollsUp::Models,
    },
    SpanMapping {
        prefix: "condukt.llm_turn",
        called: SpanName::WithModel("chat"),
        client: true,
        operation: Some("chat"),
        kind: "LLM",
        constants: &[],
        keys: &[
            ("model", Target::Model),
            ("turn", attribute("condukt.llm_turn.turn")),
            ("messages", Target::InputMessages),
            ("streaming?", Target::WhenTrue(Name::same("gen_ai.request.stream"))),
            ("tool_count", attribute("condukt.llm_turn.tool_count")),
            ("assistant_message", Target::OutputMessages),
            ("usage", Target::Usage),
            ("finish_reason", Target::FinishReason),
            ("provider", Target::Provider),
            ("parameters", Target::Parameters),
            ("tools", Target::Tools),
            ("response_model", Target::ResponseModel),
            ("response_id", attribute(names::RESPONSE_ID)),
        ],
        plural: "model calls",
        duration: OPERATION_DURATION,
        failure: Some(Name::same("gen_ai.client.operation.exception")),
        rolls_up: RollsUp::Nothing,
    },
    SpanMapping {
        prefix: "condukt.tool_call",
        called: SpanName::With("execute_tool", "tool"),
        client: false,
        operation: Some("execute_tool"),
        kind: "TOOL",
        constants: &[(Name::same("gen_ai.tool.type"), "function")],
        keys: &[
            ("tool", attribute(names::TOOL_NAME)),
            ("args", Target::Arguments),
            ("result", Target::ToolResult),
        ],
        plural: "tool calls",
        duration: Name::renamed("condukt.tool_call.duration", "gen_ai.execute_tool.duration"),
        failure: None,
        rolls_up: RollsUp::Nothing,
    },
    SpanMapping {
        prefix: "condukt.subagent",
        // The child emits its own `invoke_agent`: a second one would count it twice.
        called: SpanName::WithWord("subagent", "role", "child_agent"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("role", Target::Word(Name::same("condukt.subagent.role"))),
            ("child_agent", attribute("condukt.subagent.child_agent")),
            ("input?", attribute("condukt.subagent.input")),
            ("output?", attribute("condukt.subagent.output")),
            ("parent_session_id", Target::ConversationAnd(Name::same("condukt.subagent.parent_session_id"))),
            // The child's, which is another conversation.
            ("session_id", attribute("condukt.subagent.session_id")),
        ],
        plural: "delegations",
        duration: Name::same("condukt.subagent.duration"),
        failure: None,
        rolls_up: RollsUp::Agent,
    },
    SpanMapping {
        prefix: "condukt.operation",
        called: SpanName::With("invoke_workflow", "operation"),
        client: false,
        operation: Some("invoke_workflow"),
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("operation", attribute("gen_ai.workflow.name")),
            ("prompt", Target::Input),
            ("input", Target::Input),
            ("output", Target::Output),
        ],
        plural: "operations",
        duration: Name::renamed("condukt.operation.duration", "gen_ai.invoke_workflow.duration"),
        failure: None,
        rolls_up: RollsUp::Agent,
    },
    SpanMapping {
        prefix: "condukt.run",
        called: SpanName::Plainly("run"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("structured?", Target::Structured(Name::same("condukt.run.structured"))),
            ("input?", attribute("condukt.run.input")),
            ("prompt", Target::Input),
            ("input", Target::Input),
            ("output", Target::Output),
        ],
        plural: "anonymous runs",
        duration: Name::same("condukt.run.duration"),
        failure: None,
        rolls_up: RollsUp::Agent,
    },
    SpanMapping {
        prefix: "legion.agent.message",
        called: SpanName::WithAgent("invoke_agent"),
        client: false,
        operation: Some("invoke_agent"),
        kind: "AGENT",
        constants: &[],
        keys: &[
            ("message", Target::InputMessages),
            ("iterations", attribute("legion.message.iterations")),
            ("result", Target::ResultOrReason(Name::same("legion.message.cancel_reason"))),
            ("bindings", Target::NamesOf(Name::same("legion.message.bindings"))),
            ("status", Target::OutcomeAnd(Name::same("legion.message.status"))),
        ],
        plural: "agent invocations",
        duration: Name::renamed("legion.agent.message.duration", "gen_ai.invoke_agent.duration"),
        failure: None,
        rolls_up: RollsUp::Nothing,
    },
    SpanMapping {
        prefix: "legion.iteration",
        called: SpanName::Plainly("iteration"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("iteration", attribute("legion.iteration.index")),
            ("action", Target::Word(Name::same("legion.iteration.action"))),
        ],
        plural: "iterations",
        duration: Name::same("legion.iteration.duration"),
        failure: None,
        rolls_up: RollsUp::Nothing,
    },
    SpanMapping {
        prefix: "legion.llm.request",
        called: SpanName::WithModel("chat"),
        client: true,
        operation: Some("chat"),
        kind: "LLM",
        constants: &[],
        keys: &[
            ("model", Target::Model),
            ("message_count", attribute("legion.llm.message_count")),
            // Not of the documents: keys an annotation may add.
            ("messages", Target::InputMessages),
            ("assistant_message", Target::OutputMessages),
            ("object", Target::Object),
            ("usage", Target::Usage),
            ("finish_reason", Target::FinishReason),
            ("provider", Target::Provider),
            ("parameters", Target::Parameters),
            ("tools", Target::Tools),
            ("response_model", Target::ResponseModel),
            ("response_id", attribute(names::RESPONSE_ID)),
        ],
        plural: "model calls",
        duration: OPERATION_DURATION,
        failure: Some(Name::same("gen_ai.client.operation.exception")),
        rolls_up: RollsUp::Nothing,
    },
    SpanMapping {
        prefix: "legion.sandbox.eval",
        called: SpanName::Plainly("execute_tool sandbox_eval"),
        client: false,
        operation: Some("execute_tool"),
        kind: "TOOL",
        constants: &[
            (Name::same(names::TOOL_NAME), "sandbox_eval"),
            (Name::same("gen_ai.tool.type"), "extension"),
        ],
        keys: &[
            ("code", Target::Code),
            ("success", attribute("legion.sandbox.success")),
            ("result", Target::ToolResult),
        ],
        plural: "tool calls",
        duration: Name::renamed("legion.sandbox.eval.duration", "gen_ai.execute_tool.duration"),
        failure: None,
        rolls_up: RollsUp::Nothing,
    },
];

/// The histogram of model calls, the one duration that 1.41.1 prescribes.
pub(crate) const OPERATION_DURATION: Name =
    Name::renamed("gen_ai.client.operation.duration", "gen_ai.client.inference.duration");

/// The attribute of a tool's name.
pub(crate) const TOOL: Name = Name::same(names::TOOL_NAME);

/// One single event: what its record is called, and what its keys become beside those of the context.
#[derive(Debug)]
pub(crate) struct EventMapping {
    /// The event's name.
    pub(crate) event: &'static str,
    /// The record's, where the conventions have one.
    pub(crate) called: Option<&'static str>,
    keys: &'static [(&'static str, &'static str)],
}

/// The single events that become something else than their own names.
const EVENT_ROWS: &[EventMapping] = &[
    EventMapping {
        event: "condukt.secrets.resolve",
        called: None,
        keys: &[("names", "condukt.secrets.names")],
    },
    EventMapping {
        event: "condukt.secrets.access",
        called: None,
        keys: &[("tool", names::TOOL_NAME), ("names", "condukt.secrets.names")],
    },
    EventMapping {
        event: "condukt.compact.stop",
        called: None,
        keys: &[("before", "condukt.compact.before"), ("after", "condukt.compact.after")],
    },
    EventMapping {
        event: "telemetry.evaluation.result",
        called: Some("gen_ai.evaluation.result"),
        keys: &[
            ("name", "gen_ai.evaluation.name"),
            ("score", "gen_ai.evaluation.score.value"),
            ("label", "gen_ai.evaluation.score.label"),
            ("explanation", "gen_ai.evaluation.explanation"),
            ("response_id", names::RESPONSE_ID),
            ("error_type", names::ERROR_TYPE),
        ],
    },
];

/// The line of a single event.
pub(crate) fn event_row(event: &str) -> Option<&'static EventMapping> {
    EVENT_ROWS.iter().find(|row| row.event == event)
}

impl EventMapping {
    /// What one of its keys becomes.
    pub(crate) fn to(&self, key: &str) -> Option<&'static str> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, to)| *to)
    }
}

/// The line of a span, with its place in the table.
pub(crate) fn row(prefix: &str) -> Option<(usize, &'static SpanMapping)> {
    ROWS.iter().enumerate().find(|(_, row)| row.prefix == prefix)
}

impl SpanMapping {
    /// Its constant attributes in a version.
    pub(crate) fn constants(
        &self,
        convention: Convention,
    ) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.constants.iter().filter_map(move |(name, value)| Some((name.of(convention)?, *value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_span_has_a_line_and_every_key_a_place() {
        for span in telemetry_catalogue::SPANS {
            let (_, row) = row(span.prefix).unwrap_or_else(|| panic!("no line for {}", span.prefix));
            for field in span.start.iter().chain(span.stop) {
                let to = row.to(field.key).or_else(|| of_context(field.key));
                assert!(to.is_some(), "{} of {} goes nowhere", field.key, span.prefix);
            }
            for key in span.context {
                assert!(of_context(key.as_str()).is_some(), "{} goes nowhere", key.as_str());
            }
        }
        assert_eq!(ROWS.len(), telemetry_catalogue::SPANS.len());
    }

    #[test]
    fn every_line_of_a_single_event_is_of_a_documented_one_and_of_its_keys() {
        for row in EVENT_ROWS {
            let event = telemetry_catalogue::EVENTS.iter().find(|event| event.name == row.event).unwrap();
            for (key, _) in row.keys {
                let mut fields = event.measurements.iter().chain(event.metadata);
                assert!(fields.any(|field| field.key == *key), "{} has no {key}", row.event);
            }
        }
    }

    #[test]
    fn names_outside_the_conventions_are_under_the_documents_own_prefixes() {
        let known = ["gen_ai.", "condukt.", "legion."];
        for row in ROWS {
            for (key, to) in row.keys {
                if let Target::Attribute(name) | Target::WhenTrue(name) | Target::ConversationAnd(name) = to {
                    let name = name.of(Convention::V1_41_1).unwrap();
                    assert!(known.iter().any(|prefix| name.starts_with(prefix)), "{key}: {name}");
                    assert!(!name.contains('?'), "{key}: {name}");
                }
            }
        }
    }
}
