//! One tree across libraries: our spans, those of `tracing`, and those made by hand.

use std::collections::{BTreeMap, HashMap};
use std::net::TcpListener;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use futures::StreamExt as _;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, TraceContextExt as _, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context as OtelContext, SpanId, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData};
use telemetry_runtime::{Context, InContext, agent_span, in_current_context, in_span, testing, tool_call};
use tracing::instrument::{Instrument as _, WithSubscriber as _};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::common::{Kept, attributes_of, kept, sampled};

/// The spans by name, with their parents' names.
fn tree(spans: &[SpanData]) -> BTreeMap<String, String> {
    let parent = |span: &SpanData| {
        let parent = spans.iter().find(|other| other.span_context.span_id() == span.parent_span_id);
        match parent {
            Some(parent) => {
                assert_eq!(parent.span_context.trace_id(), span.span_context.trace_id());
                parent.name.to_string()
            }
            None if span.parent_span_id == SpanId::INVALID => "-".to_owned(),
            None => format!("{:?}", span.parent_span_id),
        }
    };
    spans.iter().map(|span| (span.name.to_string(), parent(span))).collect()
}

fn assert_tree(spans: &[SpanData], expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(name, parent)| ((*name).to_owned(), (*parent).to_owned())).collect();
    assert_eq!(tree(spans), expected);
}

fn by_hand(tracers: &SdkTracerProvider, name: &'static str) {
    tracers.tracer("hand").start(name).end();
}

#[agent_span(agent, agent = "outer")]
async fn outer(tracers: SdkTracerProvider) {
    by_hand(&tracers, "before");
    inner(&tracers).await;
    tokio::task::yield_now().await;
    by_hand(&tracers, "after");
}

#[tool_call]
async fn inner(tracers: &SdkTracerProvider) {
    tokio::task::yield_now().await;
    by_hand(tracers, "within");
}

#[tokio::test]
async fn spans_made_by_hand_in_a_body_are_inside_its_span() {
    let kept = kept(|builder| builder);
    // Two tasks whose polls take turns.
    tokio::join!(outer(kept.tracers.clone()), async {
        for _ in 0..4 {
            by_hand(&kept.tracers, "elsewhere");
            tokio::task::yield_now().await;
        }
    });
    let spans: Vec<_> = kept.spans().into_iter().filter(|span| span.name != "elsewhere").collect();
    assert_tree(
        &spans,
        &[
            ("invoke_agent outer", "-"),
            ("before", "invoke_agent outer"),
            ("execute_tool inner", "invoke_agent outer"),
            ("within", "execute_tool inner"),
            ("after", "invoke_agent outer"),
        ],
    );
    for span in kept.spans().iter().filter(|span| span.name == "elsewhere") {
        assert_eq!(span.parent_span_id, SpanId::INVALID);
    }
    assert!(!OtelContext::current().has_active_span());
}

#[test]
fn a_span_made_by_hand_around_ours_is_its_parent() {
    let kept = kept(|builder| builder);
    let tracer = kept.tracers.tracer("hand");
    tracer.in_span("around", |_| {
        in_span!(run; || tracer.in_span("between", |_| in_span!(operation, operation = "o"; || ())));
    });
    assert_tree(
        &kept.spans(),
        &[("around", "-"), ("run", "around"), ("between", "run"), ("invoke_workflow o", "between")],
    );
}

#[test]
fn a_context_of_its_own_begins_a_trace_of_its_own() {
    let kept = kept(|builder| builder);
    in_span!(run; || Context::new().scope(|| in_span!(operation, operation = "o"; || ())));
    assert_tree(&kept.spans(), &[("run", "-"), ("invoke_workflow o", "-")]);
}

