//! Under `deny` of the lints that rustc allows by default.
// ends: ok error ok ok

#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_abi,
    missing_debug_implementations,
    missing_docs,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    tail_expr_drop_order,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unsafe_op_in_unsafe_fn,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use futures::executor::block_on;

/// A tool.
#[derive(Debug)]
pub struct Tool(u8);

impl Tool {
    /// Its value, if it is not nought.
    ///
    /// # Errors
    ///
    /// It is nought.
    #[instrumented]
    pub fn value(&self) -> Result<u8, String> {
        if self.0 == 0 {
            return Err("nought".to_owned());
        }
        Ok(self.0)
    }

    /// Later.
    #[instrumented]
    pub async fn later(&mut self, words: Vec<String>) -> Vec<String> {
        self.0 += std::future::ready(1).await;
        words
    }
}

/// Nothing.
#[instrumented]
pub fn nothing(words: &mut Vec<String>) {
    words.clear();
}

pub(super) fn check() {
    assert_eq!(Tool(1).value(), Ok(1));
    assert!(Tool(0).value().is_err());
    assert_eq!(block_on(Tool(0).later(vec![])), [""; 0]);
    nothing(&mut vec![]);
}
