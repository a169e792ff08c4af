//! Constants of `Self` and of a type parameter in the body and in the signature.

trait Limited {
    const LIMIT: usize;
}

struct Small;

impl Limited for Small {
    const LIMIT: usize = 2;
}

impl Small {
    const ZERO: u8 = 0;

    #[instrumented]
    fn fill<T: Limited>(with: u8) -> [u8; <Self as Limited>::LIMIT] {
        let mut all = [Self::ZERO; Self::LIMIT];
        all[T::LIMIT - 1] = with;
        all
    }
}

pub(super) fn check() {
    assert_eq!(Small::fill::<Small>(1), [0, 1]);
}
