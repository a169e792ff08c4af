//! A borrow of a `&mut` argument, returned.

#[instrumented]
fn last(words: &mut Vec<String>) -> &mut String {
    words.push("new".to_owned());
    words.last_mut().expect("one was pushed")
}

pub(super) fn check() {
    let mut words = vec![];
    last(&mut words).push('!');
    assert_eq!(words, ["new!"]);
}