#[test]
fn a_changed_context_hides_nothing_that_others_made_current() {
    let kept = kept(|builder| builder);
    let tracer = kept.tracers.tracer("hand");
    in_span!(run; || tracer.in_span("between", |_| {
        Context::current().with("key", 1).scope(|| in_span!(operation, operation = "o"; || ()));
    }));
    assert_tree(&kept.spans(), &[("run", "-"), ("between", "run"), ("invoke_workflow o", "between")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_that_is_carried_makes_its_span_current_there() {
    let kept = kept(|builder| builder);
    let tracers = kept.tracers.clone();
    let spawned = in_span!(run; || {
        let (here, there) = (tracers.clone(), tracers.clone());
        std::thread::spawn(in_current_context(move || by_hand(&here, "thread"))).join().unwrap();
        tokio::spawn(
            async move {
                tokio::task::yield_now().await;
                by_hand(&there, "task");
                inner(&there).await;
            }
            .in_current_context(),
        )
    });
    spawned.await.unwrap();
    assert_tree(
        &kept.spans(),
        &[
            ("run", "-"),
            ("thread", "run"),
            ("task", "run"),
            ("execute_tool inner", "run"),
            ("within", "execute_tool inner"),
        ],
    );
}

#[tokio::test]
async fn streams_panics_and_cancellations_leave_nothing_current() {
    #[agent_span(agent, agent = "streaming", stream)]
    fn streaming(tracers: SdkTracerProvider) -> impl futures::Stream<Item = u8> {
        futures::stream::iter(0..3).map(move |n| {
            by_hand(&tracers, ["zero", "one", "two"][usize::from(n)]);
            n
        })
    }
    let kept = kept(|builder| builder);
    let mut stream = std::pin::pin!(streaming(kept.tracers.clone()));
    while stream.next().await.is_some() {
        assert!(!OtelContext::current().has_active_span());
    }
    let panicked = std::panic::catch_unwind(|| in_span!(run; || -> () { panic!("boom") }));
    assert!(panicked.is_err());
    assert!(!OtelContext::current().has_active_span());
    let cancelled = in_span!(operation, operation = "o"; async { std::future::pending::<()>().await });
    assert!(futures::FutureExt::now_or_never(cancelled).is_none());
    assert!(!OtelContext::current().has_active_span());
    let agent = "invoke_agent streaming";
    assert_tree(
        &kept.spans(),
        &[
            (agent, "-"),
            ("zero", agent),
            ("one", agent),
            ("two", agent),
            ("run", "-"),
            ("invoke_workflow o", "-"),
        ],
    );
}

#[tokio::test]
async fn spans_of_tracing_nest_with_ours_both_ways() {
    for activation in [true, false] {
        let kept = kept(|builder| builder);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(kept.tracers.tracer("tracing"))
            .with_context_activation(activation);
        let subscriber = tracing_subscriber::registry().with(layer);
        #[tracing::instrument]
        async fn instrumented() {
            tokio::task::yield_now().await;
            in_span!(operation, operation = "deep"; async {
                tokio::task::yield_now().await;
                tracing::info_span!("deepest").in_scope(|| tracing::info!("an event"));
            })
            .await;
        }
        let work = async {
            let around = tracing::info_span!("around");
            tracing::Instrument::instrument(
                async {
                    in_span!(run; async {
                        tokio::task::yield_now().await;
                        tracing::info_span!("inside").in_scope(|| ());
                        instrumented().await;
                    })
                    .await;
                },
                around,
            )
            .await;
        };
        work.with_subscriber(subscriber).await;
        let spans = kept.spans();
        if activation {
            assert_tree(
                &spans,
                &[
                    ("around", "-"),
                    ("run", "around"),
                    ("inside", "run"),
                    ("instrumented", "run"),
                    ("invoke_workflow deep", "instrumented"),
                    ("deepest", "invoke_workflow deep"),
                ],
            );
            let deepest = kept.span("deepest");
            assert_eq!(deepest.events.len(), 1);
        } else {
            // Without activation `tracing` has no current OpenTelemetry span; nothing breaks.
            assert_eq!(tree(&spans)["run"], "-");
        }
    }
}

#[tokio::test]
async fn the_ids_of_events_and_headers_are_those_exported() {
    let kept = kept(|builder| builder);
    let capture = testing::capture();
    let mut headers = HeaderMap::new();
    capture
        .follow(async {
            in_span!(run; async {
                tokio::task::yield_now().await;
                Context::current().inject(&mut headers);
                inner(&kept.tracers).await;
            })
            .await;
        })
        .await;
    for span in kept.spans() {
        let Some(stop) = capture.events().into_iter().find(|event| {
            event.span.is_some_and(|ids| SpanId::from(ids.id.get()) == span.span_context.span_id())
        }) else {
            assert_eq!(span.name, "within");
            continue;
        };
        let ids = stop.span.unwrap();
        assert_eq!(TraceId::from(ids.trace_id.get()), span.span_context.trace_id());
        let parent = ids.parent_id.map_or(SpanId::INVALID, |id| SpanId::from(id.get()));
        assert_eq!(parent, span.parent_span_id);
    }
    let run = kept.span("run").span_context;
    assert_eq!(headers["traceparent"], format!("00-{:?}-{:?}-01", run.trace_id(), run.span_id()));
}

#[tokio::test]
async fn a_trace_goes_on_in_the_process_that_is_called() {
    async fn serve(headers: HeaderMap) -> String {
        in_span!(operation, operation = "serve"; async { tokio::task::yield_now().await })
            .in_context(Context::extract(&headers))
            .await;
        Context::extract(&headers).session_id().unwrap_or_default().to_owned()
    }
    let kept = kept(|builder| builder);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, Router::new().route("/", get(serve))).await.unwrap();
    });
    let client = reqwest::Client::new();
    let session = in_span!(agent, agent = "caller"; async {
        let mut headers = HeaderMap::new();
        let context = Context::current();
        context.inject(&mut headers);
        let response = client.get(format!("http://{address}/")).headers(headers).send().await.unwrap();
        (response.text().await.unwrap(), context.session_id().unwrap().to_owned())
    })
    .await;
    server.abort();
    assert_eq!(session.0, session.1);
    let (caller, served) = (kept.span("invoke_agent caller"), kept.span("invoke_workflow serve"));
    assert_eq!(served.parent_span_id, caller.span_context.span_id());
    assert!(served.parent_span_is_remote);
    assert_eq!(attributes_of(&served)["session.id"], session.1);
}

