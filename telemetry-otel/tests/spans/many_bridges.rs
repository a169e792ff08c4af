//! Several bridges in one process: each exports one whole tree.

use std::collections::BTreeSet;

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use telemetry_otel::AttachGuard;
use telemetry_runtime::{in_current_context, in_span};

use crate::common::alone;

/// What it exported, and what keeps it attached.
struct Backend(
    InMemorySpanExporter,
    Option<AttachGuard>,
    #[allow(dead_code, reason = "it lives as long")] SdkTracerProvider,
);

fn backend(id: &str) -> Backend {
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let guard = telemetry_otel::builder().id(id).tracer_provider(&provider).attach().unwrap();
    Backend(spans, Some(guard), provider)
}

fn work() {
    in_span!(agent, agent = "A"; || {
        in_span!(tool_call, tool = "t", args = (); || {
            let inner = in_current_context(|| in_span!(tool_call, tool = "spawned", args = (); || ()));
            std::thread::spawn(inner).join().unwrap();
        });
        in_span!(iteration, iteration = 0, stop(|_|); || in_span!(tool_call, tool = "u", args = (); || ()));
    });
}

/// Each span's parent by name, in one trace.
fn assert_tree(spans: &[SpanData], which: &str) {
    let traces: BTreeSet<_> = spans.iter().map(|span| span.span_context.trace_id().to_string()).collect();
    assert_eq!(traces.len(), 1, "{which}");
    for (name, parent) in [
        ("invoke_agent A", None),
        ("execute_tool t", Some("invoke_agent A")),
        ("execute_tool spawned", Some("execute_tool t")),
        ("iteration", Some("invoke_agent A")),
        ("execute_tool u", Some("iteration")),
    ] {
        let of = |name: &str| {
            spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{which}: no {name}"))
        };
        let parent = parent.map_or(SpanId::INVALID, |parent| of(parent).span_context.span_id());
        assert_eq!(of(name).parent_span_id, parent, "{which}: {name}");
    }
}

#[test]
fn each_has_a_tree_of_its_own_however_many_there_are() {
    let _alone = alone();
    for count in [1, 2, 3] {
        let backends: Vec<_> = (0..count).map(|n| backend(&format!("backend-{n}"))).collect();
        work();
        for (n, backend) in backends.iter().enumerate() {
            assert_tree(&backend.0.get_finished_spans().unwrap(), &format!("{n} of {count}"));
        }
    }
}

#[test]
fn one_that_leaves_takes_nothing_from_the_others() {
    let _alone = alone();
    let (mut first, second) = (backend("first"), backend("second"));
    in_span!(run; || first.1 = None);
    second.0.reset();
    work();
    assert_tree(&second.0.get_finished_spans().unwrap(), "the one that stays");
    drop(first);
}
