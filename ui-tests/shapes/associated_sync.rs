//! An associated function without a receiver.

struct Counter {
    count: u32,
}

impl Counter {
    #[instrumented]
    fn starting_at(count: u32) -> Self {
        Self { count }
    }
}

pub(super) fn check() {
    assert_eq!(Counter::starting_at(3).count, 3);
}
