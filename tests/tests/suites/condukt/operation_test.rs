use super::*;

#[agent_span(operation, operation = "triage")]
async fn triage(input: Option<&str>) -> Result<String, Failure> {
    let input = input.ok_or(Failure::InvalidInput)?;
    Session::new([says("urgent")]).run(input).await
}

#[tokio::test]
async fn a_call_whose_input_is_invalid_starts_and_stops() {
    let capture = testing::capture().with_context(|context| context.with_agent("Desk"));
    assert!(capture.follow(triage(None)).await.is_err());
    let events = capture.events();
    assert_eq!(names(&events), ["condukt.operation.start", "condukt.operation.stop"]);
    let session = events[0].get("session_id").unwrap();
    uuid_test::assert_canonical(session.as_str().unwrap());
    for event in &events {
        assert_eq!(event.get("agent").unwrap(), "Desk");
        assert_eq!(event.get("operation").unwrap(), "triage");
        assert_eq!(event.get("session_id").unwrap(), session);
    }
    assert_eq!(events[1].get("status").unwrap(), "error");
    assert_eq!(events[1].get("error_type").unwrap(), "invalid_input");
}

#[tokio::test]
async fn the_agent_inside_keeps_its_session() {
    let capture = testing::capture();
    assert_eq!(capture.follow(triage(Some("help"))).await.unwrap(), "urgent");
    let events = capture.events();
    assert_eq!(events.len(), 6);
    let session = events[0].get("session_id").unwrap();
    for event in &events {
        assert_eq!(event.get("session_id").unwrap(), session, "{}", event.name);
    }
}

#[tokio::test]
async fn a_panic_is_an_exception() {
    #[agent_span(operation, operation = "broken")]
    async fn broken() {
        panic!("no schema");
    }

    let capture = testing::capture();
    assert!(AssertUnwindSafe(capture.follow(broken())).catch_unwind().await.is_err());
    let events = capture.events();
    let exception = only(&events, "condukt.operation.exception");
    assert_eq!(exception.get("operation").unwrap(), "broken");
    assert_eq!(exception.get("reason").unwrap(), "no schema");
    assert_eq!(exception.get("session_id"), events[0].get("session_id"));
}
