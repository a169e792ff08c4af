//! Arrays too long to be serialised, and tuples too long to be printed.

#[instrumented]
#[allow(clippy::large_types_passed_by_value, clippy::type_complexity, reason = "that is the case")]
fn total(bytes: [u8; 4096], many: (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)) -> u32 {
    bytes.iter().copied().map(u32::from).sum::<u32>() + u32::from(many.12)
}

pub(super) fn check() {
    assert_eq!(total([1; 4096], (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), 4097);
}
