//! An annotated future is at most 64 bytes over the bare one, its arguments counted once more.

use std::mem::{size_of, size_of_val};

use benches::subjects as s;

#[test]
fn an_annotated_future_is_little_larger() {
    let (query, top_k, cached) = s::GIVEN;
    let arguments = size_of::<(&str, usize, bool)>();
    let allowed = size_of_val(&s::bare_async3(query, top_k, cached)) + arguments + 64;
    for (name, size) in [
        ("no field", size_of_val(&s::async0(query, top_k, cached))),
        ("3 fields", size_of_val(&s::async3(query, top_k, cached))),
        ("6 fields", size_of_val(&s::async6(query, top_k, cached))),
    ] {
        assert!(size <= allowed, "{name}: {size} bytes, {allowed} allowed");
    }
    let allowed = size_of_val(&s::bare_suspended3(query, top_k, cached)) + arguments + 64;
    let size = size_of_val(&s::suspended3(query, top_k, cached));
    assert!(size <= allowed, "with suspensions: {size} bytes, {allowed} allowed");
}
