//! What an annotated function does where no handler listens, read from its machine code in cargo's default release
//! profile.

mod release;

use std::path::Path;
use std::process::Command;

/// The instructions of a function, as `objdump` shows them.
fn instructions(disassembly: &str, of: &str) -> Vec<String> {
    let heading = format!("<{of}>:");
    let lines = disassembly.lines().skip_while(|line| !line.ends_with(&heading)).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let lines: Vec<String> =
        lines.filter_map(|line| Some(line.split_once('\t')?.1.trim().to_owned())).collect();
    assert!(!lines.is_empty(), "no `{of}` in the probe");
    lines
}

fn disassembly(probe: &Path) -> String {
    let output = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(probe)
        .output()
        .expect("objdump, of binutils, runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Functions of 0, 3 and 6 fields, a tool, a method, and `in_span!`.
const SUBJECTS: [&str; 6] = [
    "benches::subjects::sync0",
    "benches::subjects::sync3",
    "benches::subjects::sync6",
    "benches::subjects::tool",
    "benches::subjects::Retriever::retrieve",
    "benches::subjects::inline3",
];

#[test]
#[ignore = "reads x86-64 code with objdump; .ci/run does"]
fn one_load_and_one_branch_stand_before_the_body_and_nothing_is_stored() {
    let disassembly = disassembly(&release::default_probe());
    for subject in SUBJECTS {
        let code = instructions(&disassembly, subject);
        let branch = code.iter().position(|line| line.starts_with('j')).expect("a branch");
        let before = &code[..branch];
        // Through the stack pointer go the frame and the arguments; relative to the code is where the
        // address of the word may have to be taken from.
        let is_load = |line: &&String| {
            line.starts_with("mov")
                && line.contains("(%r")
                && !line.contains("%rsp)")
                && !line.contains("(%rip),%r")
                || line.starts_with("cmpb")
        };
        assert_eq!(before.iter().filter(is_load).count(), 1, "{subject}: {before:#?}");
        // The closure of an `in_span!` borrows the variables around it, which therefore are in memory.
        let borrows = subject.ends_with("inline3");
        let is_store = |line: &&String| !borrows && line.starts_with("mov") && line.ends_with("(%rsp)");
        assert_eq!(before.iter().filter(is_store).count(), 0, "{subject}: {before:#?}");
        let body = code[branch + 1..].iter().take_while(|line| !line.starts_with("ret"));
        let body: Vec<&String> = body.collect();
        assert!(
            body.iter().all(|line| !line.starts_with('j') && !line.starts_with("call")),
            "{subject}: {body:#?}"
        );
    }
}
