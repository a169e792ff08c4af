//! Random trees of calls, awaits, joins, selects, spawns, panics, aborts, attaches and detaches: each start has
//! one end that says how it came, children end before their parents, and ids and context are right.
//!
//! Each call keeps a record of what really happened to it; the events are compared with the records.

mod property;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{Stream, StreamExt};
use proptest::prelude::*;
use telemetry_runtime::{
    AttachError, Context, Event, EventMetadata, InContext, IntoPatterns, SpanIds, agent_span, attach, detach,
    event_names, in_current_context, in_span, open_span, record, tool_call,
};

// ---------------------------------------------------------------------------------------------------------
// What is run

/// A call of an annotated function: what kind of span it has, how it is annotated, and what it does.
#[derive(Clone, Debug)]
struct Call {
    kind: Kind,
    shape: Shape,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Own,
    Tool,
    Agent,
    Subagent,
    Iteration,
}

/// How a function of a span of one's own is written; the others are `Sync` or `Async`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Sync,
    Async,
    /// `Box::pin(async ..)`.
    Boxed,
    /// A boxed future made elsewhere.
    Made,
    /// A future that is no `async` block and goes on holding what it holds when a panic passes it, or when
    /// it has returned. Its calls are joined.
    Plain,
    /// The same, which returns when the first of its calls does.
    First,
    InSpan,
    /// A stream with an item for each step.
    Stream,
    /// The same, whose last item says that it is complete: it is dropped then.
    Early,
    /// A span that is opened and ended by hand.
    ByHand,
}

#[derive(Clone, Debug)]
enum Step {
    Yield(u8),
    Call(Call, OnErr),
    /// Its panic is caught.
    Caught(Call),
    Join(Vec<Call>),
    /// The first that ends; the others are dropped.
    Select(Vec<Call>),
    /// Polled so often, then dropped.
    Cancel(Call, u8),
    /// Polled so often, then forgotten.
    Leak(Call, u8),
    Spawn(Call, Fate),
    /// In a thread of its own.
    Thread(Call),
    /// When a local is dropped.
    Finally(Call),
    Panic,
    Fail,
    /// A key is recorded, which the end has, whatever it is.
    Record,
    Attach(usize, Recording),
    Detach(usize),
}

#[derive(Clone, Copy, Debug)]
enum OnErr {
    Ignore,
    Return,
}

/// What becomes of a spawned task.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is waited for, and its panic goes on.
    Joined,
    /// It is waited for after an abort.
    Aborted(u8),
    /// It is left alone.
    Detached,
    /// It is left alone and knows nothing of this context.
    Bare,
}

/// What a handler that is attached on the way does.
#[derive(Clone, Copy, Debug)]
struct Recording {
    own_only: bool,
    /// It panics at that event.
    fails_at: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Executor {
    CurrentThread,
    MultiThread,
    /// Dropped with whatever is left.
    ShutDown,
}

/// Who sees the spans besides the handlers that are attached on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Observers {
    Throughout,
    NobodyElse,
}

// ---------------------------------------------------------------------------------------------------------
// What really happened

/// What happened to one call.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Record {
    parent: Option<usize>,
    kind: Kind,
    is_spawned: bool,
    /// Whether the context of the run was there.
    in_context: bool,
    begun: Option<Begun>,
    end: Option<(usize, End)>,
    thrown: bool,
    /// Whether a key was recorded.
    recorded: bool,
    /// Whether its span is ended by hand: a panic that passes it drops it.
    by_hand: bool,
}

#[derive(Clone, Debug)]
struct Begun {
    /// When, in the order of all that happened.
    at: usize,
    /// Whether somebody saw it.
    observed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ok,
    Err,
    Panic,
    Dropped,
}

/// A handler that was attached on the way.
#[derive(Debug)]
struct Recorder {
    recording: Recording,
    seen: Arc<Mutex<Vec<Seen>>>,
    attached_at: usize,
    detached_at: Option<usize>,
}

impl Recorder {
    fn is_for(&self, kind: Kind) -> bool {
        kind == Kind::Own || !self.recording.own_only
    }

    /// Whether it has panicked, and is detached by now.
    fn has_failed(&self) -> bool {
        self.recording.fails_at.is_some_and(|at| lock(&self.seen).len() >= at)
    }

    /// Whether it had before the start of that call, where it may have done so.
    fn had_failed(&self, number: usize) -> bool {
        let is_start = |seen: &Seen| seen.number == number && seen.end.is_none();
        self.has_failed() && !lock(&self.seen).last().is_some_and(is_start)
    }
}

