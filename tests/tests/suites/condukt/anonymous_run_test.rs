use super::*;

#[agent_span(run, structured = output.is_some(), input = input.is_some())]
async fn run(prompt: &str, input: Option<&Value>, output: Option<&Value>) -> Result<String, Failure> {
    if input.is_some_and(|input| !input.is_object()) || output.is_some() {
        return Err(Failure::InvalidInput);
    }
    Session::new(echo()).run(prompt).await
}

#[tokio::test]
async fn a_run_whose_input_is_invalid_starts_and_stops() {
    let capture = testing::capture();
    let input = json!("no object");
    assert!(capture.follow(run("sum", Some(&input), None)).await.is_err());
    let events = capture.events();
    assert_eq!(names(&events), ["condukt.run.start", "condukt.run.stop"]);
    for event in &events {
        assert_eq!(event.get("structured?").unwrap(), false);
        assert_eq!(event.get("input?").unwrap(), true);
        assert_eq!(event.get("session_id"), events[0].get("session_id"));
        assert_eq!(event.get("agent"), None);
    }
    uuid_test::assert_canonical(events[0].get("session_id").unwrap().as_str().unwrap());
    assert_eq!(events[1].get("status").unwrap(), "error");
}

#[tokio::test]
async fn the_id_of_the_run_is_on_the_events_of_the_agent_inside() {
    let capture = testing::capture();
    capture.follow(run("hello", None, None)).await.unwrap();
    let events = capture.events();
    assert_eq!(events.len(), 10);
    let session = events[0].get("session_id").unwrap();
    for event in &events {
        assert_eq!(event.get("session_id").unwrap(), session, "{}", event.name);
    }
    let run = events[0].span.unwrap();
    assert_eq!(events[1].name, "condukt.agent.start");
    assert_eq!(events[1].span.unwrap().parent_id, Some(run.id));
}
