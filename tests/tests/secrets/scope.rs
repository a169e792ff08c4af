//! Which secrets are known, and where.

use super::*;

#[test]
fn one_resolved_inside_an_open_span_counts_for_that_spans_stop() {
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(run; || {
            in_span!(operation, operation = "op", stop(|value| error = value); || {
                let secrets = Secrets::resolve([("LATE", "late-secret")]).unwrap();
                let context = Context::current().with_secrets(secrets);
                context.scope(|| echo("late-secret"));
                "late-secret"
            })
        });
        in_span!(operation, operation = "late-secret of another trace"; || ());
    });
    let stops = capture.named("condukt.operation.stop");
    let text = stops[0].metadata.values().map(Json::to_string).collect::<String>();
    assert!(!text.contains("late-secret"), "{text}");
    assert_eq!(stops[1].get("operation").unwrap(), "late-secret of another trace");
}

#[tokio::test]
async fn one_resolved_in_a_task_counts_for_the_whole_trace() {
    let capture = testing::capture();
    let work = async {
        in_span!(agent, agent = "a", stop(|value| error = value); async {
            let task = telemetry_runtime::InContext::in_current_context(async {
                let secrets = Secrets::resolve([("LATE", "late-secret")]).unwrap();
                let _inside = Context::current().with_secrets(secrets);
                "late-secret"
            });
            tokio::spawn(task).await.unwrap()
        })
        .await
    };
    capture.follow(work).await;
    let stop = &capture.named("condukt.agent.stop")[0];
    assert_eq!(stop.get("error").unwrap(), "[REDACTED:LATE]");
}

#[test]
fn of_two_of_one_name_both_stay_hidden() {
    let secret = |value: &str| Secrets::resolve([("K", value)]).unwrap();
    let capture = testing::capture().with_context(|context| {
        context.with_secrets(secret("first-value")).with_secrets(secret("second-value"))
    });
    assert_eq!(capture.context().secrets().unwrap().get("K"), Some("second-value"));
    capture.scope(|| echo("first-value second-value"));
    let stop = &capture.named("condukt.tool_call.stop")[0];
    assert_eq!(stop.get("result").unwrap(), "[REDACTED:K] [REDACTED:K]");
}

#[test]
fn they_are_announced_by_name_only() {
    let capture = capture(&[("B_KEY", "bbbb-secret"), ("A_KEY", "aaaa-secret")]);
    capture.scope(|| echo("x"));
    let events = capture.events();
    let resolve = only(&events, "condukt.secrets.resolve");
    assert_eq!(resolve.measurements["count"], 2);
    assert_eq!(resolve.get("names").unwrap(), &json!(["A_KEY", "B_KEY"]));
    let access = only(&events, "condukt.secrets.access");
    assert_eq!(access.measurements["count"], 2);
    assert_eq!(access.get("tool").unwrap(), "echo");
    let order: Vec<&str> = events.iter().map(|event| &*event.name).collect();
    assert_eq!(
        order,
        [
            "condukt.secrets.resolve",
            "condukt.tool_call.start",
            "condukt.secrets.access",
            "condukt.tool_call.stop"
        ]
    );
}

/// The access names its tool also where no handler sees the tool's own events.
#[test]
fn an_access_is_complete_for_a_handler_of_nothing_else() {
    let (sender, seen) = std::sync::mpsc::channel();
    attach("secrets-access", event_name!("condukt.secrets.access"), move |event: &Event<'_>| {
        if event.metadata().get_str("session_id") == Some("secrets-access") {
            sender.send(event.metadata().get("tool").map(|tool| tool.to_json())).unwrap();
        }
    })
    .unwrap();
    let secrets = Secrets::resolve([("KEY", "some-secret")]).unwrap();
    let context = Context::new().with_session_id("secrets-access").with_secrets(secrets);
    context.scope(|| echo(1));
    detach("secrets-access").unwrap();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Some(json!("echo"))]);
}

#[test]
fn names_and_values_are_checked_and_never_shown() {
    for name in ["", "1A", "A-B", "A B", "É"] {
        assert_eq!(
            Secrets::resolve([(name, "long enough")]).unwrap_err(),
            SecretsError::Name(name.to_owned())
        );
    }
    let secrets = Secrets::resolve([("_a1", "value-one"), ("_a1", "value-two")]).unwrap();
    assert_eq!((secrets.len(), secrets.get("_a1"), secrets.get("b")), (1, Some("value-two"), None));
    assert!(!format!("{secrets:?}").contains("value"));
    assert!(!format!("{:?}", Context::new().with_secrets(secrets)).contains("value"));
    assert!(Secrets::resolve([("", ""); 0]).unwrap().is_empty());
}
