//! The table: what each documented span, and each of its keys, becomes.

use crate::convention::{Convention, Name};
use crate::names;

/// How a span's name is made. Where the part in braces is unknown, the rest alone is the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// That text.
    Plainly(&'static str),
    /// That text and the agent's name.
    WithAgent(&'static str),
    /// That text and the model, without its provider.
    WithModel(&'static str),
    /// That text and the text of a key.
    With(&'static str, &'static str),
}

/// What a key becomes. Keys of the user's own, which stand in no table, become attributes of
/// their own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// An attribute.
    Attribute(Name),
    /// An attribute, and another that only the latest version has.
    Also(Name, Name),
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
    /// A map of token counts, and the attribute of what they cost.
    Usage(&'static str),
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
    Ending,
    /// The same, and an attribute.
    EndingAnd(Name),
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What the event names begin with.
    pub(crate) prefix: &'static str,
    pub(crate) called: Called,
    /// Whether it asks somebody outside.
    pub(crate) client: bool,
    pub(crate) operation: Option<&'static str>,
    /// Its kind to `OpenInference`.
    pub(crate) kind: &'static str,
    /// Attributes that are always the same.
    pub(crate) constants: &'static [(Name, &'static str)],
    pub(crate) keys: &'static [(&'static str, To)],
    /// What metrics call many of them.
    pub(crate) plural: &'static str,
    /// The histogram of its duration.
    pub(crate) duration: Name,
    /// The log record of a failure of that kind; none for the event's own name, and for failures
    /// that are no panics nothing.
    pub(crate) failure: Option<Name>,
    /// Whether it answers for what the models inside were asked and said last.
    pub(crate) gathers: Gathers,
}

/// Whose input and output a span shows that has none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gathers {
    /// Nobody's.
    Nothing,
    /// Those of the model calls inside.
    Models,
    /// Those of the one agent inside.
    Agent,
}

