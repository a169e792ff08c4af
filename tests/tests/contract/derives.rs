//! What the derives make of types.

use telemetry_runtime::{EventName, Pattern};

use super::*;

#[derive(EventMetadata)]
#[event("contract.derived")]
struct Single<'a, T: Serialize>
where
    T: fmt::Debug,
{
    #[event(measurement)]
    count: u64,
    #[event(measurement)]
    ratio: f64,
    #[event(measurement, rename = "took_ns")]
    took: Option<u64>,
    text: &'a str,
    generic: T,
    #[event(debug)]
    debug: T,
    #[event(display)]
    display: Said,
    #[event(rename = "hit?")]
    hit: bool,
    list: [u8; 2],
    absent: Option<&'a str>,
    present: Option<&'a str>,
    r#type: u8,
    #[event(skip)]
    _skipped: fn(),
}

#[test]
fn a_struct_is_an_event() {
    let capture = testing::capture();
    let event = || Single {
        count: 2,
        ratio: 0.5,
        took: None,
        text: "t",
        generic: Some("g"),
        debug: Some("d"),
        display: Said,
        hit: false,
        list: [1, 2],
        absent: None,
        present: Some("p"),
        r#type: 3,
        _skipped: || (),
    };
    capture.scope(|| {
        event().emit();
        emit!(Unit {});
        in_span!(run; || Unit.emit());
    });
    let events = capture.events();
    assert_eq!(events[0].name, "contract.derived");
    assert_eq!(json!(events[0].measurements), json!({"count": 2, "ratio": 0.5}));
    assert_eq!(
        json!(events[0].metadata),
        json!({
            "text": "t", "generic": "g", "debug": "Some(\"d\")", "display": "display", "hit?": false,
            "list": [1, 2], "present": "p", "type": 3,
        })
    );
    assert_eq!(events[0].span, None);
    assert_eq!((&*events[1].name, json!(events[1].metadata)), ("contract.unit", json!({})));
    // It belongs to the span it is emitted in.
    assert_eq!(events[3].name, "contract.unit");
    assert_eq!(events[3].span, events[2].span);
}

#[derive(EventMetadata)]
#[event("contract.unit")]
struct Unit;

#[derive(EventMetadata)]
#[span("contract.searched", stop(hits, cached, cost))]
struct Searched<'a> {
    query: &'a str,
    #[event(rename = "deep?")]
    deep: bool,
    #[event(debug)]
    said: Said,
}

#[derive(StopMetadata)]
#[stop_of(Searched<'_>)]
enum Found<'a, T: Serialize> {
    Fresh {
        hits: Vec<&'a str>,
        #[stop(debug)]
        cost: Said,
    },
    #[stop(status = "stale")]
    Cached(#[stop(rename = "hits")] usize, #[stop(skip)] Said, #[stop(rename = "cached")] T),
    #[stop(status = "empty")]
    Nothing,
}

#[agent_span(Searched { query, deep: true, said: Said })]
fn search(query: &str) -> Result<Option<Found<'_, bool>>, String> {
    Ok(Some(match query {
        "" => return Err("what?".to_owned()),
        "cached" => Found::Cached(3, Said, true),
        "nothing" => Found::Nothing,
        "none" => return Ok(None),
        query => Found::Fresh { hits: vec![query], cost: Said },
    }))
}

#[test]
fn a_type_implements_the_stop_of_a_span() {
    let capture = testing::capture();
    capture.scope(|| {
        for query in ["fresh", "cached", "nothing", "none"] {
            search(query).unwrap();
        }
        assert!(search("").is_err());
    });
    assert_eq!(
        capture.tree(),
        "contract.searched stop cost=debug deep?=true hits=[\"fresh\"] query=fresh said=debug status=ok\n\
             contract.searched stop cached=true deep?=true hits=3 query=cached said=debug status=stale\n\
             contract.searched stop deep?=true query=nothing said=debug status=empty\n\
             contract.searched stop deep?=true query=none said=debug status=ok\n\
             contract.searched stop deep?=true error=what? error_type=error query= said=debug status=error\n"
    );
    assert_eq!(
        json!(capture.events()[0].metadata),
        json!({"query": "fresh", "deep?": true, "said": "debug"})
    );
}

#[derive(StopMetadata)]
#[stop_of(agent_message)]
struct Handled<T: Serialize> {
    iterations: u8,
    #[stop(rename = "result")]
    value: T,
    #[stop(display)]
    bindings: Said,
    #[stop(rename = "error_type")]
    kind: &'static str,
    status: Option<String>,
}

#[test]
fn every_stop_key_may_be_derived_and_pointers_are_seen_through() {
    #[agent_span(agent_message)]
    fn handle(message: &str) -> Handled<String> {
        handled(message)
    }
    #[agent_span(agent_message)]
    fn handle_shared(message: &str) -> Result<std::sync::Arc<Handled<String>>, String> {
        Ok(std::sync::Arc::new(handled(message)))
    }
    fn handled(message: &str) -> Handled<String> {
        Handled {
            iterations: 1,
            value: message.to_owned(),
            bindings: Said,
            kind: "k",
            status: Some("done".to_owned()),
        }
    }
    for stop in [stop_of(|| handle("hi")), stop_of(|| handle_shared("hi"))] {
        assert_eq!(
            json!(stop.metadata),
            json!({
                "message": "hi", "iterations": 1, "result": "hi", "bindings": "display",
                "error_type": "k", "status": "done",
            })
        );
    }
}

#[test]
fn names_and_patterns_are_constants() {
    const NAME: EventName = event_name!("contract.named.stop");
    const PATTERNS: [Pattern; 3] = event_names!["contract.*.stop", "condukt.**", "legion.agent.message.stop"];
    assert_eq!(NAME.as_str(), "contract.named.stop");
    assert_eq!(PATTERNS.each_ref().map(|pattern| pattern.matches(NAME.as_str())), [true, false, false]);
    assert_eq!("contract.named.stop".parse::<EventName>(), Ok(NAME));
}
