//! The argument itself handed back in the `Err`.
// ends: error

#[instrumented]
fn try_take(words: &mut Vec<u8>) -> Result<u8, &mut Vec<u8>> {
    if words.is_empty() { Err(words) } else { Ok(words.remove(0)) }
}

pub(super) fn check() {
    try_take(&mut vec![]).expect_err("there are none").push(1);
}
