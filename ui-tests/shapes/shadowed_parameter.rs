//! Parameters that the body shadows.

#[instrumented]
fn shout(word: &str, times: u8) -> String {
    let word = word.to_uppercase();
    let times = usize::from(times);
    let word = word.repeat(times);
    word
}

pub(super) fn check() {
    assert_eq!(shout("a", 2), "AA");
}
