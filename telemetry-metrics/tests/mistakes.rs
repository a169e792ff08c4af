//! The compiler's messages for wrong definitions of metrics.

#[test]
fn a_mistake_names_the_nearest_name() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
