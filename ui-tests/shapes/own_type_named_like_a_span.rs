//! The user's own types with the names of our spans and attributes.
// ends: ok ok

#![expect(non_camel_case_types, dead_code, reason = "names that are only in the way")]

struct agent;
struct llm_turn;
struct Agent;
struct LlmTurn;
struct ToolCall;
struct Span;
struct Value;
struct Event;

#[instrumented]
fn tool_call(n: u8) -> u8 {
    n
}

#[instrumented]
fn agent_span(n: u8) -> u8 {
    n
}

pub(super) fn check() {
    assert_eq!(tool_call(1) + agent_span(2), 3);
}
