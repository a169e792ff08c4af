//! The user's own constants and statics with names that ours might have had.
// ends: ok error ok

#![expect(non_camel_case_types, non_upper_case_globals, dead_code, reason = "names that are only in the way")]

use futures::executor::block_on;

const span: u8 = 1;
const guard: u8 = 1;
const value: u8 = 1;
const result: u8 = 1;
const ret: u8 = 1;
const out: u8 = 1;
const output: u8 = 1;
const error: u8 = 1;
const future: u8 = 1;
const body: u8 = 1;
const event: u8 = 1;
const cx: u8 = 1;
const context: u8 = 1;
const metadata: u8 = 1;
const stop: u8 = 1;
const start: u8 = 1;
const args: u8 = 1;
const this: u8 = 1;
const __span: u8 = 1;
const __guard: u8 = 1;
const __value: u8 = 1;
const __result: u8 = 1;
const __ret: u8 = 1;
const __error: u8 = 1;
const __future: u8 = 1;
static SLOT: u8 = 1;
static CALLSITE: u8 = 1;
static __SLOT: u8 = 1;
static __CALLSITE: u8 = 1;
struct r;
struct g;
struct f;
struct e;
struct v;
struct s;

#[instrumented]
fn positive(n: i32, text: &str) -> Result<i32, String> {
    if n > 0 { Ok(n) } else { Err(text.to_owned()) }
}

#[instrumented]
async fn later(n: u8) -> u8 {
    n + span + SLOT
}

pub(super) fn check() {
    assert_eq!(positive(1, ""), Ok(1));
    assert_eq!(positive(0, ""), Err(String::new()));
    assert_eq!(block_on(later(1)), 3);
}
