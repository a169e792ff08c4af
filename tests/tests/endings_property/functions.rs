//! The annotated functions.

use super::*;

#[derive(Debug)]
pub(crate) struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("planned")
    }
}

impl std::error::Error for Failed {}

pub(crate) type Outcome = Result<(), Failed>;

#[derive(EventMetadata)]
#[span("prop.step", stop(seen, step, finish_reason))]
pub(crate) struct Own {
    pub(crate) n: usize,
}

macro_rules! functions {
    ($n:ident: $($sync:ident $later:ident #[$($attribute:tt)*])+) => { $(
        #[$($attribute)*]
        fn $sync($n: usize, place: Place, steps: Vec<Step>) -> Outcome {
            body(place, steps)
        }

        #[$($attribute)*]
        async fn $later($n: usize, place: Place, steps: Vec<Step>) -> Outcome {
            Witnessed::new(place.clone(), work(place, steps)).await
        }
    )+ };
}

functions! {
    n:
    own own_later #[agent_span(Own { n }, stop(|_done|))]
    tool tool_later #[tool_call(name = "tool", args = n, fields(n = n))]
    agent agent_later #[agent_span(agent, agent = format!("agent-{n}"), fields(n = n))]
    subagent subagent_later #[agent_span(subagent, role = "r", child_agent = "c", fields(n = n))]
    iteration iteration_later #[agent_span(iteration, iteration = n, fields(n = n), stop(|_done|))]
}

pub(crate) fn body(place: Place, steps: Vec<Step>) -> Outcome {
    let mut witness = Witness::begin(&place);
    witness.runs = true;
    let outcome = spin(work(Place { may_wait: false, ..place }, steps));
    witness.end = Some(if outcome.is_ok() { End::Ok } else { End::Err });
    outcome
}

#[agent_span(Own { n }, stop(|_done|))]
pub(crate) fn boxed(n: usize, place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    Box::pin(async move { Witnessed::new(place.clone(), work(place, steps)).await })
}

#[agent_span(Own { n }, future, stop(|_done|))]
pub(crate) fn made(n: usize, place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    Witnessed::new(place.clone(), work(place, steps)).boxed()
}

#[agent_span(Own { n }, stop(|_done|))]
pub(crate) fn plain(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
    let calls: Vec<Call> = steps.into_iter().flat_map(Step::calls).collect();
    let joined = join_all(calls.into_iter().map(|call| make(&place, call)));
    Witnessed::new(place, joined.map(|outcomes| outcomes.into_iter().collect()))
}

#[agent_span(Own { n }, stop(|_done|))]
pub(crate) fn first(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
    let calls: Vec<Call> = steps.into_iter().flat_map(Step::calls).collect();
    let mut calls: Vec<_> = calls.into_iter().map(|call| make(&place, call)).collect();
    let first = std::future::poll_fn(move |cx| {
        if calls.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let ready = |call: &mut BoxFuture<'static, Outcome>| match call.poll_unpin(cx) {
            Poll::Ready(outcome) => Some(Poll::Ready(outcome)),
            Poll::Pending => None,
        };
        calls.iter_mut().find_map(ready).unwrap_or(Poll::Pending)
    });
    Witnessed::new(place, first)
}

pub(crate) fn inline(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
    in_span!(Own { n }, stop(|_done|); Witnessed::new(place.clone(), work(place, steps)))
}

#[agent_span(Own { n }, stream, item(|_item|))]
pub(crate) fn stream(n: usize, place: Place, steps: Vec<Step>) -> impl Stream<Item = Item> + Send {
    items(place, steps, false)
}

#[agent_span(Own { n }, stream, item(|last| finish_reason = last.then_some("stop")))]
pub(crate) fn early(n: usize, place: Place, steps: Vec<Step>) -> impl Stream<Item = Item> + Send {
    items(place, steps, true)
}

pub(crate) fn items(place: Place, steps: Vec<Step>, tells: bool) -> impl Stream<Item = Item> + Send {
    let each =
        futures::stream::unfold((place.clone(), steps.into_iter()), move |(place, mut steps)| async move {
            let step = steps.next()?;
            let outcome = one(&place, step).await;
            // Nothing comes after an `Err`.
            let steps = if outcome.is_err() { Vec::new().into_iter() } else { steps };
            let is_last = tells && steps.len() == 0;
            Some((outcome.map(|()| is_last), (place, steps)))
        });
    Witnessed::new(place, each.boxed())
}

pub(crate) async fn by_hand(n: usize, place: Place, steps: Vec<Step>) -> Outcome {
    let span = open_span!(Own { n });
    let work = Witnessed::new(place.clone(), work(place, steps));
    let outcome = work.in_context(span.context()).await;
    match &outcome {
        Ok(()) => span.end(),
        Err(error) => span.fail(error),
    }
    outcome
}

/// The future of a call, not polled yet.
pub(crate) fn make(place: &Place, call: Call) -> BoxFuture<'static, Outcome> {
    let Call { kind, shape, steps } = call;
    let place = place.clone();
    let plan = move || {
        let n = place.plan(kind);
        (n, place.inside(n))
    };
    // A function that is not async is called by an async block, which is polled like others.
    macro_rules! either {
        ($sync:ident, $later:ident) => {
            if shape == Shape::Sync {
                async move {
                    let (n, inside) = plan();
                    $sync(n, inside, steps)
                }
                .boxed()
            } else {
                let (n, inside) = plan();
                $later(n, inside, steps).boxed()
            }
        };
    }
    match (kind, shape) {
        (Kind::Own, Shape::Boxed) => {
            let (n, inside) = plan();
            boxed(n, inside, steps)
        }
        (Kind::Own, Shape::Made) => {
            let (n, inside) = plan();
            made(n, inside, steps)
        }
        (Kind::Own, Shape::Plain) => {
            let (n, inside) = plan();
            plain(n, inside, steps).boxed()
        }
        (Kind::Own, Shape::First) => {
            let (n, inside) = plan();
            first(n, inside, steps).boxed()
        }
        (Kind::Own, Shape::InSpan) => {
            let (n, inside) = plan();
            inline(n, inside, steps).boxed()
        }
        (Kind::Own, Shape::ByHand) => {
            let (n, inside) = plan();
            lock(&inside.run.records)[n].by_hand = true;
            by_hand(n, inside, steps).boxed()
        }
        (Kind::Own, Shape::Early) => {
            let (n, inside) = plan();
            let mut items = Box::pin(early(n, inside, steps));
            async move {
                while let Some(item) = items.next().await {
                    if item? {
                        break;
                    }
                }
                Ok(())
            }
            .boxed()
        }
        (Kind::Own, Shape::Stream) => {
            let (n, inside) = plan();
            let mut items = Box::pin(stream(n, inside, steps));
            async move {
                while let Some(item) = items.next().await {
                    item?;
                }
                Ok(())
            }
            .boxed()
        }
        (Kind::Own, _) => either!(own, own_later),
        (Kind::Tool, _) => either!(tool, tool_later),
        (Kind::Agent, _) => either!(agent, agent_later),
        (Kind::Subagent, _) => either!(subagent, subagent_later),
        (Kind::Iteration, _) => either!(iteration, iteration_later),
    }
}
