//! A mutable borrow of the argument, in an `Option`.
// ends: ok ok

#[instrumented]
fn find<'a>(words: &'a mut [String], wanted: &str) -> Option<&'a mut String> {
    words.iter_mut().find(|word| *word == wanted)
}

pub(super) fn check() {
    let mut words = ["a".to_owned()];
    find(&mut words, "a").expect("it is there").push('!');
    assert!(find(&mut words, "a").is_none());
}
