//! `-> impl Future` that borrows `&mut self`.

use futures::executor::block_on;

struct Counter(u8);

impl Counter {
    #[instrumented]
    fn bump(&mut self) -> impl Future<Output = &mut u8> {
        async {
            crate::in_the_span();
            self.0 += 1;
            &mut self.0
        }
    }
}

pub(super) fn check() {
    let mut counter = Counter(1);
    *block_on(counter.bump()) += 1;
    assert_eq!(counter.0, 3);
}
