//! What really happened to each call.

use super::*;

/// Whether the task has ended and its parent has seen that.
pub(crate) type Task = Arc<AtomicBool>;

/// What happened to one call.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Record {
    pub(crate) parent: Option<usize>,
    pub(crate) kind: Kind,
    pub(crate) task: Option<Task>,
    /// Whether the context of the run was there.
    pub(crate) in_context: bool,
    pub(crate) begun: Option<Begun>,
    pub(crate) end: Option<(usize, End)>,
    pub(crate) thrown: bool,
    /// Whether a key was recorded.
    pub(crate) recorded: bool,
    /// Whether its span is ended by hand: a panic that passes it drops it.
    pub(crate) by_hand: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// When, in the order of all that happened.
    pub(crate) at: usize,
    /// Whether a handler saw it.
    pub(crate) observed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Ok,
    Err,
    Panic,
    Dropped,
}

/// A handler that was attached on the way.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) recording: Recording,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) attached_at: usize,
    pub(crate) detached_at: Option<usize>,
}

impl Recorder {
    pub(crate) fn is_for(&self, kind: Kind) -> bool {
        kind == Kind::Own || !self.recording.own_only
    }

    /// Whether it has panicked, and is detached by now.
    pub(crate) fn has_failed(&self) -> bool {
        self.recording.fails_at.is_some_and(|at| lock(&self.seen).len() >= at)
    }

    /// Whether it had before the start of that call, where it may have done so.
    pub(crate) fn had_failed(&self, number: usize) -> bool {
        let is_start = |seen: &Seen| seen.number == number && seen.end.is_none();
        self.has_failed() && !lock(&self.seen).last().is_some_and(is_start)
    }
}

/// An event, as far as it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) number: usize,
    pub(crate) end: Option<String>,
    pub(crate) reason: Option<String>,
    /// Whether it has the key that was recorded.
    pub(crate) recorded: bool,
    pub(crate) span: SpanIds,
    pub(crate) agent: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) parent_session: Option<String>,
    pub(crate) iteration: Option<u64>,
    pub(crate) prefix: String,
}

impl Seen {
    pub(crate) fn of(event: &Event<'_>) -> Option<Self> {
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
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) records: Mutex<Vec<Record>>,
    /// How much has happened.
    pub(crate) time: Mutex<usize>,
    pub(crate) tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// Held by each task that was spawned until it has ended.
    pub(crate) running: Arc<()>,
    pub(crate) recorders: Mutex<Vec<Recorder>>,
    /// Which of them is attached at each place.
    pub(crate) attached: Mutex<[Option<usize>; PLACES]>,
    pub(crate) observers: Observers,
}

pub(crate) const PLACES: usize = 3;

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    pub(crate) fn tick(&self) -> usize {
        let mut time = lock(&self.time);
        *time += 1;
        *time
    }

    /// Whether the span of that call, which begins now, is seen by a handler.
    pub(crate) fn is_observed(&self, number: usize, kind: Kind, in_context: bool) -> bool {
        // In the order in which attaching locks them.
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
pub(crate) struct Place {
    pub(crate) run: Arc<Run>,
    pub(crate) me: Option<usize>,
    pub(crate) in_context: bool,
    /// Inside a function that is not async nothing can be waited for.
    pub(crate) may_wait: bool,
    /// Of the task that a call from here runs in; `None` where that is its parent's.
    pub(crate) task: Option<Task>,
}

impl Place {
    /// A call that is about to be made from here.
    pub(crate) fn plan(&self, kind: Kind) -> usize {
        let mut records = lock(&self.run.records);
        records.push(Record {
            parent: self.me,
            kind,
            task: self.task.clone(),
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
    pub(crate) fn inside(&self, number: usize) -> Self {
        Self { me: Some(number), task: None, ..self.clone() }
    }

    pub(crate) fn throw(&self) -> ! {
        let number = self.me.unwrap_or(usize::MAX);
        if let Some(record) = lock(&self.run.records).get_mut(number) {
            record.thrown = true;
        }
        panic!("planned {number}");
    }
}

/// Notes how a call ends, by being dropped.
pub(crate) struct Witness {
    pub(crate) run: Arc<Run>,
    pub(crate) number: usize,
    pub(crate) end: Option<End>,
    /// Whether its own code runs now: then it is dropped by a panic that passes it.
    pub(crate) runs: bool,
}

impl Witness {
    pub(crate) fn begin(place: &Place) -> Self {
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
pub(crate) struct Witnessed<F> {
    pub(crate) work: Option<F>,
    pub(crate) place: Place,
    pub(crate) witness: Option<Witness>,
}

impl<F> Witnessed<F> {
    pub(crate) fn new(place: Place, work: F) -> Self {
        Self { work: Some(work), place, witness: None }
    }

    pub(crate) fn watch<R>(&mut self, poll: impl FnOnce(&mut F) -> R) -> (R, &mut Witness) {
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

/// An item of a stream, with a mark if it is the last.
pub(crate) type Item = Result<bool, Failed>;

impl<S: Stream<Item = Item> + Unpin> Stream for Witnessed<S> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Item>> {
        if self.work.is_none() {
            return Poll::Ready(None);
        }
        let (poll, witness) = self.watch(|work| work.poll_next_unpin(cx));
        match &poll {
            // A reader that drops it now has seen its last item.
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
