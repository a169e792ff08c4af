//! Which model of the table a name means.

use super::table::{PriceSet, Provider, Table};
use crate::provider::{Provider as Named, split, without_path};

/// A model of the table: the place of its provider, and its own there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Found(usize, usize);

/// The table's names of providers, where they are not the conventions' own.
const NAMES: &[(&str, &str)] = &[
    ("aws.bedrock", "aws"),
    ("azure.ai.openai", "azure"),
    ("azure.ai.inference", "azure"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("gcp.vertex_ai", "google"),
    ("mistral_ai", "mistral"),
    ("moonshot_ai", "moonshotai"),
    ("x_ai", "x-ai"),
];

/// A model's name is no longer than this.
const MAX_NAME: usize = 256;

impl Table {
    /// The model of a name, of a provider if one is given.
    pub(super) fn find(&self, provider: Option<&str>, model: &str) -> Option<Found> {
        if model.len() > MAX_NAME || provider.is_some_and(|name| name.len() > MAX_NAME) {
            return None;
        }
        let whole = model.to_ascii_lowercase();
        let name = without_path(&whole);
        if let Some(provider) = provider {
            let served_by = self.provider(provider)?;
            let prefixed = || without_path(split(name).1);
            return self.model(served_by, name).or_else(|| self.model(served_by, prefixed()));
        }
        if let (Some(served_by), rest) = split(name) {
            let served_by = self.provider(served_by.as_str())?;
            let short = || self.model(served_by, without_path(rest));
            return short().or_else(|| self.model(served_by, name));
        }
        let told = Named::of(&whole).and_then(|named| self.provider(named.as_str()));
        let told = told.and_then(|provider| self.model(provider, name));
        told.or_else(|| {
            let meant = |provider: &Provider| {
                provider.model_match.as_ref().is_some_and(|clause| clause.matches(name))
            };
            self.model(self.providers.iter().position(meant)?, name)
        })
    }

    pub(super) fn price(&self, Found(provider, model): Found, seconds: u64) -> Option<&PriceSet> {
        self.providers.get(provider)?.models.get(model)?.price(seconds)
    }

    fn provider(&self, name: &str) -> Option<usize> {
        let name = name.trim().to_ascii_lowercase();
        let name =
            NAMES.iter().find(|(convention, _)| *convention == name).map_or(name.as_str(), |(_, id)| id);
        let by_id = self.providers.iter().position(|provider| provider.id == name);
        by_id.or_else(|| {
            let meant =
                |provider: &Provider| provider.names.as_ref().is_some_and(|clause| clause.matches(name));
            self.providers.iter().position(meant)
        })
    }

    /// A model of a provider, or of those whose models it serves.
    fn model(&self, provider: usize, name: &str) -> Option<Found> {
        self.model_as_written(provider, name).or_else(|| {
            // `gpt-5.2-20251211` is `gpt-5.2-2025-12-11`.
            let dated = with_dashes(name)?;
            self.model_as_written(provider, &dated)
        })
    }

    fn model_as_written(&self, provider: usize, name: &str) -> Option<Found> {
        let of = |place: usize| {
            let models = &self.providers.get(place)?.models;
            models.iter().position(|model| model.clause.matches(name)).map(|model| Found(place, model))
        };
        of(provider).or_else(|| {
            self.providers[provider]
                .fallback
                .iter()
                .find_map(|other| of(self.providers.iter().position(|provider| provider.id == *other)?))
        })
    }

    /// The name of the table that is nearest to one which it does not know.
    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        let wanted = split(&name).1;
        let ids = self.providers.iter().flat_map(|provider| &provider.models).map(|model| model.id.as_str());
        let near = ids.filter_map(|id| Some((distance(wanted, id, wanted.len() / 3 + 1)?, id)));
        near.min_by_key(|(distance, id)| (*distance, id.len())).map(|(_, id)| id.to_owned())
    }
}

/// A date such as `-20251211` in a name, with dashes.
fn with_dashes(name: &str) -> Option<String> {
    for (start, _) in name.match_indices('-') {
        let digits = name.get(start + 1..start + 9)?;
        let ends = matches!(name.as_bytes().get(start + 9), None | Some(b'-' | b':'));
        let (month, day) = (digits.get(4..6)?, digits.get(6..8)?);
        if ends
            && digits.starts_with("20")
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && ("01"..="12").contains(&month)
            && ("01"..="31").contains(&day)
        {
            return Some(format!("{}-{}-{month}-{day}{}", &name[..start], &digits[..4], &name[start + 9..]));
        }
    }
    None
}

/// How many letters make one of the other, if no more than that.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    if a.len() > 64 || a.len().abs_diff(b.len()) > most {
        return None;
    }
    Some(strsim::levenshtein(a, b)).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_get_their_dashes() {
        assert_eq!(with_dashes("gpt-5.2-20251211").as_deref(), Some("gpt-5.2-2025-12-11"));
        assert_eq!(with_dashes("gpt-5.2-20251211-x").as_deref(), Some("gpt-5.2-2025-12-11-x"));
        for none in ["gpt-5.2", "gpt-20251311", "gpt-202512110", "é-é", "-2025121é"] {
            assert_eq!(with_dashes(none), None, "{none}");
        }
        assert_eq!((distance("gpt-4o", "gpt-4p", 2), distance("abc", "xyz", 2)), (Some(1), None));
    }
}
