//! `cfg` above and below, true and false.

#[cfg(test)]
#[instrumented]
#[cfg(not(any()))]
fn answer() -> u8 {
    42
}

#[cfg(any())]
#[instrumented]
fn answer() -> NoSuchType {
    no_such_function()
}

#[instrumented]
#[cfg(any())]
fn answer(_: NoSuchType) -> u8 {
    1
}

pub(super) fn check() {
    assert_eq!(answer(), 42);
}
