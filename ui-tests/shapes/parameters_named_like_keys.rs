//! Parameters with the names of documented keys and of the attributes' own words.

#[instrumented]
#[allow(clippy::too_many_arguments, reason = "that is the case")]
fn sum(
    model: u8, turn: &str, messages: u8, tool: u8, args: u8, status: u8, error: u8, agent: u8,
    session_id: u8, fields: u8, skip: u8, stop: u8, item: u8, context: u8, stream: u8, future: u8,
) -> u8 {
    let rest = fields + skip + stop + item + context + stream + future;
    model + messages + tool + args + status + error + agent + session_id + rest
        + u8::from(turn.is_empty())
}

pub(super) fn check() {
    assert_eq!(sum(1, "", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 16);
}
