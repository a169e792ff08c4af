//! One model of runs, from events in any order, complete or not.
#![forbid(unsafe_code)]

mod support;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{exception, feed, model, of_kind, only, single, small_run, start, stop};
use telemetry_view::{Cursor, Entry, Key, Kind, Model, Query, Search, Speech, State};

#[test]
fn a_run_is_counted() {
    let model = model(&small_run());
    let totals = model.totals();
    assert_eq!((totals.sessions, totals.agents, totals.turns, totals.tool_calls), (1, 1, 2, 1));
    assert_eq!((totals.failures, totals.cancellations, totals.running, totals.events), (1, 0, 0, 1));
    assert_eq!((totals.tokens.input, totals.tokens.output, totals.tokens.total), (250, 30, 280));
    assert_eq!(totals.duration, 31_000_000);
}

#[test]
fn spans_are_named_after_what_they_are() {
    let model = model(&small_run());
    assert_eq!(&*only(&model, Kind::Agent).name, "Assistant");
    let tool = only(&model, Kind::Tool);
    assert_eq!(
        (&*tool.name, &*tool.preview, tool.state),
        ("get_weather", "{\"city\":\"Zürich\"}", State::Failed)
    );
    assert_eq!(tool.error.as_deref(), Some("no station"));
    assert_eq!(tool.parent, Some(only(&model, Kind::Agent).number));
}

#[test]
fn a_failed_tool_does_not_fail_the_session() {
    let model = model(&small_run());
    let sessions = model.sessions();
    assert_eq!(sessions[0].state, State::Done);
    assert_eq!((sessions[0].failures, &*sessions[0].title), (1, "How warm is it in Zürich?"));
}

#[test]
fn shared_values_are_whole_in_the_detail() {
    let events = small_run();
    let model = model(&events);
    let turn = of_kind(&model, Kind::Turn)[1].number;
    let detail = model.detail(turn).unwrap();
    assert_eq!(serde_json::to_value(detail.start.unwrap()).unwrap(), events[6]);
    assert_eq!(serde_json::to_value(detail.end.unwrap()).unwrap(), events[7]);
}

#[test]
fn a_span_without_its_end_runs() {
    let model = model(&small_run()[..4]);
    assert_eq!(only(&model, Kind::Agent).state, State::Running);
    assert_eq!(model.sessions()[0].state, State::Running);
    assert_eq!(model.totals().running, 2);
}

#[test]
fn a_span_whose_parent_has_ended_is_unfinished_until_its_end_comes() {
    let mut events = small_run();
    let late = events.remove(5);
    let mut model = model(&events);
    assert_eq!(only(&model, Kind::Tool).state, State::Unfinished);
    feed(&mut model, &[late]);
    assert_eq!(only(&model, Kind::Tool).state, State::Failed);
}

#[test]
fn an_end_without_its_start_knows_when_it_began() {
    let mut events = small_run();
    events.remove(3);
    let model = model(&events);
    let tool = only(&model, Kind::Tool);
    assert_eq!(tool.start, 1_700_000_000_012_000_000);
    assert_eq!(tool.duration, Some(5_000_000));
}

#[test]
fn panics_fail_and_what_is_given_up_is_cancelled() {
    let session = json!({"session_id": "s"});
    let with =
        |kind: &str| json!({"session_id": "s", "kind": kind, "reason": "boom", "stacktrace": ["main"]});
    let model = model(&[
        start("condukt.agent", 1, None, 0, session.clone()),
        exception("condukt.agent", 1, None, 1, with("panic")),
        start("condukt.agent", 2, None, 5, session.clone()),
        exception("condukt.agent", 2, None, 1, with("cancelled")),
    ]);
    let states: Vec<State> = of_kind(&model, Kind::Agent).iter().map(|span| span.state).collect();
    assert_eq!(states, [State::Failed, State::Cancelled]);
    assert_eq!(model.sessions()[0].state, State::Cancelled);
    let totals = model.totals();
    assert_eq!((totals.failures, totals.cancellations), (1, 1));
}

#[test]
fn a_subagents_session_is_inside_its_callers() {
    let model = model(&[
        start("condukt.agent", 1, None, 0, json!({"session_id": "outer"})),
        start(
            "condukt.subagent",
            2,
            Some(1),
            1,
            json!({"parent_session_id": "outer", "role": "desk", "child_agent": "Desk"}),
        ),
        start("condukt.agent", 3, Some(2), 2, json!({"session_id": "inner", "parent_session_id": "outer"})),
    ]);
    let sessions = model.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].id, "inner");
    assert_eq!(sessions[1].parent, Some(sessions[0].number));
    assert_eq!(only(&model, Kind::Subagent).session, sessions[0].number);
}

