//! Parameters that implement nothing at all, by value, by reference and `&mut`.

struct Opaque(u8);

#[instrumented]
#[allow(clippy::boxed_local, clippy::many_single_char_names, reason = "that is the case")]
fn sum(a: Opaque, b: &Opaque, c: &mut Opaque, d: Option<Opaque>, e: Box<Opaque>) -> u8 {
    c.0 += 1;
    a.0 + b.0 + c.0 + d.map_or(0, |d| d.0) + e.0
}

pub(super) fn check() {
    assert_eq!(sum(Opaque(1), &Opaque(2), &mut Opaque(3), None, Box::new(Opaque(4))), 11);
}