impl Row {
    /// What one of its keys becomes.
    pub(crate) fn to(&self, key: &str) -> Option<To> {
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
pub(crate) fn of_context(key: &str) -> Option<To> {
    Some(match key {
        "agent" => To::Agent,
        "session_id" => To::Conversation,
        "parent_session_id" => attribute("condukt.parent_session_id"),
        "run_id" => To::ConversationAnd(Name::same("legion.run_id")),
        "parent_run_id" => attribute("legion.parent_run_id"),
        "iteration" => attribute("legion.iteration.index"),
        "tool_call_id" => attribute("gen_ai.tool.call.id"),
        "user_id" | "user.id" => To::User,
        "status" | "error" | "error_type" | "kind" | "reason" | "stacktrace" => To::Ending,
        _ => return None,
    })
}

const fn attribute(name: &'static str) -> To {
    To::Attribute(Name::same(name))
}

/// The table.
pub(crate) const ROWS: &[Row] = &[
    Row {
        prefix: "condukt.agent",
        called: Called::WithAgent("invoke_agent"),
        client: false,
        operation: Some("invoke_agent"),
        kind: "AGENT",
        constants: &[],
        // Not of the documents: keys an annotation may add, so that the agent's own words are shown.
        keys: &[("input", To::Input), ("output", To::Output)],
        plural: "agent invocations",
        duration: Name::renamed("condukt.agent.duration", "gen_ai.invoke_agent.duration"),
        failure: None,
        gathers: Gathers::Models,
    },
    Row {
        prefix: "condukt.llm_turn",
        called: Called::WithModel("chat"),
        client: true,
        operation: Some("chat"),
        kind: "LLM",
        constants: &[],
        keys: &[
            ("model", To::Model),
            ("turn", attribute("condukt.llm_turn.turn")),
            ("messages", To::InputMessages),
            ("streaming?", To::WhenTrue(Name::same("gen_ai.request.stream"))),
            ("tool_count", attribute("condukt.llm_turn.tool_count")),
            ("assistant_message", To::OutputMessages),
            ("usage", To::Usage("condukt.llm_turn.cost_usd")),
            ("finish_reason", To::FinishReason),
            ("provider", To::Provider),
        ],
        plural: "model calls",
        duration: OPERATION_DURATION,
        failure: Some(Name::same("gen_ai.client.operation.exception")),
        gathers: Gathers::Nothing,
    },
    Row {
        prefix: "condukt.tool_call",
        called: Called::With("execute_tool", "tool"),
        client: false,
        operation: Some("execute_tool"),
        kind: "TOOL",
        constants: &[(Name::same("gen_ai.tool.type"), "function")],
        keys: &[("tool", attribute(names::TOOL_NAME)), ("args", To::Arguments), ("result", To::ToolResult)],
        plural: "tool calls",
        duration: Name::renamed("condukt.tool_call.duration", "gen_ai.execute_tool.duration"),
        failure: Some(Name::latest("gen_ai.execute_tool.exception")),
        gathers: Gathers::Nothing,
    },
    Row {
        prefix: "condukt.subagent",
        // The child emits its own `invoke_agent`: a second one would count it twice.
        called: Called::With("subagent", "role"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[(Name::latest("gen_ai.transfer.mode"), "return_to_caller")],
        keys: &[
            ("role", attribute("condukt.subagent.role")),
            (
                "child_agent",
                To::Also(
                    Name::same("condukt.subagent.child_agent"),
                    Name::latest("gen_ai.transfer.target.name"),
                ),
            ),
            ("input?", attribute("condukt.subagent.input")),
            ("output?", attribute("condukt.subagent.output")),
            ("parent_session_id", To::ConversationAnd(Name::same("condukt.subagent.parent_session_id"))),
            // The child's, which is another conversation.
            ("session_id", attribute("condukt.subagent.session_id")),
        ],
        plural: "delegations",
        duration: Name::same("condukt.subagent.duration"),
        failure: None,
        gathers: Gathers::Agent,
    },
    Row {
        prefix: "condukt.operation",
        called: Called::With("invoke_workflow", "operation"),
        client: false,
        operation: Some("invoke_workflow"),
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("operation", attribute("gen_ai.workflow.name")),
            ("input", To::Input),
            ("output", To::Output),
        ],
        plural: "operations",
        duration: Name::renamed("condukt.operation.duration", "gen_ai.invoke_workflow.duration"),
        failure: None,
        gathers: Gathers::Agent,
    },
    Row {
        prefix: "condukt.run",
        called: Called::Plainly("run"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("structured?", To::Structured(Name::same("condukt.run.structured"))),
            ("input?", attribute("condukt.run.input")),
            ("input", To::Input),
            ("output", To::Output),
        ],
        plural: "anonymous runs",
        duration: Name::same("condukt.run.duration"),
        failure: None,
        gathers: Gathers::Agent,
    },
    Row {
        prefix: "legion.agent.message",
        called: Called::WithAgent("invoke_agent"),
        client: false,
        operation: Some("invoke_agent"),
        kind: "AGENT",
        constants: &[],
        keys: &[
            ("message", To::InputMessages),
            ("iterations", attribute("legion.message.iterations")),
            ("result", To::ResultOrReason(Name::same("legion.message.cancel_reason"))),
            ("bindings", To::NamesOf(Name::same("legion.message.bindings"))),
            ("status", To::EndingAnd(Name::same("legion.message.status"))),
        ],
        plural: "agent invocations",
        duration: Name::renamed("legion.agent.message.duration", "gen_ai.invoke_agent.duration"),
        failure: None,
        gathers: Gathers::Nothing,
    },
    Row {
        prefix: "legion.iteration",
        called: Called::Plainly("iteration"),
        client: false,
        operation: None,
        kind: "CHAIN",
        constants: &[],
        keys: &[
            ("iteration", attribute("legion.iteration.index")),
            ("action", attribute("legion.iteration.action")),
        ],
        plural: "iterations",
        duration: Name::same("legion.iteration.duration"),
        failure: None,
        gathers: Gathers::Nothing,
    },
    Row {
        prefix: "legion.llm.request",
        called: Called::WithModel("chat"),
        client: true,
        operation: Some("chat"),
        kind: "LLM",
        constants: &[],
        keys: &[
            ("model", To::Model),
            ("message_count", attribute("legion.llm.message_count")),
            // Not of the documents: keys an annotation may add.
            ("messages", To::InputMessages),
            ("assistant_message", To::OutputMessages),
            ("object", To::Object),
            ("usage", To::Usage("legion.llm.cost_usd")),
            ("finish_reason", To::FinishReason),
            ("provider", To::Provider),
        ],
        plural: "model calls",
        duration: OPERATION_DURATION,
        failure: Some(Name::same("gen_ai.client.operation.exception")),
        gathers: Gathers::Nothing,
    },
    Row {
        prefix: "legion.sandbox.eval",
        called: Called::Plainly("execute_tool sandbox_eval"),
        client: false,
        operation: Some("execute_tool"),
        kind: "TOOL",
        constants: &[
            (Name::same(names::TOOL_NAME), "sandbox_eval"),
            (Name::same("gen_ai.tool.type"), "extension"),
        ],
        keys: &[
            ("code", To::Code),
            ("success", attribute("legion.sandbox.success")),
            ("result", To::ToolResult),
        ],
        plural: "tool calls",
        duration: Name::renamed("legion.sandbox.eval.duration", "gen_ai.execute_tool.duration"),
        failure: Some(Name::latest("gen_ai.execute_tool.exception")),
        gathers: Gathers::Nothing,
    },
];

/// The histogram of model calls, the one duration that 1.41.1 prescribes.
pub(crate) const OPERATION_DURATION: Name =
    Name::renamed("gen_ai.client.operation.duration", "gen_ai.client.inference.duration");

/// The attribute of a tool's name.
pub(crate) const TOOL: Name = Name::same(names::TOOL_NAME);

/// What the keys of single events become, beside those of the context.
pub(crate) const EVENT_KEYS: &[(&str, &str)] = &[
    ("tool", names::TOOL_NAME),
    ("names", "condukt.secrets.names"),
    ("before", "condukt.compact.before"),
    ("after", "condukt.compact.after"),
];

/// The line of a span, with its place in the table.
pub(crate) fn row(prefix: &str) -> Option<(usize, &'static Row)> {
    ROWS.iter().enumerate().find(|(_, row)| row.prefix == prefix)
}

impl Row {
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
    fn names_outside_the_conventions_are_under_the_documents_own_prefixes() {
        let known = ["gen_ai.", "condukt.", "legion."];
        for row in ROWS {
            for (key, to) in row.keys {
                if let To::Attribute(name) | To::WhenTrue(name) | To::ConversationAnd(name) = to {
                    let name = name.of(Convention::V1_41_1).unwrap();
                    assert!(known.iter().any(|prefix| name.starts_with(prefix)), "{key}: {name}");
                    assert!(!name.contains('?'), "{key}: {name}");
                }
            }
        }
    }
}