#[test]
fn sessions_that_claim_to_be_inside_each_other_are_taken() {
    let model = model(&[
        start("condukt.agent", 1, None, 0, json!({"session_id": "a", "parent_session_id": "b"})),
        start("condukt.agent", 2, None, 0, json!({"session_id": "b", "parent_session_id": "a"})),
        start("condukt.agent", 3, None, 0, json!({"session_id": "c", "parent_session_id": "c"})),
    ]);
    assert_eq!(model.totals().sessions, 3);
    assert!(model.sessions().iter().any(|session| session.parent.is_none()));
}

#[test]
fn spans_that_claim_to_be_inside_each_other_are_taken() {
    let model = model(&[
        start("a.b", 1, Some(2), 0, json!({})),
        start("a.b", 2, Some(1), 0, json!({})),
        start("a.b", 3, Some(3), 0, json!({})),
    ]);
    assert_eq!(model.totals().spans, 3);
}

#[test]
fn own_spans_belong_to_the_session_around_them() {
    let events = [
        start("condukt.agent", 1, None, 0, json!({"session_id": "s"})),
        start("shop.retrieval", 2, Some(1), 1, json!({"query": "q"})),
        single("shop.cache.lookup", 2, json!({"key": "k"})),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let lines: Vec<Json> = order.iter().map(|index| events[*index].clone()).collect();
        let model = model(&lines);
        let sessions = model.sessions();
        assert_eq!(sessions.len(), 1, "{order:?}");
        assert_eq!(model.session(sessions[0].number).unwrap().key, Key::Session("s".to_owned()));
        assert_eq!(only(&model, Kind::Event).parent, Some(only(&model, Kind::Span).number), "{order:?}");
        assert_eq!(&*only(&model, Kind::Span).preview, "{\"query\":\"q\"}");
    }
}

#[test]
fn a_single_event_that_is_named_like_an_end_ends_nothing() {
    let model = model(&[
        start("condukt.agent", 1, None, 0, json!({"session_id": "s"})),
        single("shop.server.stop", 1, json!({})),
        single("condukt.compact.stop", 1, json!({})),
    ]);
    assert_eq!(only(&model, Kind::Agent).state, State::Running);
    assert_eq!(model.totals().events, 2);
}

#[test]
fn a_legion_agent_that_is_still_there_waits() {
    let run = json!({"agent": "Math", "run_id": "r"});
    let mut model = model(&[
        single("legion.agent.started", 9, run.clone()),
        start("legion.agent.message", 1, None, 0, json!({"agent": "Math", "run_id": "r", "message": "2+2"})),
        start("legion.sandbox.eval", 2, Some(1), 1, json!({"agent": "Math", "run_id": "r", "code": "2+2"})),
        stop(
            "legion.sandbox.eval",
            2,
            Some(1),
            1,
            1,
            json!({"agent": "Math", "run_id": "r", "code": "2+2", "success": false, "error": "timeout"}),
        ),
        stop(
            "legion.agent.message",
            1,
            None,
            0,
            3,
            json!({"agent": "Math", "run_id": "r", "message": "2+2", "status": "cancel", "result": "reached_max_iterations"}),
        ),
    ]);
    assert_eq!(model.sessions()[0].state, State::Waiting);
    assert_eq!(only(&model, Kind::Evaluation).state, State::Failed);
    assert_eq!(only(&model, Kind::Agent).state, State::Cancelled);
    feed(&mut model, &[single("legion.agent.stopped", 9, run)]);
    assert_eq!(model.sessions()[0].state, State::Cancelled);
    assert_eq!(model.totals().evaluations, 1);
}

#[test]
fn a_repeated_event_counts_once() {
    let mut events = small_run();
    events.extend(small_run());
    // Single events have no ids to be told apart by.
    events.retain(|event| event["event"] != "condukt.secrets.access");
    let totals = model(&events).totals();
    assert_eq!((totals.agents, totals.turns, totals.tool_calls), (1, 2, 1));
}

