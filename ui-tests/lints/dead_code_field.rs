//! A field that only an annotated function that nobody calls would read.

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