/// An event, as far as it is looked at.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    number: usize,
    end: Option<String>,
    reason: Option<String>,
    /// Whether it has the key that was recorded.
    recorded: bool,
    span: SpanIds,
    agent: Option<String>,
    session: Option<String>,
    parent_session: Option<String>,
    iteration: Option<u64>,
    prefix: String,
}

impl Seen {
    fn of(event: &Event<'_>) -> Option<Self> {
        let metadata = event.metadata();
        let text = |key: &str| metadata.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let (prefix, phase) = event.name().rsplit_once('.')?;
        let end = match phase {
            "start" => None,
            "stop" => Some(text("status")?),
            _ => Some(text("kind")?),
        };
        Some(Self {
            number: usize::try_from(metadata.get("n")?.as_u64()?).ok()?,
            end,
            reason: text("reason"),
            recorded: metadata.contains_key("step"),
            span: event.span()?,
            agent: text("agent"),
            session: text("session_id"),
            parent_session: text("parent_session_id"),
            iteration: metadata.get("iteration").and_then(|value| value.as_u64()),
            prefix: prefix.to_owned(),
        })
    }
}

/// What a whole run has in common.
struct Run {
    id: u64,
    records: Mutex<Vec<Record>>,
    /// How much has happened.
    time: Mutex<usize>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// Held by each task that was spawned until it has ended.
    running: Arc<()>,
    recorders: Mutex<Vec<Recorder>>,
    /// Which of them is attached at each place.
    attached: Mutex<[Option<usize>; PLACES]>,
    observers: Observers,
}

const PLACES: usize = 3;

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    fn tick(&self) -> usize {
        let mut time = lock(&self.time);
        *time += 1;
        *time
    }

    /// Whether the span of that call, which begins now, is seen by anybody.
    fn is_observed(&self, number: usize, kind: Kind, in_context: bool) -> bool {
        // In the order that whoever attaches locks them.
        let attached = lock(&self.attached);
        let recorders = lock(&self.recorders);
        let sees = |place: &Option<usize>| {
            place.is_some_and(|index| recorders[index].is_for(kind) && !recorders[index].had_failed(number))
        };
        self.observers == Observers::Throughout && in_context || attached.iter().any(sees)
    }
}

/// Where code runs.
#[derive(Clone)]
struct Place {
    run: Arc<Run>,
    me: Option<usize>,
    in_context: bool,
    /// Inside a function that is not async nothing can be waited for.
    may_wait: bool,
    is_spawned: bool,
}

impl Place {
    /// A call that is about to be made from here.
    fn plan(&self, kind: Kind) -> usize {
        let mut records = lock(&self.run.records);
        records.push(Record {
            parent: self.me,
            kind,
            is_spawned: self.is_spawned,
            in_context: self.in_context,
            begun: None,
            end: None,
            thrown: false,
            recorded: false,
            by_hand: false,
        });
        records.len() - 1
    }

    /// Inside that call.
    fn inside(&self, number: usize) -> Self {
        Self { me: Some(number), is_spawned: false, ..self.clone() }
    }

    fn throw(&self) -> ! {
        let number = self.me.unwrap_or(usize::MAX);
        if let Some(record) = lock(&self.run.records).get_mut(number) {
            record.thrown = true;
        }
        panic!("planned {number}");
    }
}

/// Notes how a call ends, by being dropped.
struct Witness {
    run: Arc<Run>,
    number: usize,
    end: Option<End>,
    /// Whether its own code runs now: then it is dropped by a panic that passes it.
    runs: bool,
}

impl Witness {
    fn begin(place: &Place) -> Self {
        let number = place.me.expect("inside a call");
        let run = place.run.clone();
        let at = run.tick();
        let mut records = lock(&run.records);
        let record = &mut records[number];
        record.begun = Some(Begun { at, observed: run.is_observed(number, record.kind, record.in_context) });
        drop(records);
        Self { run, number, end: None, runs: false }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let end = self.end.unwrap_or(if self.runs { End::Panic } else { End::Dropped });
        let at = self.run.tick();
        lock(&self.run.records)[self.number].end = Some((at, end));
    }
}

/// Work with a witness, which is dropped after it.
struct Witnessed<F> {
    work: Option<F>,
    place: Place,
    witness: Option<Witness>,
}

impl<F> Witnessed<F> {
    fn new(place: Place, work: F) -> Self {
        Self { work: Some(work), place, witness: None }
    }

    fn watch<R>(&mut self, poll: impl FnOnce(&mut F) -> R) -> (R, &mut Witness) {
        let witness = self.witness.get_or_insert_with(|| Witness::begin(&self.place));
        witness.runs = true;
        let result = poll(self.work.as_mut().expect("it is dropped with all"));
        witness.runs = false;
        (result, witness)
    }
}

