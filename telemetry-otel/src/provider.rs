//! Whose model it is, where somebody says so.

use std::borrow::Cow;

/// Names of providers as they stand before a model's, and the conventions' names for them.
const KNOWN: &[(&str, &str)] = &[
    ("amazon_bedrock", "aws.bedrock"),
    ("anthropic", "anthropic"),
    ("aws.bedrock", "aws.bedrock"),
    ("azure", "azure.ai.openai"),
    ("azure.ai.inference", "azure.ai.inference"),
    ("azure.ai.openai", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
    ("cerebras", "cerebras"),
    ("cohere", "cohere"),
    ("deepseek", "deepseek"),
    ("fireworks", "fireworks"),
    ("fireworks_ai", "fireworks"),
    ("gcp.gemini", "gcp.gemini"),
    ("gcp.gen_ai", "gcp.gen_ai"),
    ("gcp.vertex_ai", "gcp.vertex_ai"),
    ("gemini", "gcp.gemini"),
    ("google", "gcp.gemini"),
    ("google_vertex", "gcp.vertex_ai"),
    ("groq", "groq"),
    ("huggingface", "huggingface"),
    ("ibm.watsonx.ai", "ibm.watsonx.ai"),
    ("lmstudio", "lmstudio"),
    ("mistral", "mistral_ai"),
    ("mistral_ai", "mistral_ai"),
    ("moonshot_ai", "moonshot_ai"),
    ("ollama", "ollama"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together", "together"),
    ("together_ai", "together"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("vllm", "vllm"),
    ("watsonx", "ibm.watsonx.ai"),
    ("x_ai", "x_ai"),
    ("xai", "x_ai"),
];

fn known(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, convention)| *convention)
}

/// A model as it was asked for: `openai:gpt-4o` is `gpt-4o` of `OpenAI`.
///
/// Only the name of a known provider is taken for one: `llama3:8b` and `ft:gpt-4o:acme` are models.
pub(crate) fn split(model: &str) -> (Option<&'static str>, &str) {
    match model.split_once(':').and_then(|(before, rest)| Some((known(before)?, rest))) {
        Some((provider, rest)) if !rest.is_empty() => (Some(provider), rest),
        _ => (None, model),
    }
}

/// The conventions' name of a provider that a key gives.
pub(crate) fn named(name: &str) -> Cow<'static, str> {
    match known(name) {
        Some(name) => name.into(),
        None => name.to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_read_and_never_invented() {
        assert_eq!(split("openai:gpt-4o"), (Some("openai"), "gpt-4o"));
        assert_eq!(split("Anthropic:claude-sonnet-4"), (Some("anthropic"), "claude-sonnet-4"));
        assert_eq!(split("xai:grok-4"), (Some("x_ai"), "grok-4"));
        assert_eq!(split("ollama:llama3:8b"), (Some("ollama"), "llama3:8b"));
        for model in
            ["gpt-4o", "claude-sonnet-4", "llama3:8b", "ft:gpt-4o:acme::id", ":", "openai:", "meta/llama"]
        {
            assert_eq!(split(model), (None, model));
        }
    }
}
