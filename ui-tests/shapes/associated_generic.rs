//! An associated function that names `Self` and the type's own parameters.

struct Pair<T> {
    left: T,
    right: T,
}

impl<T: Clone> Pair<T> {
    #[instrumented]
    fn twice(of: &T) -> Self {
        Self { left: of.clone(), right: T::clone(of) }
    }
}

pub(super) fn check() {
    let pair = Pair::<String>::twice(&"a".to_owned());
    assert_eq!(pair.left + &pair.right, "aa");
}
