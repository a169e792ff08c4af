//! Whether prompts, answers, arguments and results leave the process.

/// Whether content leaves the process: what goes into models, tools and agents, and what comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// None does.
    #[default]
    Off,
    /// It does, each attribute cut to a size. What is cut stays valid UTF-8, and JSON stays JSON.
    On {
        /// The most bytes of one attribute.
        max_bytes: usize,
    },
}

impl Content {
    /// The size an attribute is cut to where nothing else is said.
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
}
