//! Aliases of `Result`: the user's own, `io`'s, `anyhow`'s.
// ends: error error error

use std::io;

type Outcome<T> = Result<T, String>;

#[instrumented]
fn ours() -> Outcome<u8> {
    Err("ours".to_owned())
}

#[instrumented]
fn of_io() -> io::Result<()> {
    Err(io::Error::other("io"))
}

#[instrumented]
fn of_anyhow() -> anyhow::Result<String> {
    anyhow::bail!("anyhow")
}

pub(super) fn check() {
    assert!(ours().is_err());
    assert!(of_io().is_err());
    assert!(of_anyhow().is_err());
}
