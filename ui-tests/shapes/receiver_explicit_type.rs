//! Receivers with their types written out.
// ends: ok ok ok

struct Counter(u32);

impl Counter {
    #[instrumented]
    fn get(self: &Self) -> u32 {
        self.0
    }

    #[instrumented]
    fn set<'a>(self: &'a mut Self, n: u32) -> &'a mut Self {
        self.0 = n;
        self
    }

    #[instrumented]
    fn end(self: Self) -> u32 {
        self.0
    }
}

pub(super) fn check() {
    let mut counter = Counter(1);
    assert_eq!(counter.set(2).get(), 2);
    assert_eq!(counter.end(), 2);
}
