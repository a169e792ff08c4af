//! Early returns, of a value and of a reference to an argument.
// ends: ok ok

#[instrumented]
fn longest<'a>(words: &[&'a str]) -> &'a str {
    if words.is_empty() {
        return "";
    }
    let mut longest = words[0];
    for word in words {
        if word.len() > 9 {
            return word;
        }
        if word.len() > longest.len() {
            longest = word;
        }
    }
    longest
}

pub(super) fn check() {
    assert_eq!(longest(&[]), "");
    assert_eq!(longest(&["a", "bc"]), "bc");
}
