//! A return type that implements nothing at all.
// ends: ok ok error

struct Opaque(u8);

#[instrumented]
fn plain() -> Opaque {
    Opaque(1)
}

#[instrumented]
fn in_result(good: bool) -> Result<Opaque, Opaque> {
    if good { Ok(Opaque(1)) } else { Err(Opaque(2)) }
}

pub(super) fn check() {
    assert_eq!(plain().0, 1);
    assert!(in_result(true).is_ok_and(|it| it.0 == 1));
    assert!(in_result(false).is_err_and(|it| it.0 == 2));
}
