//! Parameters and return values with inherent methods of names that ours might have had.

#[derive(Clone)]
struct Tricky(u8);

#[expect(clippy::unused_self, dead_code, reason = "names that are only in the way")]
impl Tricky {
    fn capture(&self) -> u8 {
        1
    }
    fn serialize(&self) -> u8 {
        1
    }
    fn ok(&self) -> u8 {
        1
    }
    fn err(&self) -> u8 {
        1
    }
    fn stop(&self) -> u8 {
        1
    }
    fn status(&self) -> u8 {
        1
    }
    fn to_string(&self) -> u8 {
        1
    }
    fn clone(&self) -> u8 {
        1
    }
}

#[instrumented]
fn pass(tricky: Tricky, other: &Tricky) -> Tricky {
    Tricky(tricky.0 + other.0)
}

pub(super) fn check() {
    assert_eq!(pass(Tricky(1), &Tricky(2)).0, 3);
}
