//! The test kit: queries over spans, trajectories, totals, transcripts, redactions.

use std::time::Duration;

use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, FakeClock, Mode, Recording, check_trajectory, tool};
use telemetry_runtime::{agent_span, assert_trajectory, in_span, tool_call};

#[tool_call]
fn search(q: &str, limit: u32) -> Vec<String> {
    vec![q.to_owned(); limit as usize]
}

#[tool_call]
fn book(id: u32) -> Result<u32, String> {
    if id == 0 { Err("full".into()) } else { Ok(id) }
}

fn turn(messages: Json, answer: Json, tokens: u64, cost: Option<f64>) {
    in_span!(llm_turn, model = "m", messages,
        stop(|_| assistant_message = answer, finish_reason = "stop",
            usage = json!({"input_tokens": tokens, "output_tokens": 2, "cost": cost})); || ());
}

#[agent_span(agent, agent = "Guide")]
fn guide(clock: &FakeClock) -> Result<(), String> {
    let ask = json!([{"role": "user", "content": "A hotel in Oslo?"}]);
    let calls = json!({"role": "assistant", "content": null,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{\"q\":\"Oslo\"}"}}]});
    turn(ask.clone(), calls.clone(), 10, Some(0.25));
    search("Oslo", 1);
    clock.advance(Duration::from_secs(2));
    let next = json!([ask[0], calls, {"role": "tool", "tool_call_id": "c1", "content": "[\"Oslo\"]"}]);
    turn(next, json!("Booked:\nroom 7"), 20, None);
    in_span!(subagent, role = "r", child_agent = "Desk"; || {
        in_span!(agent, agent = "app::desk::Desk"; || drop(book(0)));
    });
    book(7).map(drop)
}

fn run() -> Capture {
    let clock = FakeClock::default();
    let capture = testing::capture().deterministic(&clock, 1);
    capture.scope(|| guide(&clock)).unwrap();
    capture
}

#[test]
fn spans_are_asked_for_by_kind_key_place_and_end() {
    let capture = run();
    let spans = capture.spans();
    assert_eq!(spans.count(), 8);
    assert_eq!(spans.clone().named("tool_call").count(), 3);
    assert_eq!(spans.clone().named("condukt.tool_call").with("tool", "book").count(), 2);
    assert_eq!(spans.clone().named("tool_call").under("subagent").count(), 1);
    assert_eq!(spans.clone().named("tool_call").not_under("subagent").count(), 2);
    assert_eq!(spans.clone().named("tool_call").directly_under("agent").count(), 3);
    assert_eq!(spans.clone().named("agent").over("subagent").only().text("agent"), Some("Guide"));
    assert_eq!(spans.clone().failed().only().text("error"), Some("full"));
    assert_eq!(spans.clone().named("tool_call").succeeded().values("result"), [json!(["Oslo"]), json!(7)]);
    assert_eq!(spans.clone().longer_than(Duration::from_secs(1)).only().kind(), "agent");
    assert!(spans.clone().cancelled().is_empty() && spans.clone().open().is_empty());
    let tool = spans.clone().failed().only().ids().id;
    let failed = spans.clone().failed();
    let around: Vec<&str> = failed.only().ancestors().map(|span| span.kind()).collect();
    assert_eq!(around, ["agent", "subagent", "agent"]);
    assert_eq!(spans.matching(|span| span.ids().parent_id == Some(tool)).count(), 0);
}

#[test]
fn a_span_that_has_not_ended_is_open_and_one_that_was_dropped_is_cancelled() {
    let capture = testing::capture();
    let open = capture.scope(|| telemetry_runtime::open_span!(agent, agent = "A"));
    assert_eq!(capture.spans().open().count(), 1);
    drop(open);
    assert_eq!(capture.spans().cancelled().count(), 1);
    assert_eq!(capture.totals().cancellations, 1);
}

#[test]
fn trajectories_hold_in_the_usual_modes() {
    let capture = run();
    assert_trajectory!(
        capture,
        [tool("search"), tool("book").failed(), tool("book").args(json!({"id": 7})).result(7)]
    );
    assert_trajectory!(capture, strict, [tool("search"), tool("book"), tool("book")]);
    assert_trajectory!(
        capture,
        unordered,
        [tool("book").args(json!({"id": 7})), tool("book"), tool("search")]
    );
    assert_trajectory!(capture, subset, [tool("book"), tool("book"), tool("search"), tool("cancel")]);
    assert_trajectory!(capture, superset, [tool("search").args_containing(json!({"q": "Oslo"}))]);
    assert_trajectory!(capture, never, [tool("cancel"), tool("book").args(json!({"id": 8}))]);
    assert_trajectory!(Recording::new(capture.events()), superset, []);
    assert_trajectory!(capture.events()[..], superset, [tool("book").args_where(|args| args["id"] == 0)]);
}

