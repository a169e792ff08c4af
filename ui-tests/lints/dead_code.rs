//! Functions without callers.

#![deny(dead_code)]

struct Thing {
    unread: u8,
}

impl Thing {
    #[instrumented]
    fn method(&self) {}

    #[instrumented]
    async fn later(&self) {}
}

#[instrumented]
fn function() {}

#[instrumented]
fn future() -> impl Future<Output = u8> {
    async { 1 }
}

fn main() {
    let _ = Thing { unread: 1 };
}
