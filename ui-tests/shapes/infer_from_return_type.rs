//! Bodies whose type only the return type gives.
// ends: ok ok ok ok ok

#[instrumented]
fn number() -> u64 {
    7
}

#[instrumented]
fn collected(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(Into::into).collect()
}

#[instrumented]
fn nothing() -> Option<Vec<u8>> {
    None
}

#[instrumented]
fn default() -> (u8, String) {
    Default::default()
}

#[instrumented]
fn parsed(text: &str) -> Result<i16, std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(Default::default());
    }
    text.parse()
}

pub(super) fn check() {
    assert_eq!(number(), 7);
    assert_eq!(collected(&["a"]), ["a"]);
    assert_eq!(nothing(), None);
    assert_eq!(default(), (0, String::new()));
    assert_eq!(parsed("-1"), Ok(-1));
}
