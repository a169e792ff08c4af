//! The attributes work in crates of older editions: `editions/main.rs` is compiled as one of each, and run.

use std::fs;
use std::path::Path;

use ui_tests::package::Package;

#[test]
fn older_editions() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("editions/main.rs");
    let source = fs::read_to_string(source).expect("the source is part of this crate");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for edition in ["2018", "2021"] {
        let package = Package::new(target, "editions", edition, &["futures"]);
        package.write("main", &source);
        let output = package.cargo(&["run", "--quiet"]).output().expect("cargo runs");
        assert!(output.status.success(), "{edition}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
