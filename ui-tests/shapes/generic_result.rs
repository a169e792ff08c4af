//! A generic `Result` whose parts are known to be nothing at all.
// ends: ok error

#[instrumented]
fn pass<T, E>(result: Result<T, E>) -> Result<T, E> {
    let value = result?;
    Ok(value)
}

struct Opaque;

pub(super) fn check() {
    assert!(pass::<_, Opaque>(Ok(1)).is_ok());
    assert!(pass::<u8, _>(Err(Opaque)).is_err());
}