impl<F> Drop for Witnessed<F> {
    fn drop(&mut self) {
        self.work = None;
    }
}

impl<F: Future<Output = Outcome> + Unpin> Future for Witnessed<F> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let (poll, witness) = self.watch(|work| work.poll_unpin(cx));
        if let Poll::Ready(outcome) = &poll {
            witness.end = Some(if outcome.is_ok() { End::Ok } else { End::Err });
        }
        poll
    }
}

/// An item of a stream: whether it is the last, and says so.
type Item = Result<bool, Failed>;

impl<S: Stream<Item = Item> + Unpin> Stream for Witnessed<S> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Item>> {
        if self.work.is_none() {
            return Poll::Ready(None);
        }
        let (poll, witness) = self.watch(|work| work.poll_next_unpin(cx));
        match &poll {
            // Whoever drops it now has seen its last item.
            Poll::Ready(Some(Err(_))) => witness.end = Some(End::Err),
            Poll::Ready(Some(Ok(true))) => witness.end = Some(End::Ok),
            Poll::Ready(None) => {
                witness.end.get_or_insert(End::Ok);
                self.work = None;
                self.witness = None;
            }
            _ => {}
        }
        poll
    }
}

// ---------------------------------------------------------------------------------------------------------
// The annotated functions

#[derive(Debug)]
struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("planned")
    }
}

impl std::error::Error for Failed {}

type Outcome = Result<(), Failed>;

