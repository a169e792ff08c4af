//! Expands every use of a macro in a source. A proc-macro crate has no library to depend on, so its
//! modules are this program's too.

#![no_main]
#![allow(dead_code, reason = "what only the compiler calls")]

#[path = "../../src/args/mod.rs"]
mod args;
#[path = "../../src/ctxt.rs"]
mod ctxt;
#[path = "../../src/derive/mod.rs"]
mod derive;
#[path = "../../src/expand/mod.rs"]
mod expand;
#[path = "../../src/tests/expansions.rs"]
mod expansions;
#[path = "../../src/fallback.rs"]
mod fallback;
#[path = "../../src/inline.rs"]
mod inline;
#[path = "../../src/input.rs"]
mod input;
#[path = "../../src/model.rs"]
mod model;
#[path = "../../src/names.rs"]
mod names;
#[path = "../../src/shape.rs"]
mod shape;
#[path = "../../src/span_attribute.rs"]
mod span_attribute;
#[path = "../../src/valid/mod.rs"]
mod valid;

use libfuzzer_sys::fuzz_target;
use proc_macro2::{TokenStream, TokenTree};

/// Nested deeper than this, the parser of Rust itself would run out of stack.
const DEEPEST: usize = 40;

fuzz_target!(|source: &str| {
    if let Ok(source) = source.parse::<TokenStream>()
        && depth(source.clone()) < DEEPEST
    {
        expansions::check(source);
    }
});

fn depth(tokens: TokenStream) -> usize {
    let depths = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => 1 + depth(group.stream()),
        _ => 0,
    });
    depths.max().unwrap_or(0)
}
