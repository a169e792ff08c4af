//! Tails that are statements as well as expressions.

#[instrumented]
fn sign(n: i32) -> &'static str {
    match n {
        0 => "zero",
        n if n < 0 => "less",
        _ => {
            let word = "more";
            word
        }
    }
}

pub(super) fn check() {
    assert_eq!(sign(1), "more");
}
