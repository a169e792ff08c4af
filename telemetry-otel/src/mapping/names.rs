//! The names of the conventions, written down once.
//!
//! They are our own: the constants of `opentelemetry-semantic-conventions` for generative AI are all
//! marked deprecated.

use crate::config::convention::Name;

/// The instrumentation scope of all that is exported.
pub(crate) const SCOPE: &str = "telemetry-otel";

/// The name that a span of the user's own asks for, as `tracing-opentelemetry` has it.
pub(crate) const NAME: &str = "otel.name";
/// The kind that a span asks for: `client`, `server`, `producer`, `consumer` or `internal`.
pub(crate) const KIND: &str = "otel.kind";
/// Marks a span that only shows that the one around it has begun.
pub(crate) const STARTED: &str = "telemetry.span.started";
pub(crate) const MCP_METHOD: &str = "mcp.method.name";
pub(crate) const MCP_PROTOCOL: &str = "mcp.protocol.version";
pub(crate) const RPC_STATUS: &str = "rpc.response.status_code";
pub(crate) const OPERATION: &str = "gen_ai.operation.name";
pub(crate) const PROVIDER: &str = "gen_ai.provider.name";
pub(crate) const AGENT_NAME: &str = "gen_ai.agent.name";
pub(crate) const AGENT_ID: &str = "gen_ai.agent.id";
pub(crate) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(crate) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(crate) const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub(crate) const RESPONSE_ID: &str = "gen_ai.response.id";
pub(crate) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(crate) const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub(crate) const OUTPUT_TYPE: &str = "gen_ai.output.type";
pub(crate) const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub(crate) const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
pub(crate) const SYSTEM_INSTRUCTIONS: &str = "gen_ai.system_instructions";
pub(crate) const TOOL_DEFINITIONS: &str = "gen_ai.tool.definitions";
pub(crate) const TOOL_NAME: &str = "gen_ai.tool.name";
pub(crate) const TOOL_DESCRIPTION: &str = "gen_ai.tool.description";
pub(crate) const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
pub(crate) const TOOL_RESULT: &str = "gen_ai.tool.call.result";
pub(crate) const TOKEN_TYPE: &str = "gen_ai.token.type";
pub(crate) const SERVER_ADDRESS: &str = "server.address";
pub(crate) const SERVER_PORT: &str = "server.port";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const EXCEPTION_TYPE: &str = "exception.type";
pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";
pub(crate) const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";

/// The attributes of token counts, with `OpenInference`'s name for each.
pub(crate) const INPUT_TOKENS: (Name, &str) =
    (Name::same("gen_ai.usage.input_tokens"), "llm.token_count.prompt");
pub(crate) const OUTPUT_TOKENS: (Name, &str) =
    (Name::same("gen_ai.usage.output_tokens"), "llm.token_count.completion");
pub(crate) const CACHE_READ_TOKENS: (Name, &str) =
    (Name::same("gen_ai.usage.cache_read.input_tokens"), "llm.token_count.prompt_details.cache_read");
pub(crate) const CACHE_WRITE_TOKENS: (Name, &str) = (
    Name::renamed("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    "llm.token_count.prompt_details.cache_write",
);
pub(crate) const REASONING_TOKENS: (Name, &str) =
    (Name::same("gen_ai.usage.reasoning.output_tokens"), "llm.token_count.completion_details.reasoning");

/// The names of `OpenInference` that backends look at and OpenTelemetry has no counterpart they read.
pub(crate) mod openinference {
    pub(crate) const KIND: &str = "openinference.span.kind";
    pub(crate) const INPUT: &str = "input.value";
    pub(crate) const INPUT_TYPE: &str = "input.mime_type";
    pub(crate) const OUTPUT: &str = "output.value";
    pub(crate) const OUTPUT_TYPE: &str = "output.mime_type";
    pub(crate) const SESSION: &str = "session.id";
    pub(crate) const USER: &str = "user.id";
    pub(crate) const AGENT: &str = "agent.name";
    pub(crate) const METADATA: &str = "metadata";
    pub(crate) const PROVIDER: &str = "llm.provider";
    pub(crate) const SYSTEM: &str = "llm.system";
    pub(crate) const PARAMETERS: &str = "llm.invocation_parameters";
    pub(crate) const MODEL: &str = "llm.model_name";
    pub(crate) const TOTAL_TOKENS: &str = "llm.token_count.total";
    pub(crate) const TOTAL_COST: &str = "llm.cost.total";
    pub(crate) const JSON: &str = "application/json";
    pub(crate) const TEXT: &str = "text/plain";
}