#[test]
fn a_call_that_has_not_ended_has_neither_failed_nor_succeeded() {
    let capture = testing::capture();
    let call = capture.scope(|| telemetry_runtime::open_span!(tool_call, tool = "pay", args = ()));
    assert_trajectory!(capture, [tool("pay")]);
    for expected in [tool("pay").succeeded(), tool("pay").failed()] {
        let told = check_trajectory(&capture, Mode::Strict, &[expected]).unwrap_err();
        assert!(told.contains("pay null (not ended)"), "{told}");
    }
    call.stop(&1);
    assert_trajectory!(capture, [tool("pay").succeeded()]);
}

#[test]
fn a_call_is_matched_by_the_expectation_that_only_it_can_fulfil() {
    let capture = testing::capture();
    capture.scope(|| drop((book(1), book(2))));
    // The first would take any, and must leave the first call to the second.
    assert_trajectory!(capture, unordered, [tool("book"), tool("book").args(json!({"id": 1}))]);
}

#[test]
fn each_mode_fails_on_what_it_forbids() {
    let capture = run();
    let fails = |mode, expected: &[_]| check_trajectory(&capture, mode, expected).is_err();
    assert!(fails(Mode::Strict, &[tool("book"), tool("search"), tool("book")]));
    assert!(fails(Mode::Strict, &[tool("search"), tool("book")]));
    assert!(fails(Mode::Unordered, &[tool("search"), tool("book")]));
    assert!(fails(Mode::Unordered, &[tool("search"), tool("book"), tool("book"), tool("book")]));
    assert!(fails(Mode::Subset, &[tool("search"), tool("book")]));
    assert!(fails(Mode::Superset, &[tool("cancel")]));
    assert!(fails(Mode::Never, &[tool("cancel"), tool("book")]));
    assert!(fails(
        Mode::Strict,
        &[tool("search").args_containing(json!({"q": "Bergen"})), tool("book"), tool("book")]
    ));
}

#[test]
fn a_failed_trajectory_reads_like_a_diff() {
    let capture = testing::capture();
    capture.scope(|| drop((search("Oslo", 1), book(3))));
    let expected = [tool("search").args(json!({"q": "Oslo", "limit": 1})), tool("pay")];
    let told = check_trajectory(&capture, Mode::Strict, &expected).unwrap_err();
    let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "the tools that were called are not those that are expected");
    assert!(
        lines[1].contains("expected (in this order, and no other)") && lines[1].ends_with("actual"),
        "{told}"
    );
    assert!(lines[2].starts_with("  = search") && lines[2].contains("| search {"), "{told}");
    assert!(lines[3].starts_with("  - pay"), "{told}");
    assert!(lines[4].starts_with("  +") && lines[4].ends_with("| book {\"id\":3}"), "{told}");
    let none = check_trajectory(&testing::capture(), Mode::Strict, &[tool("pay")]).unwrap_err();
    assert!(none.ends_with("no tool was called\n"), "{none}");
}

#[test]
fn totals_count_what_was_done_and_used() {
    let totals = run().totals();
    assert_eq!((totals.sessions, totals.agents, totals.turns, totals.tool_calls), (2, 2, 2, 3));
    assert_eq!((totals.subagents, totals.failures, totals.cancellations), (1, 1, 0));
    assert_eq!((totals.usage.input, totals.usage.output, totals.usage.total), (Some(30), Some(4), Some(34)));
    assert_eq!((totals.cost, totals.turns_without_cost), (Some(0.25), 1));
    assert_eq!(totals.duration, Duration::from_secs(2));
    assert_eq!(testing::capture().totals(), testing::Totals::default());
}

#[test]
fn a_transcript_has_each_message_and_tool_result() {
    assert_eq!(
        run().transcript(),
        "\
Guide
  user: A hotel in Oslo?
  assistant: calls search {\"q\":\"Oslo\"}
  search {\"limit\":1,\"q\":\"Oslo\"}
  search gave [\"Oslo\"]
  assistant: Booked:
      room 7
  Desk
    book {\"id\":0}
    book failed: full
  book {\"id\":7}
  book gave 7
"
    );
}

#[test]
fn a_transcript_has_each_message_once_over_many_runs() {
    let capture = testing::capture();
    let ask = |question: &str| json!({"role": "user", "content": question});
    let say = |text: &str| json!({"role": "assistant", "content": text});
    let run = |messages: Json, text: &str| {
        in_span!(agent, agent = "Guide"; || turn(messages, say(text), 1, None));
    };
    let both = || {
        run(json!([ask("Oslo?")]), "Cold.");
        run(json!([ask("Oslo?"), say("Cold."), ask("And Rome?")]), "Warm.");
    };
    capture.context().with_session_id("s-1").scope(both);
    // Another session is another conversation, though its messages are equal.
    capture.context().with_session_id("s-2").scope(both);
    let told = "Guide\n  user: Oslo?\n  assistant: Cold.\nGuide\n  user: And Rome?\n  assistant: Warm.\n";
    assert_eq!(capture.transcript(), told.repeat(2));
}

fn calls(tools: &[(&str, &str)]) -> Json {
    let call = |(id, name): &(&str, &str)| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}});
    json!({"role": "assistant", "content": null, "tool_calls": tools.iter().map(call).collect::<Vec<_>>()})
}

#[test]
fn a_transcript_has_the_results_of_tools_that_are_no_spans() {
    let capture = testing::capture();
    let ask = json!({"role": "user", "content": "Oslo?"});
    let asked = calls(&[("c1", "book"), ("c2", "measure")]);
    let first = json!([ask]);
    // As Anthropic has it: results are in a message of the user's.
    let results = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "c2", "content": "-3 degrees"},
        {"type": "tool_result", "tool_use_id": "c1", "content": "7"},
        {"type": "text", "text": "And now?"}]});
    let second = json!([ask, asked, results]);
    let last = json!([ask, asked, results, {"role": "assistant", "content": "Wait."},
        {"role": "tool", "tool_call_id": "c3", "content": "late"}]);
    capture.scope(|| {
        in_span!(agent, agent = "Guide"; || {
            turn(first, asked.clone(), 1, None);
            drop(book(7));
            turn(second, json!("Wait."), 1, None);
            turn(last, json!("Done."), 1, None);
        });
    });
    let told = "Guide\n  user: Oslo?\n  assistant: calls book {}\n  assistant: calls measure {}\n  book {\"id\":7}\n  book gave 7\n  \
                measure gave -3 degrees\n  user: And now?\n  assistant: Wait.\n  tool gave late\n  assistant: Done.\n";
    assert_eq!(capture.transcript(), told);
}

