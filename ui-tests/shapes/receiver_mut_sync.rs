//! `&mut self`.

struct Counter(u32);

impl Counter {
    #[instrumented]
    fn add(&mut self, n: u32) {
        self.0 += n;
    }
}

pub(super) fn check() {
    let mut counter = Counter(1);
    counter.add(2);
    assert_eq!(counter.0, 3);
}
