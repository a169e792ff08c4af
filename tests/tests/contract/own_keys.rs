//! The user's own words are never dropped: own keys at the end, keys that look like an ending, prompts and answers, the
//! number of a turn.

use serde_json::{Value as Json, json};
use telemetry_runtime::{
    AgentProcess, Context, EventMetadata, OwnedEvent, StopMetadata, agent_span, in_span, open_span, record,
    testing, tool_call,
};

fn events_of<T>(run: impl FnOnce() -> T) -> Vec<OwnedEvent> {
    let capture = testing::capture();
    capture.scope(run);
    capture.events()
}

fn stop_of<T>(run: impl FnOnce() -> T) -> OwnedEvent {
    events_of(run).pop().unwrap()
}

fn get<'e>(event: &'e OwnedEvent, key: &str) -> &'e Json {
    event.get(key).unwrap_or_else(|| panic!("no {key}: {event:?}"))
}

#[derive(EventMetadata)]
#[span("own.guard", stop(reason, score))]
struct Guard<'a> {
    kind: &'a str,
    status: &'a str,
}

#[test]
fn own_keys_are_given_at_the_end_by_every_rule() {
    #[agent_span(llm_turn, model = "m", messages = (),
        stop(|value| finish_reason = "stop", "gen_ai.response.model" = value, fields(system_fingerprint = "fp", tier = value)))]
    fn complete() -> Result<&'static str, std::io::Error> {
        record!(llm_turn, fields(attempt = 2), "app.region" = "eu");
        Ok("gpt")
    }
    let stop = stop_of(complete);
    for (key, value) in [
        ("gen_ai.response.model", json!("gpt")),
        ("system_fingerprint", json!("fp")),
        ("tier", json!("gpt")),
        ("attempt", json!(2)),
        ("app.region", json!("eu")),
    ] {
        assert_eq!(get(&stop, key), &value);
    }
    #[tool_call(err(|error| error_type = "custom", fields(retry_after = error.len())))]
    fn fails() -> Result<(), String> {
        Err("slow down".into())
    }
    let stop = stop_of(fails);
    assert_eq!((get(&stop, "retry_after"), get(&stop, "error_type")), (&json!(9), &json!("custom")));
}

#[test]
fn a_span_of_ones_own_has_own_keys_beside_its_stop_keys() {
    let stop = stop_of(|| {
        in_span!(Guard { kind: "jailbreak", status: "draft" }, fields(policy = "v3"),
            stop(|verdict| score = *verdict, reason = "asks", fields(by = "rules")); || 0.9)
    });
    assert_eq!(
        (get(&stop, "kind"), get(&stop, "policy"), get(&stop, "by")),
        (&json!("jailbreak"), &json!("v3"), &json!("rules"))
    );
    assert_eq!((get(&stop, "status"), get(&stop, "fields.status")), (&json!("ok"), &json!("draft")));
    assert_eq!(get(&stop, "reason"), "asks");
}

#[test]
fn fields_that_look_like_an_ending_stand_beside_it() {
    #[tool_call(fields(
        kind = "mcp",
        status = "cached",
        error = "none",
        result = "hidden",
        reason = "why not"
    ))]
    fn look(at: &str) -> usize {
        at.len()
    }
    let events = events_of(|| look("Oslo"));
    assert_eq!((get(&events[0], "status"), get(&events[0], "result")), (&json!("cached"), &json!("hidden")));
    let stop = &events[1];
    assert_eq!((get(stop, "status"), get(stop, "fields.status")), (&json!("ok"), &json!("cached")));
    assert_eq!((get(stop, "result"), get(stop, "fields.result")), (&json!(4), &json!("hidden")));
    // What the stop does not have itself keeps its name.
    assert_eq!(
        (get(stop, "kind"), get(stop, "reason"), get(stop, "error")),
        (&json!("mcp"), &json!("why not"), &json!("none"))
    );
    assert_eq!(stop.get("fields.kind"), None);
}

#[test]
fn keys_of_the_context_that_are_spelled_like_documented_ones_stand_beside_them() {
    let context = Context::current().with("status", "trial").with("model", "house").with("user_id", "u-1");
    let events = events_of(|| {
        // A handler of the outer context sees what happens in one made from it.
        let context =
            Context::current().with("status", "trial").with("model", "house").with("user_id", "u-1");
        context.scope(
            || in_span!(llm_turn, model = "m", messages = (), stop(|_| finish_reason = "stop"); || ()),
        );
    });
    drop(context);
    assert_eq!((get(&events[0], "model"), get(&events[0], "fields.model")), (&json!("m"), &json!("house")));
    assert_eq!(get(&events[0], "status"), "trial");
    assert_eq!(
        (get(&events[1], "status"), get(&events[1], "fields.status")),
        (&json!("ok"), &json!("trial"))
    );
    assert_eq!(get(&events[1], "user_id"), "u-1");
}

#[test]
fn an_iteration_over_the_keys_shows_each_once() {
    let events = events_of(|| {
        let context = Context::current().with("tool", "mine");
        context.scope(
            || in_span!(tool_call, tool = "t", args = (), fields(status = "cached", result = 1); || 2),
        );
    });
    for event in &events {
        let again: OwnedEvent = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
        assert_eq!(&again, event);
    }
    let mut keys: Vec<&str> = events[1].metadata.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["args", "fields.result", "fields.status", "fields.tool", "result", "status", "tool"]);
}

