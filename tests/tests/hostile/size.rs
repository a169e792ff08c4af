use super::*;

fn with_secret(capture: Capture) -> Capture {
    let secrets = Secrets::resolve([("KEY", "0123456789-abcdefgh")]).unwrap();
    capture.with_context(|context| context.with_secrets(secrets))
}

#[tool_call]
fn tool(text: &str) {
    let _ = text;
}

/// Long texts are searched for secrets, encoded ones too, in little memory and in time that grows
/// with them.
#[test]
fn long_texts_are_searched_for_secrets() {
    let capture = with_secret(testing::capture());
    let encoded = "MDEyMzQ1Njc4OS1hYmNkZWZnaA==";
    for filling in ["lorem ipsum ", "QUFB", "\\u00e9\\n", "%41%20+", "[104, 105], ", "\\\\"] {
        let half = filling.repeat(200_000 / filling.len());
        let text = format!("{half} {encoded} {half}");
        capture.scope(|| tool(&text));
        let events = capture.take();
        let shown = events.last().unwrap().get("args").unwrap()["text"].as_str().unwrap().to_owned();
        assert!(!shown.contains("MDEyMzQ1Njc4OS1hYmNkZWZnaA"), "{filling:?}");
        assert_eq!(shown.matches("[REDACTED:KEY]").count(), 1, "{filling:?}");
    }
}

/// Where pieces of a long text meet is no place to hide.
#[test]
fn a_secret_is_found_wherever_pieces_meet() {
    let capture = with_secret(testing::capture());
    for at in (65_400..65_700).step_by(7) {
        let text = format!("{}\\u0030123456789-abcdefgh{}", "x ".repeat(at / 2), "y ".repeat(100));
        capture.scope(|| tool(&text));
        let shown = capture.take().pop().unwrap().get("args").unwrap().to_string();
        assert_eq!(shown.matches("[REDACTED:KEY]").count(), 1, "{at}");
    }
}

#[test]
fn many_keys_with_a_secret_in_each_are_kept_apart() {
    let capture = with_secret(testing::capture());
    let map: serde_json::Map<String, Json> = (0..2000)
        .map(|n| (format!("{}0123456789-abcdefgh", " ".repeat(n % 2)), n))
        .map(|(key, n)| (key, json!(n)))
        .collect();
    assert_eq!(map.len(), 2);
    let named: serde_json::Map<String, Json> =
        (0..2000).map(|n| (format!("%3{}123456789-abcdefgh{n}", 0), json!(n))).collect();
    capture.scope(|| in_span!(operation, operation = "op", fields("map" = map, "named" = named); || ()));
    let stop = &capture.named("condukt.operation.stop")[0];
    assert_eq!(stop.get("map").unwrap().as_object().unwrap().len(), 2);
    assert_eq!(stop.get("named").unwrap().as_object().unwrap().len(), 2000);
}

#[test]
fn fifty_megabytes_are_lent_and_not_copied_for_a_handler_that_does_not_look() {
    let text = "x".repeat(50_000_000);
    let place = text.as_ptr().addr();
    let seen: Arc<Mutex<Vec<usize>>> = Arc::default();
    let sink = seen.clone();
    #[agent_span(operation, operation)]
    fn operate(operation: &str) {}
    let context = Context::new().with_handler(event_names!["condukt.operation.*"], move |e: &Event<'_>| {
        let text = e.metadata().get_str("operation").unwrap();
        sink.lock().unwrap().push(text.as_ptr().addr());
    });
    context.scope(|| operate(&text));
    assert_eq!(*seen.lock().unwrap(), [place, place]);
}

/// A global handler that looks at everything survives all of it.
#[test]
fn failing_and_deep_values_detach_no_handler() {
    attach("hostile-depth-all", event_names!["hostile_depth.**"], |event: &Event<'_>| {
        let _ = format!("{event:?}");
    })
    .unwrap();
    let name = telemetry_runtime::EventName::parse("hostile_depth.any.event").unwrap();
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("bad", &f64::NAN)?;
            map.serialize_entry(&f64::INFINITY, &i128::MAX)?;
            map.serialize_entry(&Some([1]), &())?;
            map.end()
        }
    }
    telemetry_runtime::execute(&name, &Fails, &Fails).unwrap();
    detach("hostile-depth-all").unwrap();
}