#[test]
fn a_transcript_has_what_takes_the_place_of_older_messages() {
    let capture = testing::capture();
    let system = json!({"role": "system", "content": "Be brief."});
    let say = |role: &str, text: &str| json!({"role": role, "content": text});
    let long = json!([system, say("user", "Oslo?"), say("assistant", "Cold."), say("user", "Rome?")]);
    let short = json!([system, say("assistant", "Oslo is cold, Rome warm."), say("user", "And Rome?")]);
    capture.scope(|| {
        in_span!(agent, agent = "Guide"; || {
            turn(long, json!("Warm."), 1, None);
            turn(short, json!("As before."), 1, None);
        });
    });
    let told = "Guide\n  system: Be brief.\n  user: Oslo?\n  assistant: Cold.\n  user: Rome?\n  assistant: Warm.\n  \
                assistant: Oslo is cold, Rome warm.\n  user: And Rome?\n  assistant: As before.\n";
    assert_eq!(capture.transcript(), told);
}

#[test]
fn redact_replaces_values_by_key() {
    let recording =
        run().recording().redact("args.id", "[id]").redact("result", 0).redact("args.none.deep", 1);
    let books = recording.spans().named("tool_call").with("tool", "book");
    assert_eq!(books.values("args"), [json!({"id": "[id]"}), json!({"id": "[id]"})]);
    assert_eq!(books.values("result"), [json!(0)]);
}

#[test]
fn events_in_any_state_are_answered_for() {
    let events = run().events();
    // Ends without starts, starts without ends, a circle of parents.
    for cut in 0..events.len() {
        let some =
            Recording::new(events.iter().skip(cut).cloned().chain(events.iter().take(cut / 2).cloned()));
        let _ = (some.totals(), some.transcript(), some.tree(), some.spans().over("tool_call").count());
    }
    let mut circle = events.clone();
    let ids = circle[0].span.unwrap();
    circle[0].span = Some(telemetry_runtime::SpanIds::new(ids.trace_id, ids.id, Some(ids.id)));
    let circle = Recording::new(circle);
    assert_eq!(circle.spans().named("tool_call").under("run").count(), 0);
    let _ = circle.transcript();
}

#[test]
fn a_recording_from_a_file_answers_the_same_questions() {
    let capture = run();
    let path = std::env::temp_dir().join(format!("telemetry-kit-{}.jsonl", std::process::id()));
    let mut lines = String::from("{\"telemetry\":1,\"program\":\"test\"}\nnot json\n");
    for event in capture.events() {
        lines.push_str(&serde_json::to_string(&event).unwrap());
        lines.push('\n');
    }
    lines.push_str("{\"event\":\"condukt.agent.st");
    std::fs::write(&path, lines).unwrap();
    let read = Recording::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.events(), capture.events());
    assert_eq!(read.totals(), capture.totals());
    assert_eq!(read.transcript(), capture.transcript());
    assert_trajectory!(read, superset, [tool("search")]);
    assert!(Recording::read(&path).is_err());
}

#[test]
fn shared_values_of_a_recording_are_put_back() {
    let path = std::env::temp_dir().join(format!("telemetry-shared-{}.jsonl", std::process::id()));
    let (first, second) = ("0".repeat(31) + "1", "0".repeat(31) + "2");
    let lines = format!(
        "{{\"content\":\"{first}\",\"items\":[1,2]}}\n{{\"content\":\"{second}\",\"after\":\"{first}\",\"items\":[3]}}\n\
         {{\"event\":\"shop.paid\",\"metadata\":{{\"by\":\"card\"}},\"refs\":{{\"messages\":\"{second}\"}}}}\n"
    );
    std::fs::write(&path, lines).unwrap();
    let read = Recording::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.events()[0].get("messages").unwrap(), &json!([1, 2, 3]));
    assert_eq!(read.events()[0].get("by").unwrap(), "card");
}
