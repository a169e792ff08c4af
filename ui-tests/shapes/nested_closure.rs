//! Closures in the body, with returns and `?` of their own.

#[instrumented]
fn total(words: &[&str]) -> Option<u32> {
    let parse = |word: &str| -> Option<u32> {
        let trimmed = word.strip_prefix('+')?;
        if trimmed.is_empty() {
            return None;
        }
        trimmed.parse().ok()
    };
    words.iter().copied().map(parse).sum()
}

pub(super) fn check() {
    assert_eq!(total(&["+1", "+2"]), Some(3));
}