/// As instrumented clients and servers do it: with spans of `tracing`, and OpenTelemetry's own propagator.
#[tokio::test]
async fn an_instrumented_client_and_server_are_part_of_the_tree() {
    #[tool_call]
    async fn ask(url: &str) -> String {
        let request = tracing::info_span!("GET");
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(&request.context(), &mut carrier);
        let headers = HeaderMap::try_from(&carrier).unwrap();
        let answer = async { reqwest::Client::new().get(url).headers(headers).send().await?.text().await };
        answer.instrument(request).await.unwrap()
    }
    async fn serve(headers: HeaderMap) -> String {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
        let carrier: HashMap<_, _> =
            headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let served = tracing::info_span!("served");
        served.set_parent(TraceContextPropagator::new().extract(&carrier)).unwrap();
        in_span!(operation, operation = "answer"; async {
            tokio::task::yield_now().await;
            "warm".to_owned()
        })
        .instrument(served)
        .await
    }
    let kept = kept(|builder| builder);
    let layer = tracing_opentelemetry::layer().with_tracer(kept.tracers.tracer("tracing"));
    let subscriber = tracing_subscriber::registry().with(layer).with(LevelFilter::INFO);
    // For this thread, which is all there is: the server's tasks too.
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/", get(serve))).await.unwrap();
    });
    assert_eq!(ask(&url).await, "warm");
    server.abort();
    assert_tree(
        &kept.spans(),
        &[
            ("execute_tool ask", "-"),
            ("GET", "execute_tool ask"),
            ("served", "GET"),
            ("invoke_workflow answer", "served"),
        ],
    );
    assert!(kept.span("served").parent_span_is_remote);
}

#[test]
fn the_samplers_decision_is_passed_on() {
    let kept = sampled(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)), |builder| builder);
    let mut headers = HeaderMap::new();
    in_span!(run; || Context::current().inject(&mut headers));
    assert!(headers["traceparent"].to_str().unwrap().ends_with("-00"));
    assert!(kept.spans().is_empty());
    // A caller that keeps its trace keeps ours.
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    headers.insert("traceparent", caller.parse().unwrap());
    Context::extract(&headers).scope(|| in_span!(run; || Context::current().inject(&mut headers)));
    assert_eq!(kept.spans().len(), 1);
    assert!(headers["traceparent"].to_str().unwrap().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    assert!(headers["traceparent"].to_str().unwrap().ends_with("-01"));
    // And so does what its vendors say of it, to the backend and to those who are asked next.
    headers.insert("tracestate", "rojo=00f067aa0ba902b7".parse().unwrap());
    Context::extract(&headers).scope(|| {
        in_span!(run; || {
            headers.remove("tracestate");
            Context::current().inject(&mut headers);
        });
    });
    assert_eq!(kept.spans()[1].span_context.trace_state().header(), "rojo=00f067aa0ba902b7");
    assert_eq!(headers["tracestate"], "rojo=00f067aa0ba902b7");
}

