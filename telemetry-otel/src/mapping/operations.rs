//! The operations of the conventions, for spans of the user's own that are one of them.

/// An operation's kind to `OpenInference`.
pub(crate) fn kind(operation: &str) -> &'static str {
    match operation {
        "chat" | "generate_content" | "text_completion" => "LLM",
        "embeddings" => "EMBEDDING",
        "retrieval" | "search_memory" => "RETRIEVER",
        "rerank" => "RERANKER",
        "execute_tool" => "TOOL",
        "invoke_agent" | "create_agent" => "AGENT",
        "guardrail" | "guard" => "GUARDRAIL",
        "evaluate" | "evaluation" => "EVALUATOR",
        "prompt" => "PROMPT",
        _ => "CHAIN",
    }
}

/// Whether an operation asks something outside of the process.
pub(crate) fn is_client(operation: &str) -> bool {
    matches!(
        operation,
        "chat"
            | "generate_content"
            | "text_completion"
            | "embeddings"
            | "retrieval"
            | "rerank"
            | "create_agent"
    ) || operation.ends_with("_memory")
        || operation.ends_with("_memory_store")
}