#[derive(EventMetadata)]
#[span("prop.step", stop(seen, step, finish_reason))]
struct Own {
    n: usize,
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

fn body(place: Place, steps: Vec<Step>) -> Outcome {
    let mut witness = Witness::begin(&place);
    witness.runs = true;
    let outcome = spin(work(Place { may_wait: false, ..place }, steps));
    witness.end = Some(if outcome.is_ok() { End::Ok } else { End::Err });
    outcome
}

#[agent_span(Own { n }, stop(|_done|))]
fn boxed(n: usize, place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    Box::pin(async move { Witnessed::new(place.clone(), work(place, steps)).await })
}

#[agent_span(Own { n }, future, stop(|_done|))]
fn made(n: usize, place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    Witnessed::new(place.clone(), work(place, steps)).boxed()
}

#[agent_span(Own { n }, stop(|_done|))]
fn plain(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
    let calls: Vec<Call> = steps.into_iter().flat_map(Step::calls).collect();
    let joined = join_all(calls.into_iter().map(|call| make(&place, call)));
    Witnessed::new(place, joined.map(|outcomes| outcomes.into_iter().collect()))
}

#[agent_span(Own { n }, stop(|_done|))]
fn first(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
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

fn inline(n: usize, place: Place, steps: Vec<Step>) -> impl Future<Output = Outcome> + Send {
    in_span!(Own { n }, stop(|_done|); Witnessed::new(place.clone(), work(place, steps)))
}

#[agent_span(Own { n }, stream, item(|_item|))]
fn stream(n: usize, place: Place, steps: Vec<Step>) -> impl Stream<Item = Item> + Send {
    items(place, steps, false)
}

#[agent_span(Own { n }, stream, item(|last| finish_reason = last.then_some("stop")))]
fn early(n: usize, place: Place, steps: Vec<Step>) -> impl Stream<Item = Item> + Send {
    items(place, steps, true)
}

fn items(place: Place, steps: Vec<Step>, tells: bool) -> impl Stream<Item = Item> + Send {
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

async fn by_hand(n: usize, place: Place, steps: Vec<Step>) -> Outcome {
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
fn make(place: &Place, call: Call) -> BoxFuture<'static, Outcome> {
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

// ---------------------------------------------------------------------------------------------------------
// Running steps

impl Step {
    fn calls(self) -> Vec<Call> {
        match self {
            Self::Call(call, _)
            | Self::Caught(call)
            | Self::Cancel(call, _)
            | Self::Leak(call, _)
            | Self::Spawn(call, _)
            | Self::Thread(call)
            | Self::Finally(call) => vec![call],
            Self::Join(calls) | Self::Select(calls) => calls,
            _ => Vec::new(),
        }
    }
}

fn work(place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    async move {
        for step in steps {
            one(&place, step).await?;
        }
        record!(Own, seen = true);
        Ok(())
    }
    .boxed()
}

async fn one(place: &Place, step: Step) -> Outcome {
    match step {
        Step::Yield(times) => yields(times).await,
        Step::Call(call, on_err) => {
            let outcome = make(place, call).await;
            if let OnErr::Return = on_err {
                return outcome;
            }
        }
        Step::Caught(call) => drop(AssertUnwindSafe(make(place, call)).catch_unwind().await),
        Step::Join(calls) => {
            join_all(calls.into_iter().map(|call| make(place, call))).await;
        }
        Step::Select(calls) => {
            if !calls.is_empty() {
                let made: Vec<_> = calls.into_iter().map(|call| make(place, call)).collect();
                drop(futures::future::select_all(made).await);
            }
        }
        Step::Cancel(call, polls) => {
            let mut future = make(place, call);
            for _ in 0..polls {
                if futures::poll!(&mut future).is_ready() {
                    break;
                }
            }
        }
        Step::Leak(call, polls) => {
            let mut future = make(place, call);
            for _ in 0..polls {
                if futures::poll!(&mut future).is_ready() {
                    return Ok(());
                }
            }
            std::mem::forget(future);
        }
        Step::Spawn(call, fate) => spawn(place, call, fate).await,
        Step::Thread(call) => {
            let inside = Place { may_wait: false, ..place.clone() };
            let handle = tokio::runtime::Handle::current();
            let run = in_current_context(move || {
                let _runtime = handle.enter();
                drop(spin(make(&inside, call)));
            });
            if let Err(payload) = std::thread::spawn(run).join() {
                resume_unwind(payload);
            }
        }
        Step::Finally(call) => {
            let finally = Finally(Some((Place { may_wait: false, ..place.clone() }, call)));
            yields(1).await;
            drop(finally);
        }
        Step::Panic => place.throw(),
        Step::Record => {
            let number = place.me.unwrap_or(usize::MAX);
            if let Some(record) = lock(&place.run.records).get_mut(number)
                && record.kind == Kind::Own
            {
                record.recorded = true;
                record!(Own, step = 1);
            }
        }
        Step::Fail => return Err(Failed),
        Step::Attach(at, recording) => attach_at(&place.run, at, recording),
        Step::Detach(at) => detach_at(&place.run, at),
    }
    Ok(())
}

/// Calls something when it is dropped, and lets no panic out.
struct Finally(Option<(Place, Call)>);

impl Drop for Finally {
    fn drop(&mut self) {
        if let Some((place, call)) = self.0.take() {
            drop(catch_unwind(AssertUnwindSafe(|| spin(make(&place, call)))));
        }
    }
}

async fn spawn(place: &Place, call: Call, fate: Fate) {
    let inside = Place { is_spawned: true, may_wait: true, ..place.clone() };
    let running = place.run.running.clone();
    let task = async move |place: Place| {
        drop(make(&place, call).await);
        drop(running);
    };
    let spawned = match fate {
        Fate::Bare => tokio::spawn(task(Place { in_context: false, me: None, ..inside })),
        _ => tokio::spawn(task(inside).in_current_context()),
    };
    if !place.may_wait {
        lock(&place.run.tasks).push(spawned);
        return;
    }
    match fate {
        Fate::Joined => {
            if let Err(error) = spawned.await
                && let Ok(payload) = error.try_into_panic()
            {
                resume_unwind(payload);
            }
        }
        Fate::Aborted(after) => {
            for _ in 0..after {
                tokio::task::yield_now().await;
            }
            spawned.abort();
            let _ = spawned.await;
        }
        Fate::Detached | Fate::Bare => lock(&place.run.tasks).push(spawned),
    }
}

async fn yields(times: u8) {
    for _ in 0..times {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Polls until it is ready: nothing in it waits for others.
fn spin<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}

fn all_events() -> impl IntoPatterns {
    event_names![
        "prop.step.*",
        "condukt.tool_call.*",
        "condukt.agent.*",
        "condukt.subagent.*",
        "legion.iteration.*"
    ]
}

fn attach_at(run: &Arc<Run>, at: usize, recording: Recording) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let run_id = run.id;
    let handler = move |event: &Event<'_>| {
        if run_id != 0 && event.metadata().get("run").is_none_or(|run| run != run_id) {
            return;
        }
        let Some(event) = Seen::of(event) else { return };
        let mut seen = lock(&sink);
        seen.push(event);
        if recording.fails_at == Some(seen.len()) {
            drop(seen);
            panic!("planned failure of a handler");
        }
    };
    let id = format!("prop-{}-{at}", run.id);
    // The list of those attached and the registry change together.
    let mut attached = lock(&run.attached);
    let result = if recording.own_only {
        attach(&id, event_names!["prop.step.*"], handler)
    } else {
        attach(&id, all_events(), handler)
    };
    match result {
        Ok(_) => {
            let attached_at = run.tick();
            let mut recorders = lock(&run.recorders);
            attached[at] = Some(recorders.len());
            recorders.push(Recorder { recording, seen, attached_at, detached_at: None });
        }
        Err(error) => assert_eq!(error, AttachError::AlreadyAttached(id)),
    }
}

fn detach_at(run: &Arc<Run>, at: usize) {
    let id = format!("prop-{}-{at}", run.id);
    let mut attached = lock(&run.attached);
    let result = detach(&id);
    if let Some(index) = attached[at].take() {
        let recorder = &mut lock(&run.recorders)[index];
        recorder.detached_at = Some(run.tick());
        assert!(result.is_ok() || recorder.has_failed(), "it is attached, unless it failed");
    } else {
        assert_eq!(result, Err(AttachError::NotAttached(id)));
    }
}

// ---------------------------------------------------------------------------------------------------------
// Random ones

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::Own),
        1 => Just(Kind::Tool),
        2 => Just(Kind::Agent),
        1 => Just(Kind::Subagent),
        1 => Just(Kind::Iteration),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    use Shape::{Async, Boxed, ByHand, Early, First, InSpan, Made, Plain, Stream, Sync};
    prop_oneof![
        3 => proptest::sample::select(vec![Async, Sync]),
        2 => proptest::sample::select(vec![Boxed, Made, Plain, First, InSpan, Stream, Early, ByHand]),
    ]
}

fn simple_step() -> impl Strategy<Value = Step> {
    let recording = (any::<bool>(), proptest::option::weighted(0.2, 1..4_usize))
        .prop_map(|(own_only, fails_at)| Recording { own_only, fails_at });
    prop_oneof![
        4 => (1..3_u8).prop_map(Step::Yield),
        2 => Just(Step::Panic),
        2 => Just(Step::Record),
        1 => Just(Step::Fail),
        2 => (0..PLACES, recording).prop_map(|(at, recording)| Step::Attach(at, recording)),
        1 => (0..PLACES).prop_map(Step::Detach),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let of = |steps: BoxedStrategy<Vec<Step>>| {
        (kind(), shape(), steps).prop_map(|(kind, shape, steps)| Call { kind, shape, steps })
    };
    let leaf = of(proptest::collection::vec(simple_step(), 0..3).boxed());
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let calls = || proptest::collection::vec(inner.clone(), 1..4);
        let fate = prop_oneof![
            3 => Just(Fate::Joined),
            2 => (0..3_u8).prop_map(Fate::Aborted),
            1 => Just(Fate::Detached),
            1 => Just(Fate::Bare),
        ];
        let on_err = prop_oneof![Just(OnErr::Ignore), Just(OnErr::Return)];
        let step = prop_oneof![
            6 => simple_step(),
            4 => (inner.clone(), on_err).prop_map(|(call, on_err)| Step::Call(call, on_err)),
            2 => inner.clone().prop_map(Step::Caught),
            2 => calls().prop_map(Step::Join),
            2 => calls().prop_map(Step::Select),
            2 => (inner.clone(), 0..4_u8).prop_map(|(call, polls)| Step::Cancel(call, polls)),
            1 => (inner.clone(), 0..3_u8).prop_map(|(call, polls)| Step::Leak(call, polls)),
            3 => (inner.clone(), fate).prop_map(|(call, fate)| Step::Spawn(call, fate)),
            1 => inner.clone().prop_map(Step::Thread),
            1 => inner.prop_map(Step::Finally),
        ];
        of(proptest::collection::vec(step, 0..4).boxed())
    })
}