#[test]
fn a_trace_state_that_a_span_of_others_has_is_on_ours_and_written_by_their_propagator() {
    let kept = kept(|builder| builder);
    let state = TraceState::from_key_value([("rojo", "00f067aa0ba902b7")]).unwrap();
    let (trace, span) = (TraceId::from(7), SpanId::from(9));
    let theirs = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, state);
    let _entered = OtelContext::new().with_remote_span_context(theirs).attach();
    let (mut ours, mut otel) = (HashMap::new(), HashMap::new());
    in_span!(run; || {
        Context::current().inject(&mut ours);
        TraceContextPropagator::new().inject(&mut otel);
    });
    let run = kept.span("run");
    assert_eq!(run.parent_span_id, SpanId::from(9));
    assert_eq!(run.span_context.trace_state().header(), "rojo=00f067aa0ba902b7");
    assert_eq!(otel["traceparent"], ours["traceparent"]);
    assert_eq!(otel["tracestate"], "rojo=00f067aa0ba902b7");
    assert!(!ours.contains_key("tracestate"), "no more than what came with the context");
}

#[test]
fn a_sampler_sees_who_asks_whom() {
    #[derive(Clone, Debug)]
    struct ByModel;
    impl opentelemetry_sdk::trace::ShouldSample for ByModel {
        fn should_sample(
            &self,
            _: Option<&OtelContext>,
            _: TraceId,
            name: &str,
            kind: &SpanKind,
            attributes: &[opentelemetry::KeyValue],
            _: &[opentelemetry::trace::Link],
        ) -> opentelemetry_sdk::trace::SamplingResult {
            let has = |key: &str, value: &str| {
                attributes.iter().any(|known| known.key.as_str() == key && known.value.as_str() == value)
            };
            let wanted = name == "chat gpt-4o"
                && *kind == SpanKind::Client
                && has("gen_ai.operation.name", "chat")
                && has("gen_ai.provider.name", "openai")
                && has("gen_ai.request.model", "gpt-4o")
                && has("gen_ai.agent.name", "a");
            let decision = match wanted {
                true => opentelemetry_sdk::trace::SamplingDecision::RecordAndSample,
                false => opentelemetry_sdk::trace::SamplingDecision::Drop,
            };
            opentelemetry_sdk::trace::SamplingResult {
                decision,
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            }
        }
    }
    let _alone = crate::common::alone();
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let tracers =
        SdkTracerProvider::builder().with_sampler(ByModel).with_simple_exporter(exporter.clone()).build();
    let _attached = telemetry_otel::builder().tracer_provider(&tracers).attach().unwrap();
    Context::new().with_agent("a").scope(|| {
        in_span!(llm_turn, model = "openai:gpt-4o", turn = 0, messages = (), stop(|nothing| usage = nothing); || ());
        in_span!(llm_turn, model = "openai:gpt-3", turn = 0, messages = (), stop(|nothing| usage = nothing); || ());
    });
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 1);
}

#[test]
fn spans_of_an_exporter_are_not_exported() {
    let kept = kept(|builder| builder);
    {
        let _suppressed = OtelContext::enter_telemetry_suppressed_scope();
        in_span!(run; || telemetry_runtime::emit!(compact, duration = std::time::Duration::ZERO, before = 1, after = 1));
    }
    assert!(kept.spans().is_empty() && kept.records().is_empty());
}

#[test]
fn a_span_open_while_the_bridge_comes_and_goes() {
    let mut kept: Kept = kept(|builder| builder);
    in_span!(run; || {
        kept.detach();
        in_span!(operation, operation = "unseen"; || ());
    });
    assert_tree(&kept.spans(), &[("run", "-")]);
    let _attached = in_span!(run; || {
        let attached = telemetry_otel::builder().tracer_provider(&kept.tracers).attach().unwrap();
        in_span!(operation, operation = "seen"; || ());
        attached
    });
    assert_tree(&kept.spans(), &[("run", "-"), ("invoke_workflow seen", "-")]);
}

#[test]
fn spans_that_end_in_the_executor_of_futures_are_exported_too() {
    let kept = kept(|builder| builder);
    let messages = || ();
    futures::executor::block_on(async {
        in_span!(tool_call, tool = "inside", args = (); || ());
        let failed = in_span!(llm_turn, model = "m", turn = 0, messages = messages(), stop(|()|); || Err::<(), _>("busy"));
        failed.unwrap_err();
    });
    kept.span("execute_tool inside");
    kept.span("chat m");
    assert_eq!(kept.records().len(), 1);
}
