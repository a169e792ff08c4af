use super::*;

/// The bytes that the process has in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// In a process of its own: other tests take memory too.
#[test]
fn is_bounded() {
    passes(own_process("memory::in_a_process_of_its_own").env("FIRE_MEMORY", "1"));
}

#[agent_span(agent, agent = "memory")]
fn work() {}

#[test]
fn in_a_process_of_its_own() {
    if std::env::var_os("FIRE_MEMORY").is_none() {
        return;
    }
    let grows = |what: &str, rounds: usize, round: &dyn Fn(usize)| {
        (0..rounds / 10).for_each(round);
        let before = resident();
        (0..rounds).for_each(round);
        let grown = resident().saturating_sub(before);
        assert!(grown < 4 * 1024 * 1024, "{what}: {grown} bytes after {rounds} rounds");
    };
    grows("attaching and detaching", 100_000, &|_| {
        attach("fire-memory", event_names!["condukt.agent.*", "fire.memory.**"], |_: &Event<'_>| {}).unwrap();
        detach("fire-memory").unwrap();
    });
    grows("contexts with handlers", 20_000, &|_| {
        let context = Context::new().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
        context.scope(work);
    });
    attach("fire-memory", event_names!["fire_memory.**"], |_: &Event<'_>| {}).unwrap();
    grows("names made at run time", 100_000, &|round| {
        execute(&name(&format!("fire_memory.name_{round}.event")), &(), &()).unwrap();
    });
    grows("handlers that fail", 2_000, &|_| {
        attach("fire-memory-fails", event_name!("fire.memory.fails"), |_: &Event<'_>| {
            std::panic::resume_unwind(Box::new("fails"))
        })
        .unwrap();
        execute(&name("fire.memory.fails"), &(), &()).unwrap();
        assert!(detach("fire-memory-fails").is_err());
    });
    grows("threads that come and go", 2_000, &|_| {
        let context = Context::new().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
        context.scope(|| std::thread::spawn(in_current_context(work)).join().unwrap());
    });
}
