//! A lifetime and a type parameter from outside.

macro_rules! define {
    ($name:ident<$lifetime:lifetime, $parameter:ident>) => {
        #[instrumented]
        fn $name<$lifetime, $parameter>(of: &$lifetime $parameter) -> &$lifetime $parameter {
            of
        }
    };
}

define!(same<'a, T>);

pub(super) fn check() {
    assert_eq!(*same(&1), 1);
}
