//! `ref` and `ref mut`.

#[instrumented]
#[allow(clippy::toplevel_ref_arg, reason = "that is the case")]
fn length(ref name: String, (ref mut count, _): (usize, u8)) -> usize {
    *count += name.len();
    *count
}

pub(super) fn check() {
    assert_eq!(length("abc".to_owned(), (1, 0)), 4);
}
