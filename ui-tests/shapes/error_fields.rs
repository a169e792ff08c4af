//! What `err` takes from the error.
// ends: error error

use futures::executor::block_on;

#[derive(Debug)]
struct Refused {
    code: u16,
}

#[instrumented(err(|refused| error_type = refused.code.to_string(), error = ?refused))]
fn refuse(code: u16) -> Result<(), Refused> {
    Err(Refused { code })
}

#[instrumented(err(|Refused { code }| error_type = if *code > 499 { "server" } else { "client" }))]
async fn refuse_later(code: u16) -> Result<(), Refused> {
    Err(Refused { code })
}

pub(super) fn check() {
    assert!(refuse(404).is_err());
    assert_eq!(block_on(refuse_later(500)).expect_err("it refuses").code, 500);
}