#[test]
fn another_run_with_the_same_ids_is_another_run() {
    let events = [
        start("condukt.agent", 1, None, 0, json!({"session_id": "s"})),
        stop("condukt.agent", 1, None, 0, 1, json!({"session_id": "s"})),
        start("condukt.agent", 1, None, 50, json!({"session_id": "t"})),
        stop("condukt.agent", 1, None, 50, 1, json!({"session_id": "t"})),
    ];
    let totals = model(&events).totals();
    assert_eq!((totals.sessions, totals.agents, totals.running), (2, 2, 0));
}

#[test]
fn a_conversation_shows_each_message_once_and_results_beside_their_calls() {
    let model = model(&small_run());
    let entries = model.transcript(model.sessions()[0].number);
    let said: Vec<(&str, usize)> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Message { role, parts, .. } => (role.as_str(), parts.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(said, [("system", 1), ("user", 1), ("assistant", 1), ("assistant", 1)]);
    let Entry::Message { parts, .. } = &entries[2] else { unreachable!() };
    let Speech::Call { name, arguments, result, span, .. } = &parts[0] else { panic!("{parts:?}") };
    assert_eq!((name.as_str(), arguments), ("get_weather", &json!({"city": "Zürich"})));
    assert_eq!(result.as_ref().unwrap(), "no station");
    assert_eq!(*span, Some(only(&model, Kind::Tool).number));
}

#[test]
fn a_changed_history_is_marked() {
    let turn = |id, at, messages: Json| {
        start(
            "condukt.llm_turn",
            id,
            None,
            at,
            json!({"session_id": "s", "model": "m", "turn": 0, "messages": messages}),
        )
    };
    let said = |text: &str| json!({"role": "user", "content": text});
    let model = model(&[
        turn(1, 0, json!([said("one"), said("two")])),
        turn(2, 5, json!([said("summary of one and two"), said("three")])),
    ]);
    let entries = model.transcript(model.sessions()[0].number);
    assert_eq!(entries.len(), 5, "{entries:?}");
    assert!(matches!(entries[2], Entry::HistoryChanged { .. }));
}

#[test]
fn without_messages_the_conversation_is_made_from_prompts_and_tools() {
    let model = model(&[
        start("condukt.agent", 1, None, 0, json!({"session_id": "s", "prompt": "warm?"})),
        start("condukt.tool_call", 2, Some(1), 1, json!({"session_id": "s", "tool": "t", "args": {}})),
        stop(
            "condukt.tool_call",
            2,
            Some(1),
            1,
            1,
            json!({"session_id": "s", "tool": "t", "args": {}, "result": 7}),
        ),
        stop(
            "condukt.agent",
            1,
            None,
            0,
            5,
            json!({"session_id": "s", "prompt": "warm?", "output": "seven"}),
        ),
    ]);
    let roles: Vec<String> = model
        .transcript(model.sessions()[0].number)
        .iter()
        .map(|entry| match entry {
            Entry::Message { role, .. } => role.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(roles, ["user", "assistant", "assistant"]);
}

fn found(model: &Model, text: &str) -> Vec<u32> {
    let mut search = Search::new(Query::new(text));
    let mut found = Vec::new();
    while search.step(model, 2, &mut found) {}
    found
}

#[test]
fn a_text_is_found_wherever_it_stands_and_whatever_its_case() {
    let model = model(&small_run());
    let (first, second, tool) = (
        of_kind(&model, Kind::Turn)[0].number,
        of_kind(&model, Kind::Turn)[1].number,
        only(&model, Kind::Tool).number,
    );
    // In messages that both turns share, and in the tool's arguments.
    assert_eq!(found(&model, "ZÜRICH"), [first, tool, second]);
    assert_eq!(found(&model, "no STATION"), [tool, second]);
    assert_eq!(found(&model, "I do not"), [second]);
    assert_eq!(found(&model, "nowhere"), [0; 0]);
    // Names of keys are no content.
    assert_eq!(found(&model, "measurements"), [0; 0]);
    assert_eq!(found(&model, "tool_call_id"), [0; 0]);
}

#[test]
fn case_is_folded_in_every_script() {
    for (needle, text) in [
        ("straße", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("привет", "ПРИВЕТ"),
        ("\"a\\b\nc", "x \"A\\B\nC"),
        ("日本", "日本語"),
    ] {
        let model = model(&[start("a.b", 1, None, 0, json!({"text": text}))]);
        assert_eq!(found(&model, needle).len(), 1, "{needle}");
    }
}

#[test]
fn changes_lead_from_any_revision_to_the_present() {
    let events = small_run();
    let mut model = Model::new(1 << 30);
    let mut seen = std::collections::BTreeMap::new();
    let mut cursor = Cursor::default();
    for event in &events {
        feed(&mut model, std::slice::from_ref(event));
        let changes = model.changes(cursor, 1);
        assert!(!changes.reset);
        seen.extend(changes.spans.iter().map(|span| (span.number, span.state)));
        cursor = changes.next;
    }
    loop {
        let changes = model.changes(cursor, 1);
        seen.extend(changes.spans.iter().map(|span| (span.number, span.state)));
        cursor = changes.next;
        if !changes.more {
            break;
        }
    }
    let all: std::collections::BTreeMap<u32, State> =
        model.spans().map(|span| (span.number, span.state)).collect();
    assert_eq!(seen, all);
    let nothing = model.changes(cursor, 10);
    assert!(nothing.spans.is_empty() && nothing.sessions.is_empty() && nothing.next == cursor);
    assert!(Model::new(1 << 30).changes(cursor, 10).reset, "a cursor of another model");
    assert!(model.changes(Cursor::UNKNOWN, 10).reset);
}

#[test]
fn the_oldest_finished_session_makes_room() {
    let mut model = Model::new(100_000);
    feed(&mut model, &[start("condukt.agent", 999, None, 0, json!({"session_id": "runs"}))]);
    for id in 1..200 {
        let session =
            json!({"session_id": format!("s-{id}"), "prompt": format!("{id} {}", "x".repeat(2_000))});
        feed(
            &mut model,
            &[
                start("condukt.agent", id, None, id, session.clone()),
                stop("condukt.agent", id, None, id, 1, session),
            ],
        );
        assert!(model.bytes() <= 100_000, "{}", model.bytes());
    }
    let losses = model.losses();
    assert!(losses.evicted_sessions > 100, "{losses:?}");
    let ids: Vec<String> = model.sessions().into_iter().map(|session| session.id).collect();
    assert!(
        ids.contains(&"runs".to_owned())
            && ids.contains(&"s-199".to_owned())
            && !ids.contains(&"s-1".to_owned()),
        "{ids:?}"
    );
}

#[test]
fn changes_lead_to_the_present_though_more_is_gone_than_is_remembered() {
    let mut model = Model::new(100_000);
    for id in 1..=3 {
        let runs = json!({"session_id": format!("runs-{id}")});
        feed(&mut model, &[start("condukt.agent", id, None, 0, runs)]);
    }
    for id in 0..8_500 {
        let session = json!({"session_id": format!("s-{id}")});
        feed(&mut model, &[stop("condukt.agent", 1_000 + id, None, id, 1, session)]);
    }
    assert!(model.losses().evicted_spans > 8_192);
    let mut seen = Vec::new();
    let mut cursor = Cursor::default();
    loop {
        let changes = model.changes(cursor, 1);
        assert!(!changes.reset);
        seen.extend(changes.spans.iter().map(|span| span.number));
        cursor = changes.next;
        if !changes.more {
            break;
        }
    }
    let mut all: Vec<u32> = model.spans().map(|span| span.number).collect();
    all.sort_unstable();
    assert_eq!(seen, all);
}

#[test]
fn one_endless_session_stays_within_the_limit() {
    let mut model = Model::new(200_000);
    feed(&mut model, &[start("condukt.agent", 1_000_000, None, 0, json!({"session_id": "s"}))]);
    for id in 1..2_000 {
        let tool =
            json!({"session_id": "s", "tool": "t", "args": {"text": format!("{id} {}", "y".repeat(600))}});
        feed(
            &mut model,
            &[
                start("condukt.tool_call", id, Some(1_000_000), id, tool.clone()),
                stop("condukt.tool_call", id, Some(1_000_000), id, 1, tool),
            ],
        );
        assert!(model.bytes() <= 200_000, "{}", model.bytes());
    }
    assert_eq!(only(&model, Kind::Agent).state, State::Running);
    assert!(model.losses().evicted_spans > 1_000);
}

#[test]
fn a_session_of_many_turns_takes_memory_for_each_message_once() {
    let mut model = Model::new(1 << 30);
    let mut messages = Vec::new();
    let mut sizes = Vec::new();
    for turn in 0..100_u64 {
        messages.push(json!({"role": "user", "content": format!("{turn} {}", "z".repeat(1_000))}));
        feed(
            &mut model,
            &[start(
                "condukt.llm_turn",
                turn + 1,
                None,
                turn,
                json!({"session_id": "s", "model": "m", "turn": turn, "messages": messages}),
            )],
        );
        sizes.push(model.bytes());
    }
    let (half, whole) = (sizes[49], sizes[99]);
    assert!(whole < half * 5 / 2, "{half} after 50 turns, {whole} after 100");
}

/// A few cases, or as many as `PROPTEST_CASES` asks for.
fn cases() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    if asked { ProptestConfig::default() } else { ProptestConfig::with_cases(64) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_order_of_events_does_not_matter(order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle()) {
        let events = small_run();
        let shuffled: Vec<Json> = order.iter().map(|index| events[*index].clone()).collect();
        let (straight, shuffled) = (model(&events), model(&shuffled));
        let told = |model: &Model| {
            let mut totals = model.totals();
            totals.duration = 0;
            serde_json::to_value(totals).unwrap()
        };
        prop_assert_eq!(told(&shuffled), told(&straight));
        prop_assert_eq!(shuffled.sessions().len(), 1);
        let tool = only(&shuffled, Kind::Tool);
        prop_assert_eq!(tool.parent, Some(only(&shuffled, Kind::Agent).number));
        prop_assert_eq!(shuffled.transcript(shuffled.sessions()[0].number).len(), 4);
    }

    #[test]
    fn any_json_is_survived(lines in prop::collection::vec(any_line(), 0..20)) {
        let mut model = Model::new(20_000);
        for line in &lines {
            if let Some(line) = telemetry_view::Line::parse(line.to_string().as_bytes()) {
                model.line(line);
            }
        }
        for session in model.sessions() {
            model.transcript(session.number);
        }
        for span in model.spans() {
            model.detail(span.number);
        }
        model.breakdown();
        model.lines().count();
        found(&model, "e");
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        Just(Json::from("w".repeat(400))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(
                prop_oneof![
                    Just("role".to_owned()),
                    Just("content".to_owned()),
                    Just("tool_calls".to_owned()),
                    ".{0,4}"
                ],
                inner,
                0..4
            )
            .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn any_line() -> impl Strategy<Value = Json> {
    let names = prop_oneof![
        Just("condukt.agent.start"),
        Just("condukt.agent.stop"),
        Just("condukt.llm_turn.start"),
        Just("condukt.llm_turn.stop"),
        Just("condukt.tool_call.start"),
        Just("condukt.tool_call.exception"),
        Just("condukt.subagent.stop"),
        Just("legion.agent.started"),
        Just("x.y"),
    ];
    let keys = prop_oneof![
        Just("session_id"),
        Just("parent_session_id"),
        Just("run_id"),
        Just("messages"),
        Just("args"),
        Just("usage"),
        Just("status"),
        Just("assistant_message"),
        Just("tool"),
        Just("tool_call_id"),
        Just("prompt"),
        Just("kind"),
    ];
    let metadata = prop::collection::vec((keys, any_json()), 0..6);
    (names, 1..5_u64, prop::option::of(1..5_u64), any::<u64>(), any::<u64>(), metadata).prop_map(
        |(name, id, parent, time, duration, metadata)| {
            let metadata: serde_json::Map<String, Json> =
                metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            let parent = parent.map(|parent| format!("{parent:016x}"));
            json!({"event": name, "metadata": metadata,
                "measurements": {"system_time": time, "duration": duration, "monotonic_time": time},
                "span": {"id": format!("{id:016x}"), "parent_id": parent, "trace_id": format!("{:032x}", 1)}})
        },
    )
}

#[test]
fn an_evaluation_stands_in_the_span_that_it_judges_with_its_verdict() {
    let judged =
        json!({"session_id": "s", "name": "relevance", "label": "pass", "explanation": "It answers."});
    let mut evaluation = single("telemetry.evaluation.result", 1, judged);
    evaluation["measurements"] = json!({"score": 0.75});
    let mut model =
        model(&[start("condukt.agent", 1, None, 0, json!({"agent": "A", "session_id": "s"})), evaluation]);
    let event = only(&model, Kind::Event);
    assert_eq!((&*event.name, &*event.preview), ("evaluation.result", "relevance 0.75 pass It answers."));
    assert_eq!(event.parent, Some(only(&model, Kind::Agent).number));
    // A failed tool call has its error.
    let failed = json!({"session_id": "s", "name": "toxicity", "error_type": "timeout"});
    let mut evaluation = single("telemetry.evaluation.result", 1, failed);
    evaluation["measurements"] = json!({});
    feed(&mut model, &[evaluation]);
    assert_eq!(&*of_kind(&model, Kind::Event)[1].preview, "toxicity timeout");
}
