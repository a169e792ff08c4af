//! Whether prompts, answers, arguments and results leave the process.

/// Whether content leaves the process: what goes into models, tools and agents, and what comes out.
///
/// ```
/// use telemetry_otel::{Content, ContentKind, builder};
///
/// // Everything but what tools return.
/// let builder = builder()
///     .content(Content::On { max_bytes: Content::MAX_BYTES })
///     .hide([ContentKind::ToolResults]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// No content does.
    #[default]
    Off,
    /// It does, each attribute cut to a size. What is cut stays valid UTF-8, and JSON stays JSON; what is
    /// left out is marked.
    On {
        /// The most bytes of one attribute.
        max_bytes: usize,
    },
}

/// A kind of content, to hide or to mask.
///
/// ```
/// use telemetry_otel::{ContentKind, builder};
///
/// let builder = builder().hide([ContentKind::Images, ContentKind::ToolResults]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentKind {
    /// What models and agents are given: messages, instructions, tool definitions, texts to embed.
    Prompts,
    /// What models and agents answer, and what a retrieval finds.
    Answers,
    /// Of the prompts: the tools that a model may call. A mask is given these as `Prompts`.
    ToolDefinitions,
    /// Of the prompts: texts that are embedded, with their vectors. A mask is given these as `Prompts`.
    Embeddings,
    /// Of the answers: what a retrieval finds. A mask is given these as `Answers`.
    Documents,
    /// What tools are given, code included.
    ToolArguments,
    /// What tools return.
    ToolResults,
    /// Images, audio, video and documents among messages.
    Images,
    /// Keys of the user's own that have a structure or that the builder calls content.
    Own,
}

impl ContentKind {
    /// The kind that this one is a part of: where that is hidden, so is this.
    pub(crate) fn whole(self) -> Option<Self> {
        match self {
            Self::ToolDefinitions | Self::Embeddings => Some(Self::Prompts),
            Self::Documents => Some(Self::Answers),
            _ => None,
        }
    }

