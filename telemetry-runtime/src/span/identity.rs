//! The ids of a span, its parent and its observers.

use std::sync::Arc;

use smallvec::SmallVec;

use super::state::Span;
use crate::clock::Moment;
use crate::context::{Context, Observers, Observing, SpanPlace};
use crate::hook::{self, SpanIdentity, SpanStart};
use crate::ids::{self, SpanId, SpanIds, TraceId};
use crate::panics;

/// The place of a span that begins in a context, but for its depth, and its observers: as the hooks assign them, else
/// generated.
#[inline]
pub(super) fn identify(span: &Span<'_>, context: &Context, started: Moment) -> (SpanPlace, Observers) {
    if span.observed && hook::any() {
        let (identity, observers) = follow(span, context, started);
        let SpanIdentity { id, trace_id, parent, sampled } = identity;
        let ids = assign_ids(id, trace_id, parent, context, started);
        return (SpanPlace { ids, site: span.site, depth: 0, sampled }, observers);
    }
    let ids = assign_ids(None, None, context.parent(), context, started);
    (SpanPlace { ids, site: span.site, depth: 0, sampled: context.sampled() }, None)
}

/// Calls the hooks.
#[cold]
fn follow(span: &Span<'_>, context: &Context, started: Moment) -> (SpanIdentity, Observers) {
    let mut identity =
        SpanIdentity { parent: context.parent(), sampled: context.sampled(), ..SpanIdentity::default() };
    let mut observers: SmallVec<[Observing; 1]> = SmallVec::new();
    let text = |key: &str| {
        let field = span.fields.iter().find(|field| field.0 == key)?;
        field.1.value()?.as_str().map(str::to_owned)
    };
    for hook in hook::all().iter().flat_map(|hooks| hooks.iter()) {
        let start = SpanStart {
            site: span.site,
            agent: span.agent.as_deref(),
            text: &text,
            context,
            identity,
            started,
        };
        if let Ok(answer) = panics::contain(|| hook.on_start(&start)) {
            identity = identity.or_as(answer.identity);
            observers.extend(answer.observer.map(Observing::new));
        }
    }
    let observers: Observers = match observers.into_inner() {
        Ok(one) => Some(Arc::new(one)),
        Err(observers) if observers.is_empty() => None,
        Err(observers) => Some(observers.into_vec().into()),
    };
    (identity, observers)
}

/// Generates the ids no hook or parent provided.
#[inline]
fn assign_ids(
    id: Option<SpanId>,
    trace_id: Option<TraceId>,
    parent: Option<(TraceId, SpanId)>,
    context: &Context,
    now: Moment,
) -> SpanIds {
    let deterministic = context.state.as_ref().and_then(|state| state.deterministic.as_deref());
    let random = || deterministic.map_or_else(|| ids::random(now), |known| known.random());
    let id =
        id.unwrap_or_else(|| std::iter::repeat_with(random).find_map(SpanId::new).expect("some is not zero"));
    let trace_id = trace_id.or(parent.map(|(trace, _)| trace)).unwrap_or_else(|| {
        let wide = || u128::from(random()) << 64 | u128::from(random());
        std::iter::repeat_with(wide).find_map(TraceId::new).expect("some is not zero")
    });
    SpanIds { id, parent_id: parent.map(|(_, id)| id), trace_id }
}
