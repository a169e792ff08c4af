//! Keys of every form: identifiers, raw identifiers, dotted, strings.

#[instrumented(fields(plain = 1, r#type = 2, "quoted key" = 3, "http.status?" = true))]
fn one() -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(one(), 1);
}