fn executor() -> impl Strategy<Value = Executor> {
    prop_oneof![
        4 => Just(Executor::CurrentThread),
        3 => Just(Executor::MultiThread),
        1 => Just(Executor::ShutDown),
    ]
}

// ---------------------------------------------------------------------------------------------------------
// Running them

/// What came of a run.
struct Ran {
    run: Arc<Run>,
    /// What the handlers saw that were attached throughout: one in the context, one in the registry.
    scoped: Vec<Seen>,
    global: Vec<Seen>,
}

fn perform(call: Call, executor: Executor, observers: Observers) -> Ran {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    quietly();
    let run = Arc::new(Run {
        id: RUNS.fetch_add(1, Ordering::Relaxed),
        records: Mutex::default(),
        time: Mutex::default(),
        tasks: Mutex::default(),
        running: Arc::default(),
        recorders: Mutex::default(),
        attached: Mutex::default(),
        observers,
    });
    let (scoped, global) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let context = Context::new().with("run", run.id);
    let context = match observers {
        Observers::NobodyElse => context,
        Observers::Throughout => {
            let (sink, run_id) = (global.clone(), run.id);
            attach("prop-throughout", all_events(), move |event: &Event<'_>| {
                if event.metadata().get("run").is_some_and(|run| run == run_id) {
                    lock(&sink).extend(Seen::of(event));
                }
            })
            .unwrap();
            let sink = scoped.clone();
            context.with_handler(all_events(), move |event: &Event<'_>| lock(&sink).extend(Seen::of(event)))
        }
    };
    let place = Place { run: run.clone(), me: None, in_context: true, may_wait: true, is_spawned: false };
    let root =
        async move { drop(AssertUnwindSafe(make(&place, call)).catch_unwind().await) }.in_context(context);
    let tasks = || std::mem::take(&mut *lock(&run.tasks));
    match executor {
        Executor::ShutDown => {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(root);
        }
        Executor::CurrentThread | Executor::MultiThread => {
            let all = async {
                // A task of its own, so that it may move between threads.
                tokio::spawn(root).await.unwrap();
                loop {
                    let tasks = tasks();
                    if tasks.is_empty() {
                        break;
                    }
                    join_all(tasks).await;
                }
                // The handle of a task may be leaked with the future that waited for it.
                while Arc::strong_count(&run.running) > 1 {
                    tokio::task::yield_now().await;
                }
            };
            if executor == Executor::MultiThread {
                many_threads().block_on(all);
            } else {
                tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(all);
            }
        }
    }
    for at in 0..PLACES {
        detach_at(&run, at);
    }
    if observers == Observers::Throughout {
        detach("prop-throughout").unwrap();
    }
    assert_eq!(Context::current().span(), None);
    let seen = |seen: &Mutex<Vec<Seen>>| lock(seen).clone();
    Ran { scoped: seen(&scoped), global: seen(&global), run }
}

