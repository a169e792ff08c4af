//! A function written by a macro, its parts from outside.

macro_rules! define {
    ($(#[$attribute:meta])* $visibility:vis $name:ident, $argument:ident: $type:ty => $body:block) => {
        $(#[$attribute])*
        #[instrumented]
        $visibility fn $name($argument: $type) -> $type $body
    };
}

define!(#[must_use] pub(super) doubled, n: u8 => { n * 2 });

pub(super) fn check() {
    assert_eq!(doubled(2), 4);
}
