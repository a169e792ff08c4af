//! An early return of nothing, and one of a call that gives nothing.
// ends: ok ok

fn note(seen: &mut Vec<u8>, n: u8) {
    seen.push(n);
}

#[instrumented]
fn visit(seen: &mut Vec<u8>, n: u8) {
    if n == 0 {
        return;
    }
    if n == 1 {
        return note(seen, n);
    }
    seen.clear();
}

pub(super) fn check() {
    let mut seen = vec![];
    visit(&mut seen, 0);
    visit(&mut seen, 1);
    assert_eq!(seen, [1]);
}
