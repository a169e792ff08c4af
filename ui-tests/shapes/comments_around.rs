//! Comments wherever one may stand.

#[instrumented]
fn /* name */ one(/* nothing */ n: /* a byte */ u8 /* , */) -> /* back */ u8 /* where */ {
    // Nothing before
    n /* after */
    // and nothing behind.
}

pub(super) fn check() {
    assert_eq!(one(1), 1);
}
