//! A loop without an end but by `return`.

#[instrumented]
fn first_power_over(limit: u32) -> u32 {
    let mut power = 1;
    loop {
        if power > limit {
            return power;
        }
        power *= 2;
    }
}

pub(super) fn check() {
    assert_eq!(first_power_over(5), 8);
}
