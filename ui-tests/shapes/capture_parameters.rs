//! Parameters recorded as they are: kept, serialised, borrowed, and moved by the body after.

#[instrumented(fields(n = n, word = word, words = words, maybe = maybe))]
fn consume(n: u8, word: &str, words: Vec<String>, maybe: Option<bool>) -> usize {
    let taken = words;
    taken.len() + word.len() + usize::from(n) + usize::from(maybe.is_some())
}

pub(super) fn check() {
    assert_eq!(consume(1, "a", vec![String::new()], Some(true)), 4);
}
