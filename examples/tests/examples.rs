//! The programs in `examples/examples`: each is one idea, is short, runs and succeeds. `cargo test -p examples` builds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("examples")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    files
}

/// Runs a program that cargo built beside the binary `agent`.
fn run(name: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_agent")).with_file_name("examples").join(name);
    Command::new(&program).output().unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo build -p examples --examples`", program.display())
    })
}

#[test]
fn each_example_runs() {
    for file in sources() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let output = run(name);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {}\n{stderr}", output.status);
        assert!(!output.stdout.is_empty(), "{name} shows nothing");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    }
}

#[test]
fn each_example_is_short_and_begins_with_its_idea() {
    let index = fs::read_to_string(root().join("README.md")).unwrap();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        assert!(lines < 60, "{}: {lines} lines", file.display());
        assert!(text.starts_with("//! "), "{}", file.display());
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(index.contains(&format!("| `{name}` |")), "{name} is not in examples/README.md");
    }
}

#[test]
fn the_readme_s_quickstart_is_hello_and_prints_what_it_shows() {
    let readme = fs::read_to_string(root().join("../README.md")).unwrap();
    let hello = fs::read_to_string(root().join("examples/hello.rs")).unwrap();
    let (_doc, code) = hello.split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "README.md does not hold examples/hello.rs");
    let output = String::from_utf8(run("hello").stdout).unwrap();
    assert!(
        readme.contains(&format!("```text\n{output}```\n")),
        "README.md does not show the output:\n{output}"
    );
}

#[test]
fn the_readme_s_typo_is_in_a_line_of_the_quickstart() {
    let readme = fs::read_to_string(root().join("../README.md")).unwrap();
    let hello = fs::read_to_string(root().join("examples/hello.rs")).unwrap();
    let (_doc, code) = hello.split_once("\n\n").unwrap();
    let (number, text) =
        code.lines().enumerate().find(|(_, line)| line.starts_with("#[agent_span(llm_turn")).unwrap();
    let number = number + 1;
    let mistyped = text.replace("llm_turn, ", "llm_turn, modle = \"gpt-4o\", ");
    assert!(readme.contains(&format!("  --> src/main.rs:{number}:24\n")), "line {number}");
    assert!(readme.contains(&format!("\n{number} | {mistyped}\n")), "{number} | {mistyped}");
}
