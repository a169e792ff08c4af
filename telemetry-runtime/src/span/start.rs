//! Capturing what a call was given, before its work begins.

use super::observed::{interesting, is_wanted};
use super::state::Span;
use crate::registry::{self, HANDLED, HOOKED, SCOPED, SpanSite, documented};

/// Looks whether a span that begins now is observed, and if so captures what the call was given.
///
/// A panic in what is captured loses the keys after it and nothing else.
#[cold]
#[inline(never)]
pub fn begin<'a>(site: &'static SpanSite, place: &mut Option<Span<'a>>, capture: impl FnOnce(&mut Span<'a>)) {
    if let Some(observed) = interesting(site) {
        place.insert(Span::new(site, observed, is_wanted(site, observed))).captured(capture);
    }
}

/// The same for the span of a future, where it stays for as long as that runs.
#[cold]
#[inline(never)]
pub fn begin_boxed<'a>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Span<'a>>> {
    let observed = interesting(site)?;
    let mut span = Box::new(Span::new(site, observed, is_wanted(site, observed)));
    span.captured(capture);
    Some(span)
}

/// The same for a span that begins later, perhaps in another context, whose handlers count then. It
/// borrows nothing: what runs later may outlive what the call was given.
#[cold]
#[inline(never)]
pub fn begin_later<'a, 'o>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Span<'o>>> {
    let interest = registry::interest(site);
    if interest == 0 {
        return None;
    }
    let observed = interest & (HANDLED | HOOKED | SCOPED) != 0;
    // Secrets that come between the call and its beginning are accessed by a tool with a name.
    let is_accessed = site.is("tool_call") && documented::secrets_access.enabled();
    let mut span = Span::new(site, observed, is_accessed || is_wanted(site, observed));
    span.captured(capture);
    Some(Box::new(span.into_owned()))
}
