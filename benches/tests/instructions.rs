//! Instructions a call against the limits in `limits.txt`, which hold on a busy machine too. More than a
//! twentieth over a limit is a loss; more than a twentieth below it, the limit is to be lowered.
//!
//! `UPDATE=1 cargo test -p benches --test instructions -- --include-ignored` writes them anew.

mod release;

use std::fmt::Write as _;
use std::path::Path;

use benches::cases::Case;
use benches::instructions;

const CASES: [&str; 11] = [
    "sync f3, off",
    "async f3, off",
    "tool_call, off",
    "emit!, off",
    "record!, off",
    "sync f3, 1 handler",
    "sync f3, 16 handlers",
    "sync f3, with a secret",
    "tool_call, 1 handler",
    "async f3, 1 handler",
    "derived event, 1 handler",
];

#[test]
#[ignore = "counts with valgrind; .ci/run does"]
fn a_call_takes_as_many_instructions_as_it_did() {
    assert!(instructions::can_count(), "valgrind, which counts instructions, is not installed");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/limits.txt");
    let probe = release::probe();
    let counted = CASES.map(|name| (Case::named(name).name, instructions::a_call(&probe, &[name])));
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::new();
        for (name, count) in counted {
            writeln!(text, "{count:>6}  {name}").unwrap();
        }
        std::fs::write(&path, text).unwrap();
    }
    let limits = std::fs::read_to_string(&path).unwrap();
    let limit_of = |name: &str| -> Option<u64> {
        let mut lines = limits.lines().filter_map(|line| line.trim().split_once("  "));
        lines.find(|(_, known)| *known == name)?.0.parse().ok()
    };
    let mut wrong = String::new();
    for (name, count) in counted {
        let limit = limit_of(name).unwrap_or_else(|| panic!("no limit for {name}"));
        // A handful more or less is what another linker does; and without a counter of cycles to trust, each
        // look at the clock goes through the system.
        let slack = if fastant::is_tsc_available() { (limit / 20).max(3) } else { (limit / 4).max(3) };
        if count.abs_diff(limit) > slack {
            writeln!(wrong, "{name}: {count}, not {limit}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}where that is meant: UPDATE=1");
}

#[test]
#[ignore = "counts with valgrind; .ci/run does"]
fn an_answer_is_read_as_fast_as_it_is_parsed() {
    assert!(instructions::can_count(), "valgrind, which counts instructions, is not installed");
    let probe = release::probe();
    let count = |name: String| instructions::a_long_call(&probe, &[Case::named(&name).name]);
    for answer in ["a chat of 100 messages", "100 items of Responses", "100 blocks of Anthropic's"] {
        let (parsed, read) = (count(format!("parse {answer}")), count(format!("read {answer}")));
        println!("{answer}: {read} instructions to read, {parsed} to parse");
        assert!(read <= parsed, "{answer}: {read} instructions to read, {parsed} to parse");
    }
}
