//! Whose model it is.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::word;

/// A provider, by the name that OpenTelemetry's conventions have for it.
///
/// ```
/// use telemetry_llm::Provider;
///
/// let of = |model| Provider::of(model).map(|provider| provider.to_string());
/// assert_eq!(of("openai/gpt-4o").as_deref(), Some("openai"));
/// assert_eq!(of("azure/my-deployment").as_deref(), Some("azure.ai.openai"));
/// assert_eq!(of("eu.anthropic.claude-sonnet-4-20250514-v1:0").as_deref(), Some("aws.bedrock"));
/// assert_eq!(of("claude-sonnet-4-5").as_deref(), Some("anthropic"));
/// assert_eq!(of("llama3:8b"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Provider(Cow<'static, str>);

/// Names of providers as they stand before a model's, and the conventions' names for them.
const KNOWN: &[(&str, &str)] = &[
    ("aibedrock", "aws.bedrock"),
    ("amazonbedrock", "aws.bedrock"),
    ("anthropic", "anthropic"),
    ("aws.bedrock", "aws.bedrock"),
    ("azure", "azure.ai.openai"),
    ("azureai", "azure.ai.inference"),
    ("azureaiinference", "azure.ai.inference"),
    ("azure.ai.inference", "azure.ai.inference"),
    ("azure.ai.openai", "azure.ai.openai"),
    ("azureopenai", "azure.ai.openai"),
    ("azureopenairesp", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
    ("bedrockapi", "aws.bedrock"),
    ("bedrockconverse", "aws.bedrock"),
    ("cerebras", "cerebras"),
    ("cohere", "cohere"),
    ("coherechat", "cohere"),
    ("deepseek", "deepseek"),
    ("fireworks", "fireworks"),
    ("fireworksai", "fireworks"),
    ("gcp.gemini", "gcp.gemini"),
    ("gcp.genai", "gcp.gen_ai"),
    ("gcp.vertexai", "gcp.vertex_ai"),
    ("gemini", "gcp.gemini"),
    ("google", "gcp.gemini"),
    ("googleaistudio", "gcp.gemini"),
    ("googlegenai", "gcp.gemini"),
    ("googlegenerativeai", "gcp.gemini"),
    ("googlevertex", "gcp.vertex_ai"),
    ("googlevertexai", "gcp.vertex_ai"),
    ("groq", "groq"),
    ("huggingface", "huggingface"),
    ("ibm.watsonx.ai", "ibm.watsonx.ai"),
    ("lmstudio", "lmstudio"),
    ("mistral", "mistral_ai"),
    ("mistralai", "mistral_ai"),
    ("moonshot", "moonshot_ai"),
    ("moonshotai", "moonshot_ai"),
    ("ollama", "ollama"),
    ("ollamacloud", "ollama"),
    ("openai", "openai"),
    ("openairesp", "openai"),
    ("openairesponses", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together", "together"),
    ("togetherai", "together"),
    ("vertex", "gcp.vertex_ai"),
    ("vertexai", "gcp.vertex_ai"),
    ("vllm", "vllm"),
    ("watsonx", "ibm.watsonx.ai"),
    ("xai", "x_ai"),
    ("zai", "zai"),
];

/// How the names of models begin that one maker alone serves under that name.
const MODELS: &[(&str, &str)] = &[
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("text-embedding-3", "openai"),
    ("text-embedding-ada", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gcp.gemini"),
    ("command-r", "cohere"),
    ("command-a", "cohere"),
    ("mistral-large", "mistral_ai"),
    ("mistral-medium", "mistral_ai"),
    ("mistral-small-latest", "mistral_ai"),
    ("codestral-", "mistral_ai"),
    ("magistral-", "mistral_ai"),
    ("ministral-", "mistral_ai"),
    ("pixtral-", "mistral_ai"),
    ("deepseek-chat", "deepseek"),
    ("deepseek-reasoner", "deepseek"),
    ("grok-", "x_ai"),
    ("sonar", "perplexity"),
];

/// Open models that any provider may serve, though their names begin like one of those above.
const OPEN: &[&str] = &["gpt-oss", "gpt-j", "gpt-neo", "gpt2", "grok-1"];

/// The makers that Bedrock's ids begin with, after a region.
const BEDROCK_MAKERS: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// The regions in Bedrock's ids.
const BEDROCK_REGIONS: &[&str] = &["us", "eu", "apac", "global", "jp", "au", "ca", "sa", "us-gov"];

/// A provider's name is no longer than this.
const MAX_NAME: usize = 64;

fn known(name: &str) -> Option<&'static str> {
    let name = word(name);
    KNOWN.iter().find(|(known, _)| **known == *name).map(|(_, convention)| *convention)
}

impl Provider {
    /// The provider of a model, from its name: `openai/gpt-4o`, `anthropic:claude-..`, `azure/..`, an
    /// id of Bedrock, or a bare name that one maker alone serves. `None` where the name does not show it:
    /// `llama3:8b` may run anywhere.
    pub fn of(model: &str) -> Option<Self> {
        if let (Some(provider), _) = split(model) {
            return Some(provider);
        }
        if is_bedrock(model) {
            return Some(Self("aws.bedrock".into()));
        }
        if published(model).is_some() {
            return Some(Self("gcp.vertex_ai".into()));
        }
        let model = model.strip_prefix("models/").or_else(|| model.strip_prefix("ft:")).unwrap_or(model);
        if OPEN.iter().any(|open| model.starts_with(open)) || model.contains('/') {
            return None;
        }
        let begins = |begin: &str| {
            model.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin))
                // `o3` and `o3-mini`, and nothing longer such as `o3x`.
                && (begin.len() > 2 || matches!(model.as_bytes().get(begin.len()), None | Some(b'-')))
        };
        let found = MODELS.iter().find(|(begin, _)| begins(begin));
        found.map(|(_, provider)| Self((*provider).into()))
    }

    /// The provider that a name means: `azure` is `azure.ai.openai`. A name that is not known stays
    /// as it is. `None` if it is empty.
    pub fn named(name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        Some(Self(match known(name) {
            Some(name) => name.into(),
            None => name.chars().take(MAX_NAME).collect::<String>().into(),
        }))
    }

    /// A provider of the conventions.
    pub(crate) const fn convention(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The conventions' name for it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it may be kept without a copy.
    pub fn into_name(self) -> Cow<'static, str> {
        self.0
    }
}

