//! The user's own `Future`, `Fn`, `Send`, `Drop`, `Default`, `Debug`, `Display`, `Serialize` and `Iterator`.
// ends: ok ok

#![expect(dead_code, reason = "names that are only in the way")]

use futures::executor::block_on;

trait Future {}
trait Fn {}
trait FnOnce {}
trait Send {}
trait Sync {}
trait Drop {}
trait Default {}
trait Debug {}
trait Display {}
trait Serialize {}
trait Iterator {}
trait Into {}
trait From {}
trait Clone {}
trait Copy {}
trait AsRef {}
trait Deref {}

#[instrumented]
fn double(n: u8) -> u8 {
    n * 2
}

#[instrumented]
async fn later(n: u8) -> Result<u8, String> {
    Ok(n)
}

pub(super) fn check() {
    assert_eq!(double(2), 4);
    assert_eq!(block_on(later(1)), Ok(1));
}
