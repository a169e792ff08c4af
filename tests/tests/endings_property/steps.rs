//! Running what a call does.

use super::*;

impl Step {
    pub(crate) fn calls(self) -> Vec<Call> {
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

pub(crate) fn work(place: Place, steps: Vec<Step>) -> BoxFuture<'static, Outcome> {
    async move {
        for step in steps {
            one(&place, step).await?;
        }
        record!(Own, seen = true);
        Ok(())
    }
    .boxed()
}

pub(crate) async fn one(place: &Place, step: Step) -> Outcome {
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
pub(crate) struct Finally(pub(crate) Option<(Place, Call)>);

impl Drop for Finally {
    fn drop(&mut self) {
        if let Some((place, call)) = self.0.take() {
            drop(catch_unwind(AssertUnwindSafe(|| spin(make(&place, call)))));
        }
    }
}

pub(crate) async fn spawn(place: &Place, call: Call, fate: Fate) {
    let waited_for = Task::default();
    let inside = Place { task: Some(waited_for.clone()), may_wait: true, ..place.clone() };
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
            let ended = spawned.await;
            waited_for.store(true, Ordering::Relaxed);
            if let Err(error) = ended
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
            waited_for.store(true, Ordering::Relaxed);
        }
        Fate::Detached | Fate::Bare => lock(&place.run.tasks).push(spawned),
    }
}

pub(crate) async fn yields(times: u8) {
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
pub(crate) fn spin<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}

pub(crate) fn all_events() -> impl IntoPatterns {
    event_names![
        "prop.step.*",
        "condukt.tool_call.*",
        "condukt.agent.*",
        "condukt.subagent.*",
        "legion.iteration.*"
    ]
}

pub(crate) fn attach_at(run: &Arc<Run>, at: usize, recording: Recording) {
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

pub(crate) fn detach_at(run: &Arc<Run>, at: usize) {
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
