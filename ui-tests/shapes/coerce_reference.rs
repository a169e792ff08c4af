//! Deref coercions, unsizing and reborrows at the tail and at a return.
// ends: ok ok ok

#[instrumented]
#[allow(clippy::box_collection, clippy::ptr_arg, clippy::ref_option, reason = "coerced from")]
fn text<'a>(name: &'a String, other: &'a Option<Box<String>>) -> &'a str {
    if let Some(other) = other {
        return other;
    }
    name
}

#[instrumented]
fn slice(three: &[u8; 3]) -> &[u8] {
    three
}

#[instrumented]
#[allow(clippy::needless_pass_by_ref_mut, clippy::ptr_arg, reason = "coerced from")]
fn shared(word: &mut String) -> &str {
    word
}

pub(super) fn check() {
    assert_eq!(text(&"a".to_owned(), &None), "a");
    assert_eq!(slice(&[1, 2, 3]).len(), 3);
    assert_eq!(shared(&mut "b".to_owned()), "b");
}
