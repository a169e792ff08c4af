//! What an annotated function does where nobody listens, read from its machine code.

mod release;

use std::process::Command;

/// The instructions of a function, as `objdump` shows them.
fn instructions(of: &str) -> Vec<String> {
    let output = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(release::probe())
        .output()
        .expect("objdump, of binutils, runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let heading = format!("<{of}>:");
    let lines = text.lines().skip_while(|line| !line.ends_with(&heading)).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let lines: Vec<String> =
        lines.filter_map(|line| Some(line.split_once('\t')?.1.trim().to_owned())).collect();
    assert!(!lines.is_empty(), "no `{of}` in the probe");
    lines
}

#[test]
#[ignore = "reads x86-64 code with objdump; .ci/run does"]
fn one_load_and_one_branch_stand_before_the_body() {
    let code = instructions("benches::subjects::sync3");
    let branch = code.iter().position(|line| line.starts_with('j')).expect("a branch");
    let before = &code[..branch];
    // Through the stack pointer go the frame and the arguments; relative to the code is where the
    // address of the word may have to be taken from.
    let loads = before.iter().filter(|line| {
        line.starts_with("mov")
            && line.contains("(%r")
            && !line.contains("%rsp)")
            && !line.contains("(%rip),%r")
            || line.starts_with("cmpb")
    });
    assert_eq!(loads.count(), 1, "{before:#?}");
    let body = code[branch + 1..].iter().take_while(|line| !line.starts_with("ret"));
    let body: Vec<&String> = body.collect();
    assert!(body.iter().all(|line| !line.starts_with('j') && !line.starts_with("call")), "{body:#?}");
}
