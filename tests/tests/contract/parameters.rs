//! Which parameters are recorded, and when.

use super::*;

#[agent_span(llm_turn, stop(|()|))]
fn by_name(model: &str, turn: u32, messages: &[&str], streaming: bool, tool_count: usize) {
    assert!(streaming && tool_count == 3 && turn == 1 && model == "m" && messages.len() == 1);
}

#[test]
fn a_required_key_is_taken_from_the_parameter_of_its_name() {
    let stop = stop_of(|| by_name("m", 1, &["hi"], true, 3));
    assert_eq!(stop.get("model").unwrap(), "m");
    assert_eq!(stop.get("turn").unwrap(), 1);
    assert_eq!(stop.get("messages").unwrap(), &json!(["hi"]));
    // Boolean and optional keys are always written.
    assert_eq!((stop.get("streaming?"), stop.get("tool_count")), (None, None));
}

#[agent_span(llm_turn, streaming, tool_count, model = "other", stop(|()|))]
fn said(model: &str, turn: u32, messages: &str, streaming: bool, tool_count: u8) {
    assert!(streaming && tool_count == 3 && turn == 1 && model == "m" && messages == "hi");
}

#[test]
fn a_key_without_a_value_is_the_parameter() {
    let stop = stop_of(|| said("m", 1, "hi", true, 3));
    assert_eq!(stop.get("streaming?").unwrap(), true);
    assert_eq!(stop.get("tool_count").unwrap(), 3);
    assert_eq!(stop.get("model").unwrap(), "other", "the annotation wins over the parameter");
}

#[agent_span(llm_turn, model = "m", turn = 0, skip(messages), messages = messages.len(), stop(|()|))]
fn skipped(messages: &[&str]) {
    assert!(!messages.is_empty());
}

#[test]
fn a_skipped_parameter_is_not_taken() {
    assert_eq!(stop_of(|| skipped(&["secret"])).get("messages").unwrap(), 1);

    #[tool_call(skip(token))]
    fn some(city: &str, token: &str) -> usize {
        city.len() + token.len()
    }
    assert_eq!(stop_of(|| some("Oslo", "t")).get("args").unwrap(), &json!({"city": "Oslo"}));

    #[tool_call(skip_all, fields(city))]
    fn none(city: &str, token: &str) -> usize {
        city.len() + token.len()
    }
    let stop = stop_of(|| none("Oslo", "t"));
    assert_eq!(stop.get("args").unwrap(), &json!({}));
    assert_eq!(stop.get("city").unwrap(), "Oslo");
}

struct Client {
    model: String,
    turns: u32,
}

impl Client {
    #[agent_span(llm_turn, model = self.model.as_str(), turn = self.turns, messages = (&prompt, prompt.len()), stop(|()|))]
    async fn ask(&mut self, prompt: String) {
        self.turns += 1;
        self.model.clear();
        tokio::task::yield_now().await;
        drop(prompt);
    }
}

#[tokio::test]
async fn an_expression_is_evaluated_before_the_body_and_borrows_nothing_after() {
    let capture = testing::capture();
    let mut client = Client { model: "m".to_owned(), turns: 7 };
    capture.follow(client.ask("hi".to_owned())).await;
    let (start, stop) = first_and_last(&capture);
    for event in [start, stop] {
        assert_eq!(event.get("model").unwrap(), "m");
        assert_eq!(event.get("turn").unwrap(), 7);
        assert_eq!(event.get("messages").unwrap(), &json!(["hi", 2]));
    }
    assert_eq!(client.turns, 8);
}

#[agent_span(agent_message, stop(|()|))]
fn kept(message: Counted<'_>) {
    let _ = message;
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "it is what is tested")]
#[agent_span(agent_message, stop(|()|))]
fn kept_reference(message: &Counted<'_>) {
    let _ = message;
}

#[agent_span(agent_message, stop(|()|))]
fn serialised(message: Owned<'_>) {
    let _ = message;
}

#[agent_span(agent_message, message = Counted(counter), stop(|()|))]
fn recorded(counter: &AtomicUsize) {
    assert_eq!(count(counter), 1, "before the body");
}

/// Runs under a handler that sees the span's two events and looks at the message of so many.
fn looking(times: usize, run: impl FnOnce()) {
    let seen = AtomicUsize::new(0);
    let context = Context::current().with_handler(event_names!["legion.**"], move |event: &Event<'_>| {
        let message = event.metadata().get("message").unwrap();
        if seen.fetch_add(1, Ordering::Relaxed) < times {
            assert_eq!(message.to_json(), "counted");
        }
    });
    context.scope(run);
}

#[test]
fn a_copy_parameter_is_serialised_when_a_handler_reads_it() {
    for times in 0..=2 {
        let counter = AtomicUsize::new(0);
        looking(times, || kept(Counted(&counter)));
        assert_eq!(count(&counter), times);
        looking(times, || kept_reference(&Counted(&counter)));
        assert_eq!(count(&counter), 2 * times);
    }
}

#[test]
fn any_other_parameter_is_serialised_once_before_the_body() {
    for times in 0..=2 {
        let counter = AtomicUsize::new(0);
        looking(times, || serialised(Owned(Counted(&counter))));
        assert_eq!(count(&counter), 1);
    }
}

#[test]
fn an_expression_is_serialised_once_before_the_body() {
    for times in 0..=2 {
        let counter = AtomicUsize::new(0);
        looking(times, || recorded(&counter));
        assert_eq!(count(&counter), 1);
    }
}

#[test]
fn a_result_is_serialised_when_a_handler_reads_it() {
    #[tool_call(skip_all)]
    fn tool(counter: &AtomicUsize) -> Counted<'_> {
        Counted(counter)
    }
    let counter = AtomicUsize::new(0);
    let looks = |looks: bool| {
        move |event: &Event<'_>| {
            if let Some(result) = event.metadata().get("result").filter(|_| looks) {
                assert_eq!(result.to_json(), "counted");
            }
        }
    };
    let pattern = event_name!("condukt.tool_call.stop");
    Context::current().with_handler(pattern.clone(), looks(false)).scope(|| tool(&counter));
    assert_eq!(count(&counter), 0);
    Context::current().with_handler(pattern, looks(true)).scope(|| tool(&counter));
    assert_eq!(count(&counter), 1);
}
