//! More parameters than a tuple has traits for.

#[instrumented]
#[allow(clippy::many_single_char_names, clippy::too_many_arguments, reason = "that is the case")]
fn sum(
    a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: &str, h: String, i: bool, j: char,
    k: Option<u8>, l: [u8; 2], m: (u8, u8), n: f32, o: &[u8], p: Vec<u8>, q: (), r: usize,
) -> usize {
    let numbers = usize::from(a) + usize::from(b) + usize::try_from(c).unwrap_or(0);
    let _ = (d, e, f, i, j, k, l, m, n, p, q);
    numbers + g.len() + h.len() + o.len() + r
}

pub(super) fn check() {
    let sum = sum(
        1, 2, 3, 4, 5, 6, "g", String::new(), true, 'j', None, [1, 2], (1, 2), 1.5, &[], vec![], (), 9,
    );
    assert_eq!(sum, 16);
}
