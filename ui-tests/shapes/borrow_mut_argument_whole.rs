//! A `&mut` argument, returned as it came.

#[instrumented]
fn reset<'a>(number: &'a mut u8, to: &u8) -> &'a mut u8 {
    *number = *to;
    number
}

pub(super) fn check() {
    let mut number = 1;
    *reset(&mut number, &2) += 1;
    assert_eq!(number, 3);
}
