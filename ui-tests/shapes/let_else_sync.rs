//! `let else`.
// ends: ok ok

#[instrumented]
fn extension(name: &str) -> &str {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return "none";
    };
    extension
}

pub(super) fn check() {
    assert_eq!(extension("a.rs"), "rs");
    assert_eq!(extension("a"), "none");
}
