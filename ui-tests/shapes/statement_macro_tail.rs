//! A body that ends in a macro, with and without a semicolon.
// ends: ok ok ok

macro_rules! value {
    ($value:expr) => {
        $value
    };
}

#[instrumented]
fn tail(n: u8) -> u8 {
    value!(n + 1)
}

#[instrumented]
fn braces(n: u8) -> u8 {
    value! { n + 1 }
}

#[instrumented]
fn semicolon(words: &mut Vec<u8>) {
    value!(words.push(1));
}

pub(super) fn check() {
    assert_eq!(tail(1) + braces(2), 5);
    let mut words = vec![];
    semicolon(&mut words);
    assert_eq!(words, [1]);
}
