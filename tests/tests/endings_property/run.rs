//! Running a tree of calls, and what its handlers see.

use super::*;

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) run: Arc<Run>,
    /// What the handlers saw that were attached throughout: one in the context, one in the registry.
    pub(crate) scoped: Vec<Seen>,
    pub(crate) global: Vec<Seen>,
}

pub(crate) fn perform(call: Call, executor: Executor, observers: Observers) -> Ran {
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
        Observers::NoOther => context,
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
    let place = Place { run: run.clone(), me: None, in_context: true, may_wait: true, task: None };
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

pub(crate) fn many_threads() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap())
}

/// Planned panics are not shown.
pub(crate) fn quietly() {
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
