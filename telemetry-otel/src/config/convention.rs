//! Which version of the semantic conventions names are taken from.

/// A version of the OpenTelemetry semantic conventions for generative AI.
///
/// They are in development: names change from release to release. One table maps the events, and
/// has each name in each version.
///
/// ```
/// use telemetry_otel::{Convention, builder};
///
/// let builder = builder().convention(Convention::Latest);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Convention {
    /// 1.41.1, the last release with generative AI in the main repository: what backends read.
    #[default]
    V1_41_1,
    /// What has been decided since, released or not. It may change with any version of this crate.
    Latest,
}

/// A name in each version; none where the version has no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    v1_41_1: Option<&'static str>,
    latest: Option<&'static str>,
}

impl Name {
    /// The same in all versions.
    pub(crate) const fn same(name: &'static str) -> Self {
        Self { v1_41_1: Some(name), latest: Some(name) }
    }

    /// Renamed since 1.41.1.
    pub(crate) const fn renamed(v1_41_1: &'static str, latest: &'static str) -> Self {
        Self { v1_41_1: Some(v1_41_1), latest: Some(latest) }
    }

    pub(crate) const fn of(self, convention: Convention) -> Option<&'static str> {
        match convention {
            Convention::V1_41_1 => self.v1_41_1,
            Convention::Latest => self.latest,
        }
    }
}

impl Convention {
    /// The schema that the names of that version follow, if it is released.
    pub(crate) const fn schema_url(self) -> Option<&'static str> {
        match self {
            Self::V1_41_1 => Some("https://opentelemetry.io/schemas/1.41.1"),
            Self::Latest => None,
        }
    }

    /// What `OTEL_SEMCONV_STABILITY_OPT_IN` asks for.
    pub(crate) fn from_env() -> Self {
        let asked = std::env::var("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
        Self::asked(&asked)
    }

    fn asked(list: &str) -> Self {
        match list.split(',').any(|part| part.trim() == "gen_ai_latest_experimental") {
            true => Self::Latest,
            false => Self::V1_41_1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_asked_for_by_name() {
        assert_eq!(Convention::asked(""), Convention::V1_41_1);
        assert_eq!(Convention::asked("http/dup"), Convention::V1_41_1);
        assert_eq!(Convention::asked("http/dup, gen_ai_latest_experimental"), Convention::Latest);
    }
}
