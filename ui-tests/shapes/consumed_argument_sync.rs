//! Arguments that the body consumes.

#[instrumented]
fn join(words: Vec<String>, with: String, seen: Box<dyn FnOnce(usize)>) -> String {
    seen(words.len());
    let mut words = words.into_iter();
    let first = words.next().unwrap_or_default();
    words.fold(first + &with, |all, word| all + &word)
}

pub(super) fn check() {
    let words = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(join(words, "-".to_owned(), Box::new(drop)), "a-b");
}
