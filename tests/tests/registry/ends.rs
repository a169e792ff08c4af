//! Threads and processes that end.

use super::*;

struct Finally(Box<dyn FnMut()>);

impl Drop for Finally {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static FIRST: std::cell::RefCell<Option<Finally>> = const { std::cell::RefCell::new(None) };
}

/// There is no list of running handlers any more in a thread whose locals are gone.
#[test]
fn a_handler_that_emits_as_a_thread_ends_is_not_reentered() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    attach("fire-ends", event_name!("fire.ends.event"), move |_: &Event<'_>| {
        assert!(count.fetch_add(1, Ordering::Relaxed) < 10, "without end");
        emit(&name("fire.ends.event"), 1);
    })
    .unwrap();
    std::thread::spawn(|| {
        let last = || emit(&name("fire.ends.event"), 0);
        FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
        // The library's own locals are made after, and destroyed before.
        emit(&name("fire.ends.event"), 0);
    })
    .join()
    .unwrap();
    detach("fire-ends").unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn a_whole_span_as_a_thread_ends() {
    #[agent_span(agent, agent = "fire-ends-agent")]
    fn whole() -> Option<String> {
        Context::current().session_id().map(str::to_owned)
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    attach("fire-ends-span", event_names!["condukt.agent.*"], move |event: &Event<'_>| {
        if event.metadata().get_str("agent") == Some("fire-ends-agent") {
            sink.lock().unwrap().push(event.name().to_owned());
        }
    })
    .unwrap();
    std::thread::spawn(|| {
        let last = || {
            whole();
            let panics = || {
                #[agent_span(agent, agent = "fire-ends-agent")]
                fn panics() {
                    std::panic::resume_unwind(Box::new("at the end"))
                }
                panics();
            };
            assert!(std::panic::catch_unwind(panics).is_err());
        };
        FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
        whole();
    })
    .join()
    .unwrap();
    detach("fire-ends-span").unwrap();
    let (start, stop) = ("condukt.agent.start", "condukt.agent.stop");
    assert_eq!(*seen.lock().unwrap(), [start, stop, start, stop, start, "condukt.agent.exception"]);
}

/// Threads emit as `main` returns, and handlers are still attached.
#[test]
fn a_process_that_ends_while_threads_emit() {
    for how in ["returns", "exits"] {
        let child = own_process("ends::in_a_process_of_its_own")
            .arg("--test-threads=1")
            .env("FIRE_ENDS", how)
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(child.status.success(), "{how}: {out}{err}");
        assert!(out.contains("seen some"), "{how}: {out}{err}");
    }
}

#[test]
fn in_a_process_of_its_own() {
    let Ok(how) = std::env::var("FIRE_ENDS") else { return };
    let (sender, seen) = sync_channel(1);
    attach("fire-process", event_name!("fire.process.event"), move |_: &Event<'_>| {
        let _ = sender.try_send(());
    })
    .unwrap();
    let last = || emit(&name("fire.process.event"), 0);
    FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
    for _ in 0..2 {
        std::thread::spawn(|| {
            loop {
                emit(&name("fire.process.event"), 1);
            }
        });
    }
    seen.recv().unwrap();
    println!("seen some");
    if how == "exits" {
        std::process::exit(0);
    }
}
