//! Lifetimes written out, one outliving the other.

#[instrumented]
fn pick<'a, 'b: 'a>(left: &'a str, right: &'b str, first: bool) -> &'a str {
    if first { left } else { right }
}

pub(super) fn check() {
    assert_eq!(pick("a", "b", false), "b");
}