#[test]
fn agents_operations_and_runs_show_prompt_and_output_where_they_are_given() {
    #[agent_span(agent, prompt = question, stop(|answer| output = answer.as_str()))]
    fn ask(question: &str) -> Result<String, std::io::Error> {
        Ok(format!("{question} Cold."))
    }
    let events = events_of(|| ask("Oslo?"));
    assert_eq!(get(&events[0], "prompt"), "Oslo?");
    assert_eq!(
        (get(&events[1], "prompt"), get(&events[1], "output")),
        (&json!("Oslo?"), &json!("Oslo? Cold."))
    );
    let stop = stop_of(
        || in_span!(operation, operation = "o", prompt = json!({"q": 1}), stop(|n| output = n); || 3),
    );
    assert_eq!((get(&stop, "prompt"), get(&stop, "output")), (&json!({"q": 1}), &json!(3)));
    let stop = stop_of(|| in_span!(run, prompt = "p", stop(|n| output = n); || 3));
    assert_eq!((get(&stop, "prompt"), get(&stop, "output")), (&json!("p"), &json!(3)));
    // A parameter of that name is content, which is there only where it is asked for.
    #[agent_span(agent)]
    fn quiet(prompt: &str) -> usize {
        prompt.len()
    }
    assert_eq!(events_of(|| quiet("secret"))[1].get("prompt"), None);
}

#[test]
fn a_turn_carries_provider_parameters_and_tools() {
    let stop = stop_of(|| {
        in_span!(llm_turn, model = "gpt-4o", messages = (), provider = "azure.ai.openai",
            parameters = json!({"temperature": 0.2}), tools = json!([{"name": "search"}]),
            stop(|_| response_model = "gpt-4o-2024-08-06", response_id = "r-1"); || ());
    });
    assert_eq!(get(&stop, "provider"), "azure.ai.openai");
    assert_eq!(get(&stop, "parameters"), &json!({"temperature": 0.2}));
    assert_eq!(get(&stop, "tools"), &json!([{"name": "search"}]));
    assert_eq!(
        (get(&stop, "response_model"), get(&stop, "response_id")),
        (&json!("gpt-4o-2024-08-06"), &json!("r-1"))
    );
}

#[agent_span(llm_turn, model = "m", messages = (), stop(|_|))]
fn turn() {}

#[agent_span(agent)]
fn agent(turns: usize, inner: Option<usize>) {
    for at in 0..turns {
        turn();
        if let (1, Some(inner)) = (at, inner) {
            agent(inner, None);
        }
    }
}

#[test]
fn turns_that_are_not_given_a_number_are_counted_within_their_agent() {
    let turns = |events: Vec<OwnedEvent>| -> Vec<Json> {
        let starts = events.into_iter().filter(|event| event.name == "condukt.llm_turn.start");
        starts.map(|event| get(&event, "turn").clone()).collect()
    };
    assert_eq!(turns(events_of(|| agent(3, None))), [0, 1, 2]);
    assert_eq!(turns(events_of(|| agent(3, Some(2)))), [0, 1, 0, 1, 2]);
    assert_eq!(turns(events_of(|| (agent(1, None), agent(2, None)))), [0, 0, 1]);
    // Outside of an agent each is the first.
    assert_eq!(turns(events_of(|| (turn(), turn()))), [0, 0]);
    // A number that is given, or a parameter of that name, is what stands there.
    #[agent_span(llm_turn, model = "m", messages = (), stop(|_|))]
    fn numbered(turn: u32) {
        let _ = turn;
    }
    assert_eq!(turns(events_of(|| numbered(7))), [7]);
    let told = events_of(|| in_span!(llm_turn, model = "m", turn = 9, messages = (), stop(|_|); || ()));
    assert_eq!(turns(told), [9]);
}

#[test]
fn a_life_of_a_legion_agent_counts_no_turns_of_others() {
    let process = AgentProcess::start("a", || Ok::<_, ()>(())).unwrap();
    let events = events_of(|| process.context().scope(|| ()));
    assert!(events.is_empty());
}

#[derive(EventMetadata)]
#[span("own.keyword", stop(type, r#impl))]
struct Keyword {
    r#match: u32,
}

#[test]
fn a_keyword_is_a_key_as_any_other_word() {
    #[agent_span(Keyword { r#match: 1 }, stop(|value| type = value))]
    fn by_attribute() -> u32 {
        record!(Keyword, r#impl = "a");
        2
    }
    let stop = stop_of(by_attribute);
    assert_eq!(
        (get(&stop, "match"), get(&stop, "type"), get(&stop, "impl")),
        (&json!(1), &json!(2), &json!("a"))
    );

    #[derive(StopMetadata)]
    #[stop_of(Keyword)]
    struct Answer {
        r#type: u32,
        #[stop(rename = "impl")]
        by: &'static str,
    }
    #[agent_span(Keyword { r#match: 1 })]
    fn derived() -> Answer {
        Answer { r#type: 3, by: "b" }
    }
    let stop = stop_of(derived);
    assert_eq!((get(&stop, "type"), get(&stop, "impl")), (&json!(3), &json!("b")));

    let stop = stop_of(|| {
        let span = open_span!(Keyword { r#match: 1 });
        record!(span; type = 4);
        span.end();
    });
    assert_eq!(get(&stop, "type"), &json!(4));
}
