//! Raw identifiers everywhere that a name may stand.

struct Thing {
    r#type: u8,
}

#[instrumented]
fn r#match(r#type: u8, Thing { r#type: r#fn }: Thing) -> u8 {
    let r#loop = r#type + r#fn;
    r#loop
}

pub(super) fn check() {
    assert_eq!(r#match(1, Thing { r#type: 2 }), 3);
}
