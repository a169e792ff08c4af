//! Expressions of every kind: blocks, branches, closures, macros, casts, ranges, struct literals.

#![allow(dead_code, reason = "only the attribute uses it")]

#[derive(serde::Serialize)]
struct Size {
    width: u8,
}

#[instrumented(fields(
    block = { let doubled = n * 2; doubled },
    branch = if n > 1 { "more" } else { "one" },
    matched = match n { 0 => "none", _ => "some" },
    closure = (|m: u8| m + 1)(n),
    made = format!("{n}, {}", text),
    cast = n as u64,
    literal = Size { width: n },
    comparison = n < 3 && text.len() > 1,
    generic = text.parse::<u8>().is_ok(),
    mapped = text.chars().map(|c| c.len_utf8()).sum::<usize>(),
    reference = &text,
    range = ?(0..n),
))]
#[allow(clippy::cast_lossless, reason = "a case of its own")]
fn one(n: u8, text: &str) -> u8 {
    assert_eq!(text.len(), 1);
    n
}

pub(super) fn check() {
    assert_eq!(one(1, "a"), 1);
}
