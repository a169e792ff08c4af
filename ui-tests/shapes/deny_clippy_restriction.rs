//! Under the lints of clippy's `restriction` group that expansions have been known to trip.
// ends: ok error ok

#![deny(
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::default_numeric_fallback,
    clippy::else_if_without_else,
    clippy::expect_used,
    clippy::get_unwrap,
    clippy::if_then_some_else_none,
    clippy::indexing_slicing,
    clippy::infinite_loop,
    clippy::integer_division,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::map_err_ignore,
    clippy::mem_forget,
    clippy::missing_assert_message,
    clippy::multiple_unsafe_ops_per_block,
    clippy::panic,
    clippy::panic_in_result_fn,
    clippy::pattern_type_mismatch,
    clippy::ref_patterns,
    clippy::rest_pat_in_fully_bound_structs,
    clippy::same_name_method,
    clippy::semicolon_if_nothing_returned,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::try_err,
    clippy::undocumented_unsafe_blocks,
    clippy::unneeded_field_pattern,
    clippy::unreachable,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    clippy::used_underscore_binding
)]
#![allow(clippy::missing_assert_message, reason = "the assertions of this file")]

use futures::executor::block_on;

#[instrumented]
fn positive(n: i32, text: &str) -> Result<i32, String> {
    if n > 0_i32 { Ok(n) } else { Err(text.to_owned()) }
}

#[instrumented]
async fn later(n: i32, words: Vec<String>) -> Option<String> {
    words.into_iter().nth(usize::try_from(n).ok()?)
}

pub(super) fn check() {
    assert_eq!(positive(1_i32, ""), Ok(1_i32));
    assert_eq!(positive(0_i32, ""), Err(String::new()));
    assert_eq!(block_on(later(0_i32, vec![String::new()])), Some(String::new()));
}
