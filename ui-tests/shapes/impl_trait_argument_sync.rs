//! `impl Trait` as an argument.

#[instrumented]
fn joined(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    words.into_iter().fold(String::new(), |all, word| all + word.as_ref())
}

pub(super) fn check() {
    assert_eq!(joined(["a", "b"]), "ab");
}