fn many_threads() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap())
}

/// Planned panics are not shown.
fn quietly() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or(payload.downcast_ref::<&str>().copied());
            if text.is_none_or(|message| !message.starts_with("planned")) {
                hook(info);
            }
        }));
    });
}

// ---------------------------------------------------------------------------------------------------------
// Comparing

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(TestCaseError::fail(format!($($message)+)));
        }
    };
}

impl Ran {
    fn records(&self) -> Vec<Record> {
        lock(&self.run.records).clone()
    }

    /// Each call that began has one start and the end that it had, and no other has any.
    fn check_ends(&self) -> Result<(), TestCaseError> {
        for (number, record) in self.records().iter().enumerate() {
            let of_it: Vec<&Seen> = self.scoped.iter().filter(|seen| seen.number == number).collect();
            let starts = of_it.iter().filter(|seen| seen.end.is_none()).count();
            let ends: Vec<_> = of_it.iter().filter_map(|seen| seen.end.as_deref()).collect();
            if record.begun.is_none() || !record.in_context {
                ensure!(of_it.is_empty(), "call {number} did not begin here: {of_it:?}");
                continue;
            }
            ensure!(starts == 1, "call {number} has {starts} starts");
            let expected = record.end.map(|(_, end)| match end {
                End::Ok => "ok",
                End::Err => "error",
                End::Panic if record.by_hand => "cancelled",
                End::Panic => "panic",
                End::Dropped => "cancelled",
            });
            for end in of_it.iter().filter(|seen| seen.end.is_some()) {
                ensure!(
                    end.recorded == record.recorded,
                    "call {number} recorded {}, and its end says {}",
                    record.recorded,
                    end.recorded
                );
            }
            ensure!(ends == Vec::from_iter(expected), "call {number} ended as {expected:?}: {ends:?}");
            ensure!(of_it[0].end.is_none(), "call {number} ends before it starts");
            ensure!(
                of_it.iter().all(|seen| seen.span == of_it[0].span),
                "call {number} has one span: {of_it:?}"
            );
            if let Some(reason) = of_it.last().and_then(|seen| seen.reason.as_deref()) {
                self.check_reason(number, record, reason)?;
            }
        }
        Ok(())
    }

    /// What passed it was thrown in it, or in what it called.
    fn check_reason(&self, number: usize, record: &Record, reason: &str) -> Result<(), TestCaseError> {
        if record.by_hand || record.end.is_some_and(|(_, end)| end == End::Dropped) {
            ensure!(reason == "cancelled", "call {number} was cancelled: {reason}");
            return Ok(());
        }
        let records = self.records();
        let thrower = reason.strip_prefix("planned ").and_then(|thrower| thrower.parse::<usize>().ok());
        let Some(thrower) = thrower else {
            return Err(TestCaseError::fail(format!("call {number}: {reason}")));
        };
        ensure!(records[thrower].thrown, "call {thrower} threw nothing");
        let mut around = std::iter::successors(Some(thrower), |number| records[*number].parent);
        ensure!(around.any(|around| around == number), "call {number} did not call {thrower}");
        Ok(())
    }

