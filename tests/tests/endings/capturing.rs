use super::*;

#[agent_span(Step { n: 1 }, fields("after" = 1, "bad" = explode(), "lost" = 2))]
fn bad_start() -> u8 {
    7
}

fn explode() -> u8 {
    panic!("in an attribute's expression");
}

#[test]
fn a_panic_at_the_start_loses_keys_and_nothing_else() {
    let capture = testing::capture();
    assert_eq!(capture.scope(bad_start), 7);
    assert_eq!(ends(&capture), ["1 ok"]);
    assert_eq!(capture.events()[1].get("after").unwrap(), 1);
    assert_eq!(capture.events()[1].get("bad"), None);
}

#[derive(EventMetadata)]
#[span("endings.counted", stop(length))]
struct Counted {
    n: u32,
}

#[agent_span(Counted { n: 1 }, stop(|value| length = value.len() / (value.len() - 1)))]
fn bad_stop() -> Vec<u8> {
    vec![1]
}

#[test]
fn a_panic_at_the_stop_leaves_the_function_alone() {
    let capture = testing::capture();
    assert_eq!(capture.scope(bad_stop), [1]);
    assert_eq!(ends(&capture), ["1 ok"]);
}

#[derive(Debug)]
struct Rude;

impl std::fmt::Display for Rude {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no text");
    }
}

impl ErrorType for Rude {
    fn error_type(&self) -> String {
        panic!("no type");
    }
}

#[agent_span(Step { n: 1 })]
fn fails_rudely() -> Result<(), Rude> {
    Err(Rude)
}

#[test]
fn an_error_whose_display_panics_is_still_an_error() {
    let capture = testing::capture();
    assert!(capture.scope(fails_rudely).is_err());
    assert_eq!(ends(&capture), ["1 error"]);
    let stop = &capture.events()[1];
    assert_eq!(stop.get("error").unwrap(), "<unserialisable: Rude>");
    assert_eq!(stop.get("error_type").unwrap(), "Rude");
}

#[test]
fn a_record_after_the_end_changes_nothing() {
    let capture = testing::capture();
    let mut kept = None;
    capture.scope(|| in_span!(Counted { n: 1 }, stop(|_done|); || kept = Some(Context::current())));
    kept.unwrap().scope(|| record!(Counted, length = 1));
    assert_eq!(ends(&capture), ["1 ok"]);
    assert_eq!(capture.events()[1].get("length"), None);
}
