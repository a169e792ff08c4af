//! A lifetime that stays late-bound: the function fits where any lifetime will do.
// ends: ok ok ok

#[instrumented]
fn same(text: &str) -> &str {
    text
}

fn apply(of: for<'a> fn(&'a str) -> &'a str, text: &str) -> usize {
    of(text).len()
}

pub(super) fn check() {
    assert_eq!(apply(same, "a"), 1);
    assert_eq!(["a", "b"].map(same), ["a", "b"]);
}
