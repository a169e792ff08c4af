//! Names that do not exist, in the body and in the signature.

#[instrumented]
fn number(n: u8, other: NoSuchType) -> u8 {
    n + no_such_variable + n.no_such_method() + no_such_function()
}

fn main() {}
