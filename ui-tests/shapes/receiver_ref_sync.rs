//! `&self`.

struct Counter(u32);

impl Counter {
    #[instrumented]
    fn plus(&self, n: u32) -> u32 {
        self.0 + n
    }
}

pub(super) fn check() {
    assert_eq!(Counter(1).plus(2), 3);
}
