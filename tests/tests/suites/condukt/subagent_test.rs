use super::*;

struct Lead;

impl Lead {
    #[agent_span(agent, agent = "lead")]
    async fn run(&self, input: &Value) -> Result<String, Failure> {
        delegate(input).await
    }
}

#[agent_span(subagent, role = "researcher", child_agent = "child", input = true, output = true)]
async fn delegate(input: &Value) -> Result<String, Failure> {
    if !input.is_object() {
        return Err(Failure::InvalidInput);
    }
    child().await
}

#[agent_span(agent, agent = "child")]
async fn child() -> Result<String, Failure> {
    Session { script: [].into(), history: Vec::new(), tools: &[] }
        .call(&ToolCall { id: "call_1", tool: "echo", args: json!({"text": "found"}) })
        .await
}

#[tokio::test]
async fn a_structured_delegation_has_its_metadata() {
    let capture = testing::capture();
    capture.follow(Lead.run(&json!({}))).await.unwrap();
    let events = capture.events();
    let lead = events[0].get("session_id").unwrap();
    let start = only(&events, "condukt.subagent.start");
    assert_eq!(
        json!(start.metadata),
        json!({
            "agent": "lead",
            "role": "researcher",
            "child_agent": "child",
            "input?": true,
            "output?": true,
            "parent_session_id": lead,
        })
    );
    let stop = only(&events, "condukt.subagent.stop");
    for (key, value) in &start.metadata {
        assert_eq!(stop.get(key), Some(value), "{key}");
    }
    assert_eq!(stop.get("status").unwrap(), "ok");
    // It includes no task, no input and no output.
    assert!(!format!("{stop:?}").contains("found"), "{stop:?}");
}

#[tokio::test]
async fn parent_and_child_have_ids_of_their_own() {
    let capture = testing::capture();
    capture.follow(Lead.run(&json!({}))).await.unwrap();
    let events = capture.events();
    let (lead, stop) = (events[0].get("session_id").unwrap(), only(&events, "condukt.subagent.stop"));
    let child = stop.get("session_id").unwrap();
    assert_ne!(child, lead);
    uuid_test::assert_canonical(child.as_str().unwrap());
    let of_child: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.get("agent").unwrap() == "child").collect();
    assert_eq!(of_child.len(), 4);
    for event in of_child {
        assert_eq!(event.get("session_id").unwrap(), child, "{}", event.name);
        assert_eq!(event.get("parent_session_id").unwrap(), lead, "{}", event.name);
    }
    let end = events.last().unwrap();
    assert_eq!((end.get("session_id"), end.get("parent_session_id")), (Some(lead), None));
}

#[tokio::test]
async fn invalid_input_stops_with_an_error_and_no_child() {
    let capture = testing::capture();
    assert!(capture.follow(Lead.run(&json!(1))).await.is_err());
    let events = capture.events();
    let stop = only(&events, "condukt.subagent.stop");
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error_type").unwrap(), "invalid_input");
    assert_eq!(stop.get("agent").unwrap(), "lead");
    assert_eq!(stop.get("parent_session_id"), events[0].get("session_id"));
    assert_eq!(stop.get("session_id"), None);
}

#[tokio::test]
async fn a_delegation_outside_of_a_session_has_no_parent() {
    let capture = testing::capture();
    capture.follow(delegate(&json!({}))).await.unwrap();
    let events = capture.events();
    assert_eq!(events[0].get("parent_session_id"), None);
    assert_eq!(events[1].get("parent_session_id"), None);
    assert_eq!(only(&events, "condukt.subagent.stop").get("session_id"), events[1].get("session_id"));
}

#[tokio::test]
async fn two_delegations_are_two_children_of_one_parent() {
    #[agent_span(agent, agent = "lead")]
    async fn lead() {
        let input = json!({});
        let (one, two) = futures::join!(delegate(&input), delegate(&input));
        assert!(one.is_ok() && two.is_ok());
    }

    let capture = testing::capture();
    capture.follow(lead()).await;
    let stops = capture.named("condukt.subagent.stop");
    assert_eq!(stops.len(), 2);
    assert_ne!(stops[0].get("session_id"), stops[1].get("session_id"));
    assert_eq!(stops[0].get("parent_session_id"), stops[1].get("parent_session_id"));
    assert_eq!(stops[0].get("parent_session_id"), capture.events()[0].get("session_id"));
    for child in capture.named("condukt.agent.start").iter().skip(1) {
        let around = stops.iter().find(|stop| stop.get("session_id") == child.get("session_id")).unwrap();
        assert_eq!(child.span.unwrap().parent_id, around.span.map(|ids| ids.id));
    }
}