/// A model's name apart from that of its provider: `openai:gpt-4o` and `openai/gpt-4o` are `gpt-4o` of
/// `OpenAI`.
///
/// Only the name of a known provider is taken for one: `llama3:8b`, `ft:gpt-4o:acme` and `meta/llama`
/// are models.
///
/// ```
/// let (provider, model) = telemetry_llm::split_model("azure/gpt-4o");
/// assert_eq!((provider.unwrap().as_str(), model), ("azure.ai.openai", "gpt-4o"));
/// assert_eq!(telemetry_llm::split_model("meta/llama"), (None, "meta/llama"));
/// ```
pub fn split(model: &str) -> (Option<Provider>, &str) {
    let by = |separator| model.split_once(separator).filter(|(_, rest): &(&str, &str)| !rest.is_empty());
    for (before, rest) in [by(':'), by('/')].into_iter().flatten() {
        if let Some(name) = known(before) {
            return (Some(Provider(name.into())), rest);
        }
    }
    (None, model)
}

/// The model of Vertex AI's full name, `publishers/google/models/..`, with a project before it.
fn published(model: &str) -> Option<&str> {
    let rest = match model.strip_prefix("projects/") {
        Some(rest) => rest.split_once("/publishers/")?.1,
        None => model.strip_prefix("publishers/")?,
    };
    let (_, name) = rest.split_once("/models/")?;
    (!name.is_empty()).then_some(name)
}

/// A model's name without what Google's full names have before it.
#[cfg(feature = "prices")]
pub(crate) fn without_path(model: &str) -> &str {
    published(model).or_else(|| model.strip_prefix("models/")).unwrap_or(model)
}

/// `anthropic.claude-..-v1:0`, with a region before it, or the ARN of one.
fn is_bedrock(model: &str) -> bool {
    if model.starts_with("arn:aws") && model.contains(":bedrock:") {
        return true;
    }
    let id = match model.split_once('.') {
        Some((region, rest)) if BEDROCK_REGIONS.contains(&region) => rest,
        _ => model,
    };
    id.split_once('.').is_some_and(|(maker, rest)| !rest.is_empty() && BEDROCK_MAKERS.contains(&maker))
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str) -> Option<String> {
        Provider::of(model).map(|provider| provider.to_string())
    }

    #[test]
    fn a_provider_is_read_and_never_invented() {
        for (model, provider, rest) in [
            ("openai:gpt-4o", "openai", "gpt-4o"),
            ("Anthropic:claude-sonnet-4", "anthropic", "claude-sonnet-4"),
            ("xai:grok-4", "x_ai", "grok-4"),
            ("ollama:llama3:8b", "ollama", "llama3:8b"),
            ("openrouter/meta/llama", "openrouter", "meta/llama"),
            ("vertex_ai/gemini-2.5-pro", "gcp.vertex_ai", "gemini-2.5-pro"),
        ] {
            let (found, name) = split(model);
            assert_eq!((found.unwrap().as_str(), name), (provider, rest), "{model}");
        }
        for model in
            ["llama3:8b", "ft:x:acme::id", ":", "openai:", "meta/llama", "", "gpt-oss:20b", "o3x", "é"]
        {
            assert_eq!(split(model), (None, model));
            assert_eq!(of(model), None, "{model}");
        }
    }

    #[test]
    fn bare_model_names_and_bedrock_ids_name_their_provider() {
        for (model, provider) in [
            ("gpt-4o-2024-08-06", "openai"),
            ("o3", "openai"),
            ("o3-mini", "openai"),
            ("ft:gpt-4o:acme::id", "openai"),
            ("models/gemini-2.5-flash", "gcp.gemini"),
            ("publishers/google/models/gemini-2.5-flash", "gcp.vertex_ai"),
            ("projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4", "gcp.vertex_ai"),
            ("anthropic.claude-3-haiku-20240307-v1:0", "aws.bedrock"),
            ("us.amazon.nova-pro-v1:0", "aws.bedrock"),
            ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.x", "aws.bedrock"),
            ("grok-4", "x_ai"),
        ] {
            assert_eq!(of(model).as_deref(), Some(provider), "{model}");
        }
    }
}
