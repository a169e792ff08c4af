//! What a span costs as things grow: the depth of a trace, secrets, handlers, keys in a context, a session's messages, a
//! text with a secret in its trace.
//!
//! `cargo bench -p benches --bench growth`

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use telemetry_runtime::{
    AttachGuard, Context, Event, Secrets, agent_span, attach, event_names, in_span, needing, spans,
};

/// How many samples the fastest is taken of.
const SAMPLES: u32 = 25;

/// The fastest of many samples.
fn fastest(mut run: impl FnMut()) -> Duration {
    let sample = |run: &mut dyn FnMut()| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    (0..SAMPLES).map(|_| sample(&mut run)).min().unwrap_or_default()
}

fn row(name: &str, unit: &str, steps: &[usize], measure: impl Fn(usize) -> f64) {
    let measured = steps.iter().map(|step| format!("{step}: {:.1}", measure(*step)));
    println!("| {name} | {unit} | {} |", measured.collect::<Vec<_>>().join(" · "));
}

fn ns(time: Duration, of: usize) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(u32::try_from(of).expect("a small number"))
}

fn look(event: &Event<'_>) {
    black_box(event);
}

fn read(event: &Event<'_>) {
    for (key, value) in event.metadata().iter() {
        black_box((key, value.as_str()));
    }
}

fn listen(id: &str, handler: fn(&Event<'_>)) -> AttachGuard {
    attach(id, event_names!["condukt.**"], handler).expect("the id is free").detach_on_drop()
}

#[agent_span(operation, operation = "nest", skip_all, stop(|_|))]
fn nest(depth: usize) {
    if depth > 1 {
        nest(depth - 1);
    }
}

#[inline(never)]
fn leaf() {
    in_span!(operation, operation = "leaf"; || black_box(()));
}

fn secrets(count: usize) -> Context {
    let names = (0..count).map(|n| (format!("KEY_{n}"), format!("sk-{n:032}")));
    Context::current().with_secrets(Secrets::resolve(names).expect("good names and values"))
}

fn own_keys(count: usize) -> Context {
    (0..count).fold(Context::current(), |context, n| context.with(format!("key_{n}"), n))
}

/// One message of 400 bytes more each turn.
#[agent_span(llm_turn, model = "gpt-4o", messages = messages.to_vec(), stop(|_answer| usage = json!({"input": 1})))]
fn turn(messages: &[Json]) -> u8 {
    1
}

fn session(turns: usize) {
    let mut messages = Vec::new();
    for _ in 0..turns {
        messages.push(json!({"role": "user", "content": "x".repeat(400)}));
        turn(&messages);
    }
}

fn text(kind: &str, bytes: usize) -> String {
    kind.chars().cycle().take(bytes).collect()
}

fn main() {
    const CALLS: usize = 1000;
    println!("| what | unit | |");
    println!("|---|---|---|");
    row("depth of the trace", "ns a span", &[1, 10, 100, 1000], |depth| {
        let _guard = listen("depth", look);
        ns(fastest(|| (0..CALLS / depth).for_each(|_| nest(depth))), CALLS)
    });
    row("depth of the trace, with a secret", "ns a span", &[1, 10, 100, 1000], |depth| {
        let _guard = listen("depth", look);
        secrets(1).scope(|| ns(fastest(|| (0..CALLS / depth).for_each(|_| nest(depth))), CALLS))
    });
    row("secrets, which no handler has to search for", "ns a span", &[0, 1, 10, 100], |count| {
        let _guard = listen("secrets", look);
        secrets(count).scope(|| ns(fastest(|| (0..CALLS).for_each(|_| leaf())), CALLS))
    });
    row("secrets, all keys read", "ns a span", &[0, 1, 10, 100], |count| {
        let _guard = listen("secrets", read);
        secrets(count).scope(|| ns(fastest(|| (0..CALLS).for_each(|_| leaf())), CALLS))
    });
    row("handlers", "ns a span and handler", &[1, 4, 16, 64, 256], |count| {
        let _guards: Vec<_> = (0..count).map(|n| listen(&format!("handler-{n}"), look)).collect();
        ns(fastest(|| (0..CALLS).for_each(|_| leaf())), CALLS * count)
    });
    row("keys in the context, one more", "ns", &[0, 16, 64, 256], |count| {
        let context = own_keys(count);
        ns(fastest(|| (0..CALLS).for_each(|n| drop(black_box(context.clone().with("more", n))))), CALLS)
    });
    row("keys in the context, all read", "ns a span", &[0, 16, 64, 256], |count| {
        let _guard = listen("keys", read);
        own_keys(count).scope(|| ns(fastest(|| (0..CALLS).for_each(|_| leaf())), CALLS))
    });
    row("a session whose messages no handler needs", "µs a turn", &[10, 100, 1000], |turns| {
        let handler = needing(&["usage"], look);
        let _guard = attach("bill", event_names!["condukt.**"], handler).expect("free").detach_on_drop();
        let bare = fastest(|| {
            black_box(
                (0..turns).map(|_| json!({"role": "user", "content": "x".repeat(400)})).collect::<Vec<_>>(),
            );
        });
        ns(fastest(|| session(turns)).saturating_sub(bare), turns) / 1000.0
    });
    for (name, kind) in
        [("prose", "The weather in Oslo is cold. "), ("`+`", "+"), ("`\\`", "\\"), ("base64", "QUJDRA")]
    {
        row(
            &format!("a text of {name}, with a secret"),
            "ns a byte",
            &[1_000, 10_000, 100_000, 1_000_000],
            |bytes| {
                let text = text(kind, bytes);
                let _guard = listen("text", read);
                secrets(1).scope(|| {
                    let call = || {
                        let span =
                            telemetry_runtime::open_span!(operation, operation = "text", prompt = &*text);
                        black_box::<&telemetry_runtime::OpenSpan<spans::operation>>(&span);
                        span.end();
                    };
                    // The start and the stop show it.
                    ns(fastest(call), 2 * bytes)
                })
            },
        );
    }
}
