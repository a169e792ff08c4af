//! Writes out the function shapes of `shapes/` as modules that `tests/shapes.rs` includes: each under one attribute, the
//! shapes shared out among the attributes. To compile them all takes minutes, so that is for `CORPUS=whole`: then each is
//! there bare and under every attribute.
//!
//! For work on a few cases, `SHAPES=stream,async_trait` takes the files whose name contains one of these words, each bare and
//! under every attribute.

#[path = "src/corpus.rs"]
pub mod corpus;

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use corpus::{ATTRIBUTES, BARE, Case};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let wanted = env::var("SHAPES").unwrap_or_default();
    let is_whole = !wanted.is_empty() || corpus::is_whole();
    // For `src/package.rs`.
    println!("cargo::rustc-env=TARGET={}", env::var("TARGET").expect("cargo sets TARGET"));
    for input in ["build.rs", "src/corpus.rs", "shapes"] {
        println!("cargo::rerun-if-changed={input}");
    }
    for variable in ["CORPUS", "SHAPES"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }

    let mut cases = corpus::read(Path::new("shapes"));
    cases.retain(|case| wanted.split(',').any(|word| case.name.contains(word)));
    assert!(!cases.is_empty(), "no shape's name contains any of `{wanted}`");

    for (module, attribute) in ATTRIBUTES {
        let folder = out.join(module);
        fs::create_dir_all(&folder).expect("OUT_DIR can be written to");
        let mut index = String::new();
        for case in cases.iter().filter(|case| is_whole || attribute == case.share(&ATTRIBUTES[1..]).1) {
            let file = folder.join(&case.name).with_extension("rs");
            fs::write(&file, case.under(attribute)).expect("OUT_DIR can be written to");
            list(&mut index, case, &file, attribute);
        }
        fs::write(out.join(module).with_extension("rs"), index).expect("OUT_DIR can be written to");
    }
}

/// Adds the module of a case, which is in `file`, and the test that runs it.
fn list(index: &mut String, case: &Case, file: &Path, attribute: &str) {
    let name = &case.name;
    let file = file.to_string_lossy();
    let run = match attribute {
        BARE => format!("{name}::check()"),
        _ => format!("crate::run({name}::check, &{:?})", case.ends()),
    };
    writeln!(index, "#[path = {file:?}]\nmod {name};\n\n#[test]\nfn {name}() {{\n    {run};\n}}\n")
        .expect("a string takes everything");
}