    /// Spans lie within each other as calls do.
    fn check_order(&self) -> Result<(), TestCaseError> {
        let records = self.records();
        let at = |number: usize, end: bool| {
            self.scoped.iter().position(|seen| seen.number == number && seen.end.is_some() == end)
        };
        for (number, record) in records.iter().enumerate() {
            let (Some(start), Some(parent)) = (at(number, false), record.parent) else { continue };
            let (Some(outer), span) = (at(parent, false), self.scoped[start].span) else {
                return Err(TestCaseError::fail(format!(
                    "call {number} is within {parent}, which has no start"
                )));
            };
            ensure!(outer < start, "call {number} starts before {parent}");
            let outer = self.scoped[outer].span;
            ensure!(span.parent_id == Some(outer.id), "call {number} is a child of {parent}");
            ensure!(span.trace_id == outer.trace_id, "call {number} is of the trace of {parent}");
            let parent_returned = matches!(records[parent].end, Some((_, End::Ok | End::Err)));
            let is_waited_for = !record.is_spawned || parent_returned && self.is_waited_for(number);
            if let (Some(inner), Some(outer), true) = (at(number, true), at(parent, true), is_waited_for) {
                ensure!(inner < outer, "call {parent} ends before {number}");
            }
        }
        let roots: HashSet<_> = self
            .scoped
            .iter()
            .filter(|seen| records[seen.number].parent.is_none())
            .map(|seen| seen.span)
            .collect();
        ensure!(roots.iter().all(|root| root.parent_id.is_none()), "{roots:?}");
        let ids: HashSet<_> = self.scoped.iter().map(|seen| seen.span.id).collect();
        let starts = self.scoped.iter().filter(|seen| seen.end.is_none()).count();
        ensure!(ids.len() == starts, "{} ids of {starts} spans", ids.len());
        Ok(())
    }

    /// Whether a spawned call had ended when its parent did: it was joined or aborted there.
    fn is_waited_for(&self, number: usize) -> bool {
        let records = self.records();
        let end = |number: usize| records[number].end.map(|(at, _)| at);
        match (end(number), records[number].parent.and_then(end)) {
            (Some(inner), Some(outer)) => inner < outer,
            _ => false,
        }
    }

    /// Each event shows the context that the calls around it opened.
    fn check_context(&self) -> Result<(), TestCaseError> {
        let records = self.records();
        let mut sessions: HashMap<usize, Option<String>> = HashMap::new();
        let mut fresh: HashSet<String> = HashSet::new();
        for seen in self.scoped.iter().filter(|seen| seen.end.is_none()) {
            let number = seen.number;
            let around: Vec<usize> =
                std::iter::successors(Some(number), |number| records[*number].parent).collect();
            let nearest = |kind: Kind| around.iter().position(|number| records[*number].kind == kind);
            let (own_kind, outside) = (records[number].kind, &around[1..]);
            // The session outside of it.
            let outer = outside.first().and_then(|outer| sessions.get(outer).cloned()).flatten();
            let session = match own_kind {
                Kind::Agent if outer.is_none() => {
                    let session = seen.session.clone();
                    ensure!(
                        session.as_ref().is_some_and(|session| fresh.insert(session.clone())),
                        "call {number} opens a session: {session:?}"
                    );
                    session
                }
                Kind::Subagent => None,
                _ => outer.clone(),
            };
            if matches!(own_kind, Kind::Own | Kind::Tool | Kind::Agent) {
                ensure!(seen.session == session, "call {number} is in {session:?}: {:?}", seen.session);
            }
            sessions.insert(number, session);
            if own_kind == Kind::Own || own_kind == Kind::Subagent {
                let delegation = nearest(Kind::Subagent);
                let expected = delegation.and_then(|at| {
                    // The nearest that was in a session: one may delegate within another.
                    around[at..].iter().skip(1).find_map(|number| sessions.get(number).cloned().flatten())
                });
                ensure!(
                    seen.parent_session == expected,
                    "call {number} was delegated by {expected:?}: {:?}",
                    seen.parent_session
                );
            }
            let agent = nearest(Kind::Agent).map(|at| format!("agent-{}", around[at]));
            ensure!(seen.agent == agent, "call {number} is of {agent:?}: {:?}", seen.agent);
            if own_kind == Kind::Own || own_kind == Kind::Iteration {
                let iteration = nearest(Kind::Iteration).map(|at| around[at] as u64);
                ensure!(
                    seen.iteration == iteration,
                    "call {number} is in {iteration:?}: {:?}",
                    seen.iteration
                );
            }
        }
        // What a start shows its end shows too.
        for end in self.scoped.iter().filter(|seen| seen.end.is_some()) {
            let start = self.scoped.iter().find(|seen| seen.number == end.number && seen.end.is_none());
            let shown = |seen: &Seen| {
                let session = (records[seen.number].kind != Kind::Subagent).then(|| seen.session.clone());
                (
                    seen.agent.clone(),
                    session,
                    seen.parent_session.clone(),
                    seen.iteration,
                    seen.prefix.clone(),
                )
            };
            ensure!(start.is_some_and(|start| shown(start) == shown(end)), "{start:?} and {end:?}");
        }
        Ok(())
    }

