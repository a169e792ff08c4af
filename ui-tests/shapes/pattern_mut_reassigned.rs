//! A `mut` parameter that is moved out and filled again.

#[instrumented]
fn drain(mut words: Vec<String>) -> usize {
    let mut letters = 0;
    while !words.is_empty() {
        let rest = words.split_off(1);
        letters += words.concat().len();
        words = rest;
    }
    letters
}

pub(super) fn check() {
    assert_eq!(drain(vec!["a".to_owned(), "bc".to_owned()]), 3);
}
