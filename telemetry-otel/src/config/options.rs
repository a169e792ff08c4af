//! What the user decides about the export.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value as Json;
use telemetry_llm::Usage;

use crate::config::content::{Content, ContentKind, Hidden};
use crate::config::convention::Convention;
use crate::config::limits::Limits;

/// Replaces a text before it leaves the process; `None` keeps it.
pub(crate) type Mask = dyn Fn(ContentKind, &str) -> Option<String> + Send + Sync;

/// What the user decides about the export.
#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Options {
    pub(crate) convention: Convention,
    pub(crate) content: Content,
    /// Content that stays inside though the rest leaves.
    pub(crate) hidden: Vec<ContentKind>,
    pub(crate) mask: Option<Arc<Mask>>,
    /// Keys of the user's own that are content.
    pub(crate) content_keys: Vec<String>,
    pub(crate) openinference: bool,
    /// Whether a request's parameters are shown as `OpenInference` has them.
    pub(crate) shows_parameters: bool,
    pub(crate) full_agent_names: bool,
    /// Whether an agent has the sum of its model calls.
    pub(crate) agent_sums: bool,
    /// Whether failures and evaluations are events of their spans; by default they are if no log records are exported.
    pub(crate) exception_events: Option<bool>,
    pub(crate) start_spans: bool,
    pub(crate) stacktraces: bool,
    pub(crate) cancelled_is_error: bool,
    pub(crate) expected_errors: Vec<String>,
    pub(crate) limits: Limits,
    /// Those of a log record.
    pub(crate) record_limits: Limits,
    #[cfg(feature = "prices")]
    pub(crate) prices: Option<telemetry_llm::prices::Prices>,
}

/// What the user decides about how spans end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OutcomeOptions<'a> {
    pub(crate) cancelled_is_error: bool,
    pub(crate) expected: &'a [String],
}

impl OutcomeOptions<'_> {
    pub(crate) fn is_expected(&self, error_type: &str) -> bool {
        self.expected.iter().any(|expected| expected == error_type)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("convention", &self.convention)
            .field("content", &self.content)
            .field("hidden", &self.hidden)
            .field("mask", &self.mask.is_some())
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The settings of the environment, and else the defaults.
    pub(crate) fn from_env() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let limit = |of: &str, what: &str| {
            let names = [format!("OTEL_{of}_ATTRIBUTE_{what}_LIMIT"), format!("OTEL_ATTRIBUTE_{what}_LIMIT")];
            names.iter().find_map(|name| variable(name)?.trim().parse().ok())
        };
        let limits =
            |of| Limits { count: limit(of, "COUNT").unwrap_or(128), length: limit(of, "VALUE_LENGTH") };
        let hidden = Hidden::from(&variable);
        // Exceptions on spans beside log records, for those who ask for both; or never.
        let exceptions = variable("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN");
        let asks = |word: &str| {
            exceptions.as_ref().is_some_and(|asked| asked.split(',').any(|part| part.trim() == word))
        };
        let exception_events = if asks("logs/dup") { Some(true) } else { asks("logs").then_some(false) };
        Self {
            convention: Convention::from_env(),
            content: Content::from_env(),
            hidden: hidden.kinds,
            mask: None,
            content_keys: Vec::new(),
            openinference: true,
            shows_parameters: !hidden.parameters,
            full_agent_names: false,
            agent_sums: true,
            exception_events,
            start_spans: false,
            stacktraces: false,
            cancelled_is_error: false,
            expected_errors: Vec::new(),
            limits: limits("SPAN"),
            record_limits: limits("LOGRECORD"),
            #[cfg(feature = "prices")]
            prices: Some(telemetry_llm::prices::Prices::builtin()),
        }
    }

    pub(crate) fn outcomes(&self) -> OutcomeOptions<'_> {
        OutcomeOptions { cancelled_is_error: self.cancelled_is_error, expected: &self.expected_errors }
    }

    /// Whether a key of the user's own is content.
    pub(crate) fn is_content_key(&self, key: &str) -> bool {
        ContentKind::of_attribute(key).is_some() || self.content_keys.iter().any(|known| known == key)
    }

    /// Whether that kind of content leaves the process.
    pub(crate) fn shows(&self, kind: ContentKind) -> bool {
        self.max_bytes_of(kind).is_some()
    }

    /// The most bytes of an attribute of that kind, if it leaves the process. JSON is cut to the limit of
    /// a text too, so that it stays JSON.
    pub(crate) fn max_bytes_of(&self, kind: ContentKind) -> Option<usize> {
        let is_hidden = |kind| self.hidden.contains(&kind);
        if is_hidden(kind) || kind.whole().is_some_and(is_hidden) {
            return None;
        }
        self.max_bytes_of_content()
    }

    /// The same for content of no kind.
    pub(crate) fn max_bytes_of_content(&self) -> Option<usize> {
        Some(self.limits.max_bytes(self.content.max_bytes()?))
    }

    /// The same for a key of the user's own.
    pub(crate) fn content_of_key(&self, key: &str) -> Option<usize> {
        self.max_bytes_of(ContentKind::of_attribute(key).unwrap_or(ContentKind::Own))
    }

    /// The tree of a key of the user's own, masked.
    pub(crate) fn masked(&self, key: &str, tree: Json) -> Json {
        self.masked_as(ContentKind::of_attribute(key).unwrap_or(ContentKind::Own), tree)
    }

    /// The tree with each of its texts masked.
    pub(crate) fn masked_as(&self, kind: ContentKind, mut tree: Json) -> Json {
        // A mask need not know the parts of a kind.
        let kind = kind.whole().unwrap_or(kind);
        if let Some(mask) = &self.mask {
            mask_texts(&mut tree, &|text| mask(kind, text));
        }
        tree
    }

    /// An agent's name, without the path of a Rust type.
    pub(crate) fn agent_name(&self, name: &str) -> String {
        if self.full_agent_names { name.to_owned() } else { short(name).to_owned() }
    }

    /// What a call costs by the table of prices, if there is one and it knows.
    #[cfg_attr(not(feature = "prices"), allow(clippy::unused_self, reason = "there is no table"))]
    pub(crate) fn cost(
        &self,
        provider: Option<&str>,
        model: &str,
        usage: &Usage,
        at: SystemTime,
    ) -> Option<f64> {
        #[cfg(feature = "prices")]
        {
            Some(self.prices.as_ref()?.cost(provider, model, usage, at)?.total)
        }
        #[cfg(not(feature = "prices"))]
        {
            let _ = (provider, model, usage, at);
            None
        }
    }
}

/// The last segment of a path such as `shop::desk::Clerk`; other names stay as they are.
pub(crate) fn short(name: &str) -> &str {
    let is_path = name.contains("::") && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
    match name.rsplit_once("::") {
        Some((_, last)) if is_path && !last.is_empty() => last,
        _ => name,
    }
}

fn mask_texts(tree: &mut Json, mask: &dyn Fn(&str) -> Option<String>) {
    match tree {
        Json::String(text) => {
            if let Some(masked) = mask(text) {
                *text = masked;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, mask)),
        // Kinds and roles are words of the form, not texts.
        Json::Object(map) => {
            let values =
                map.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "type" | "role" | "modality"));
            values.for_each(|(_, value)| mask_texts(value, mask));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_path_is_shown_by_its_last_segment() {
        assert_eq!(short("shop::desk::Clerk"), "Clerk");
        for same in ["Clerk", "the clerk: day::night shift", "a::", "Vec<a::B>", "Elixir.Clerk"] {
            assert_eq!(short(same), same);
        }
    }
}
