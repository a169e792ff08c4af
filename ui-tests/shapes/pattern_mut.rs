//! `mut`, alone and within a pattern.

#[instrumented]
fn grow(mut text: String, (mut n, step): (usize, usize)) -> String {
    n += step;
    text.push_str(&"!".repeat(n));
    text
}

pub(super) fn check() {
    assert_eq!(grow("a".to_owned(), (1, 1)), "a!!");
}
