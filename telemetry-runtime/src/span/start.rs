//! Capturing what a call was given, before its work begins.

use super::observed::{interesting, is_wanted, needs_here};
use super::one_call::one_call;
use super::state::Span;
use crate::context::{self, ContextState};
use crate::handler::Needs;
use crate::panics;
use crate::registry::{self, HANDLED, HOOKED, SCOPED, SpanSite, documented};
use crate::value::{Captured, CapturedValue};

/// Looks whether a span that begins now is observed, and if so captures what the call was given.
///
/// A panic in `capture`, which is called once, loses the keys after it and nothing else.
pub(super) fn begin<'a>(
    site: &'static SpanSite,
    place: &mut Option<Span<'a>>,
    capture: &mut dyn FnMut(&mut Span<'a>),
) {
    if let Some(observed) = interesting(site) {
        let needs = needs_here(site);
        place.insert(Span::new(site, observed, is_wanted(site, observed), needs)).captured(capture);
    }
}

/// As `begin`, for a span that begins later, perhaps in another context, whose handlers then decide. It borrows
/// nothing: the work may outlive the arguments.
#[cold]
#[inline(never)]
pub fn begin_later<'a, 'o>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Span<'o>>> {
    captured_for_later(site, &mut one_call(capture))
}

fn captured_for_later<'a, 'o>(
    site: &'static SpanSite,
    capture: &mut dyn FnMut(&mut Span<'a>),
) -> Option<Box<Span<'o>>> {
    let interest = registry::interest(site);
    if interest == 0 {
        return None;
    }
    let observed = interest & (HANDLED | HOOKED | SCOPED) != 0;
    // Secrets that come between the call and its beginning are accessed by a tool with a name.
    let is_accessed = site.is("tool_call") && documented::secrets_access.enabled();
    // Where it begins there may be other handlers.
    let needs = if interest & SCOPED != 0 { Needs::ALL } else { needs_here(site) };
    let mut span = Span::new(site, observed, is_accessed || is_wanted(site, observed), needs);
    span.captured(capture);
    Some(Box::new(span.into_owned()))
}

/// An argument of a call whose span begins once it has been taken apart. A panic in `capture` loses it and nothing else.
#[inline]
pub fn captured_before<'a>(
    site: &'static SpanSite,
    bit: u64,
    capture: impl FnOnce() -> Captured<'a>,
) -> Captured<'a> {
    if site.enabled() { captured_if_needed(site, bit, capture) } else { CapturedValue::Absent }
}

#[cold]
#[inline(never)]
fn captured_if_needed<'a>(
    site: &'static SpanSite,
    bit: u64,
    capture: impl FnOnce() -> Captured<'a>,
) -> Captured<'a> {
    // Where the span begins there may be other handlers.
    let is_needed = registry::interest(site) & SCOPED != 0 || needs_here(site).bits() & bit != 0;
    let captured = is_needed.then(|| panics::contain(capture)).and_then(Result::ok);
    captured.unwrap_or(CapturedValue::Absent)
}

/// The number of a turn without one of its own: counted from 0 within the agent around.
pub fn next_turn() -> Captured<'static> {
    let turn = context::with_state(|state| state.map_or(0, ContextState::next_turn));
    CapturedValue::U64(turn.unwrap_or(0))
}