    /// The kind of an attribute of the conventions, of `OpenInference` or of a backend that is content by
    /// its name.
    pub(crate) fn of_attribute(name: &str) -> Option<Self> {
        Some(match name {
            "gen_ai.system_instructions"
            | "gen_ai.input.messages"
            | "gen_ai.prompt"
            | "gen_ai.retrieval.query.text"
            | "input.value"
            | "input"
            | "prompt"
            | "traceloop.entity.input"
            | "mlflow.spanInputs" => Self::Prompts,
            "gen_ai.tool.definitions" => Self::ToolDefinitions,
            "gen_ai.retrieval.documents" => Self::Documents,
            "gen_ai.output.messages"
            | "gen_ai.completion"
            | "output.value"
            | "output"
            | "completion"
            | "traceloop.entity.output"
            | "mlflow.spanOutputs"
            | "gen_ai.evaluation.explanation" => Self::Answers,
            "gen_ai.tool.call.arguments" | "tool.parameters" => Self::ToolArguments,
            "gen_ai.tool.call.result" => Self::ToolResults,
            name if name.starts_with("gen_ai.prompt.") || name.starts_with("llm.input_messages") => {
                Self::Prompts
            }
            name if name.starts_with("ai.prompt") => Self::Prompts,
            "ai.response.text" | "ai.response.object" | "ai.response.reasoning" | "ai.response.toolCalls" => {
                Self::Answers
            }
            name if name.starts_with("llm.prompts") || name.starts_with("llm.prompt_template.") => {
                Self::Prompts
            }
            name if name.starts_with("gen_ai.completion.") || name.starts_with("llm.output_messages") => {
                Self::Answers
            }
            name if name.starts_with("llm.tools") => Self::ToolDefinitions,
            name if name.starts_with("embedding.embeddings") => Self::Embeddings,
            name if name.starts_with("retrieval.documents") => Self::Documents,
            name if name.starts_with("reranker.") => Self::Answers,
            name if name.starts_with("langfuse.") => match name.rsplit_once('.') {
                Some((_, "input")) => Self::Prompts,
                Some((_, "output")) => Self::Answers,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// What the variables of `OpenInference` hide.
pub(crate) struct Hidden {
    pub(crate) kinds: Vec<ContentKind>,
    pub(crate) parameters: bool,
}

impl Hidden {
    /// What `OPENINFERENCE_HIDE_*` ask to be hidden.
    pub(crate) fn from(variables: &dyn Fn(&str) -> Option<String>) -> Self {
        use ContentKind::{
            Answers, Documents, Embeddings, Images, Prompts, ToolArguments, ToolDefinitions, ToolResults,
        };
        let asked = |name: &str| {
            let variable = format!("OPENINFERENCE_HIDE_{name}");
            variables(&variable)
                .is_some_and(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1"))
        };
        let mut kinds = Vec::new();
        for (name, hidden) in [
            ("INPUTS", &[Prompts, ToolArguments][..]),
            ("INPUT_MESSAGES", &[Prompts]),
            ("INPUT_TEXT", &[Prompts]),
            ("LLM_PROMPTS", &[Prompts]),
            ("PROMPTS", &[Prompts]),
            ("LLM_TOOLS", &[ToolDefinitions]),
            ("EMBEDDING_VECTORS", &[Embeddings]),
            ("EMBEDDINGS_VECTORS", &[Embeddings]),
            ("EMBEDDINGS_TEXT", &[Embeddings]),
            ("RETRIEVAL_DOCUMENTS", &[Documents]),
            ("OUTPUTS", &[Answers, ToolResults]),
            ("OUTPUT_MESSAGES", &[Answers]),
            ("OUTPUT_TEXT", &[Answers]),
            ("CHOICES", &[Answers]),
            ("INPUT_IMAGES", &[Images]),
        ] {
            if asked(name) {
                kinds.extend_from_slice(hidden);
            }
        }
        Self { kinds, parameters: asked("LLM_INVOCATION_PARAMETERS") }
    }
}

impl Content {
    /// The size an attribute is cut to by default.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// What `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` asks for.
    pub(crate) fn from_env() -> Self {
        let asked = std::env::var("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").unwrap_or_default();
        Self::asked(&asked)
    }

    /// `true`, or the words of the later form of the variable. Content stands on spans alone, so
    /// that `EVENT_ONLY` asks for none.
    fn asked(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "span_only" | "span_and_event" => Self::On { max_bytes: Self::MAX_BYTES },
            _ => Self::Off,
        }
    }

    /// The most bytes of one attribute, if any.
    pub(crate) fn max_bytes(self) -> Option<usize> {
        match self {
            Self::Off => None,
            Self::On { max_bytes } => Some(max_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_clear_yes_turns_content_on() {
        for no in ["", "false", "0", "no", "NO_CONTENT", "EVENT_ONLY", "on!"] {
            assert_eq!(Content::asked(no), Content::Off, "{no}");
        }
        for yes in ["true", "TRUE", " true ", "1", "SPAN_ONLY", "span_and_event"] {
            assert_eq!(Content::asked(yes), Content::On { max_bytes: Content::MAX_BYTES }, "{yes}");
        }
    }

    #[test]
    fn openinferences_variables_hide_by_direction() {
        let set = |name: &str| {
            matches!(name, "OPENINFERENCE_HIDE_INPUTS" | "OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS")
                .then(|| "True".to_owned())
        };
        let hidden = Hidden::from(&set);
        assert_eq!(hidden.kinds, [ContentKind::Prompts, ContentKind::ToolArguments]);
        assert!(hidden.parameters);
        for (name, kind) in [
            ("LLM_TOOLS", ContentKind::ToolDefinitions),
            ("PROMPTS", ContentKind::Prompts),
            ("CHOICES", ContentKind::Answers),
            ("EMBEDDINGS_TEXT", ContentKind::Embeddings),
            ("RETRIEVAL_DOCUMENTS", ContentKind::Documents),
        ] {
            let variable = format!("OPENINFERENCE_HIDE_{name}");
            let hidden = Hidden::from(&|asked| (asked == variable).then(|| "1".to_owned()));
            assert_eq!(hidden.kinds, [kind], "{name}");
        }
        assert!(Hidden::from(&|_| Some("no".to_owned())).kinds.is_empty());
    }
}
