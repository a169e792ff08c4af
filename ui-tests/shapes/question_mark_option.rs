//! `?` on an `Option`: `None` is a value like any other.
// ends: ok ok

#[instrumented]
fn second(words: &[&str]) -> Option<usize> {
    let word = words.get(1)?;
    Some(word.len())
}

pub(super) fn check() {
    assert_eq!(second(&["a", "bc"]), Some(2));
    assert_eq!(second(&["a"]), None);
}