    /// Both handlers that were attached throughout saw the same.
    fn check_handlers(&self, in_one_thread: bool) -> Result<(), TestCaseError> {
        if in_one_thread {
            ensure!(self.global == self.scoped, "{:?} and {:?}", self.global, self.scoped);
        } else {
            let sorted = |seen: &[Seen]| {
                let mut keys: Vec<_> = seen.iter().map(|seen| (seen.number, seen.end.clone())).collect();
                keys.sort();
                keys
            };
            ensure!(sorted(&self.global) == sorted(&self.scoped), "{:?} and {:?}", self.global, self.scoped);
        }
        for recorder in &*lock(&self.run.recorders) {
            let seen = lock(&recorder.seen);
            let mut once = HashSet::new();
            for seen in &*seen {
                ensure!(once.insert((seen.number, seen.end.is_some())), "twice: {seen:?}");
                ensure!(self.scoped.contains(seen), "not there: {seen:?}");
            }
        }
        Ok(())
    }

    /// A handler attached on the way saw each event from its attachment to its detachment, of the spans that
    /// were observed when they began.
    fn check_recorders(&self) -> Result<(), TestCaseError> {
        for recorder in &*lock(&self.run.recorders) {
            let until = recorder.detached_at.unwrap_or(usize::MAX);
            let is_attached = |at: usize| (recorder.attached_at..until).contains(&at);
            let mut expected: Vec<(usize, usize, bool)> = Vec::new();
            for (number, record) in self.records().iter().enumerate() {
                let Some(begun) = &record.begun else { continue };
                if !record.in_context || !recorder.is_for(record.kind) {
                    continue;
                }
                if is_attached(begun.at) {
                    expected.push((begun.at, number, false));
                }
                if let Some((at, _)) = record.end
                    && is_attached(at)
                    && begun.observed
                {
                    expected.push((at, number, true));
                }
            }
            expected.sort_unstable();
            expected.truncate(recorder.recording.fails_at.unwrap_or(usize::MAX));
            let expected: Vec<_> = expected.into_iter().map(|(_, number, end)| (number, end)).collect();
            let seen: Vec<_> =
                lock(&recorder.seen).iter().map(|seen| (seen.number, seen.end.is_some())).collect();
            ensure!(seen == expected, "{recorder:?} saw {seen:?}, not {expected:?}");
        }
        Ok(())
    }
}

/// Handlers are attached for the whole process, so one run goes on at a time.
///
/// A function that makes a future captures its arguments when it is called, if anybody may see them; for
/// what it emits to depend on its first poll alone, there is always somebody who may.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    static SOMEBODY: std::sync::OnceLock<Context> = std::sync::OnceLock::new();
    SOMEBODY.get_or_init(|| Context::new().with_handler(all_events(), |_: &Event<'_>| {}));
    lock(&ALONE)
}

#[test]
fn each_start_has_the_end_that_its_call_had() {
    let _alone = alone();
    property::check(2000, &(call(), executor()), |(call, executor)| {
        let ran = perform(call, executor, Observers::Throughout);
        ran.check_ends()?;
        ran.check_order()?;
        ran.check_context()?;
        ran.check_handlers(executor != Executor::MultiThread)
    });
}

#[test]
fn whether_a_span_is_observed_is_decided_at_its_start() {
    let _alone = alone();
    let executor = prop_oneof![Just(Executor::CurrentThread), Just(Executor::ShutDown)];
    property::check(2000, &(call(), executor), |(call, executor)| {
        perform(call, executor, Observers::NobodyElse).check_recorders()
    });
}

/// A tree that breaks a rule shrinks to one that shows why.
#[test]
fn trees_shrink_to_small_ones() {
    let _alone = alone();
    let smallest = property::smallest(&(call(), executor()), |(call, executor)| {
        let ran = perform(call, executor, Observers::Throughout);
        let is_cancelled = |seen: &Seen| seen.end.as_deref() == Some("cancelled");
        ensure!(!ran.scoped.iter().any(is_cancelled), "nothing is ever cancelled");
        Ok(())
    });
    fn count(call: &Call) -> usize {
        1 + call.steps.iter().flat_map(|step| step.clone().calls()).map(|call| count(&call)).sum::<usize>()
    }
    assert!(count(&smallest.0) <= 3, "{smallest:?}");
}
