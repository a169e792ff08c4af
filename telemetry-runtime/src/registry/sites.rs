//! The callsites that are known, by name: who attaches a handler changes those that it selects alone.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::callsite::{EventSite, SpanSite};
use super::documented;
use crate::event::Pattern;

/// A callsite of either kind.
#[derive(Clone, Copy)]
pub(crate) enum Site {
    Span(&'static SpanSite),
    Event(&'static EventSite),
}

impl Site {
    fn address(self) -> usize {
        match self {
            Self::Span(site) => std::ptr::from_ref(site).addr(),
            Self::Event(site) => std::ptr::from_ref(site).addr(),
        }
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let (span, event) = match self {
            Self::Span(site) => (Some(site.events()), None),
            Self::Event(site) => (None, Some(site)),
        };
        span.into_iter().flatten().chain(event).map(|event| event.name)
    }
}

/// All callsites that were used so far, and the documented ones.
pub(super) struct Sites {
    all: Vec<Site>,
    /// Several types of the user's may have one name.
    by_name: BTreeMap<&'static str, Vec<Site>>,
}

impl Sites {
    pub(super) const fn new() -> Self {
        Self { all: Vec::new(), by_name: BTreeMap::new() }
    }

    /// Adds the documented ones, which are known before their first use.
    pub(super) fn add_documented(&mut self) {
        if self.all.is_empty() {
            for site in documented::SPANS {
                self.add(Site::Span(site));
            }
            for site in documented::EVENTS {
                self.add(Site::Event(site));
            }
        }
    }

    /// Adds one that is not known yet.
    pub(super) fn add(&mut self, site: Site) {
        self.all.push(site);
        for name in site.names() {
            self.by_name.entry(name).or_default().push(site);
        }
    }

    pub(super) fn all(&self) -> &[Site] {
        &self.all
    }

    /// Those with an event that one of the patterns selects, each once.
    pub(super) fn selected(&self, patterns: &[Pattern]) -> Vec<Site> {
        let mut selected: Vec<Site> = Vec::new();
        for pattern in patterns {
            let text = pattern.as_str();
            // Names that match begin with what stands before the first wildcard.
            let fixed = &text[..text.find('*').unwrap_or(text.len())];
            let from = self.by_name.range::<str, _>((Bound::Included(fixed), Bound::Unbounded));
            let near = from.take_while(|(name, _)| name.starts_with(fixed));
            selected.extend(near.filter(|(name, _)| pattern.matches(name)).flat_map(|(_, sites)| sites));
        }
        selected.sort_by_key(|site| site.address());
        selected.dedup_by_key(|site| site.address());
        selected
    }
}
