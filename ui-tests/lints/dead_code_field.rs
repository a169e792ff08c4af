//! A field that only an annotated function without callers would read.

#![deny(dead_code)]

struct Thing {
    unread: u8,
}

#[instrumented]
fn read(thing: &Thing) -> u8 {
    thing.unread
}

fn main() {
    let _ = Thing { unread: 1 };
}
