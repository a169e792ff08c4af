//! What the compiler says of a metric that cannot be.

#[test]
fn a_mistake_is_told_with_the_nearest_name() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
