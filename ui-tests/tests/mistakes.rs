//! Every mistake of `mistakes/` has the message of its snapshot, and `docs/mistakes.md` shows them all.
//!
//! After a change of a message: `TRYBUILD=overwrite cargo test -p ui-tests --test mistakes` writes the
//! snapshots, to be read before they are kept, and then `UPDATE=1` the page.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use ui_tests::corpus;
use ui_tests::package::environment;

/// The parts of the page: a title, and what the names of its cases begin with.
///
/// A case belongs to the part with the longest beginning that is its own.
const PARTS: [(&str, &[&str]); 12] = [
    ("The span", &["span_"]),
    ("A span of your own", &["own_span_"]),
    ("Fields", &["field_", "fields_", "skip_"]),
    ("Values", &["type_", "value_"]),
    ("What the stop event carries", &["stop_", "err_"]),
    ("Futures and streams", &["future_", "stream_", "item_"]),
    ("Other options", &["option_", "agent_", "context_", "crate_", "several_", "kept_"]),
    ("`tool_call`", &["tool_call_"]),
    ("Where an attribute may stand", &["on_"]),
    ("`in_span!`, `open_span!`, `record!`, `emit!`", &["in_span_", "open_span_", "record_", "emit_"]),
    (
        "Events of your own, names and handlers",
        &["event_", "event_name_", "event_names_", "stop_metadata_", "typed_handler_"],
    ),
    ("Metrics", &["metric_"]),
];

const INTRODUCTION: &str = "\
# Mistakes and their messages

Each mistake that the tests cover, with the compiler's message. `UPDATE=1 cargo test -p ui-tests` writes this page from the
snapshots in `ui-tests/mistakes`.
";

#[test]
fn messages() {
    let environment = environment(Path::new(env!("CARGO_TARGET_TMPDIR")));
    if environment.iter().all(|(name, value)| env::var_os(name).is_some_and(|set| set == *value)) {
        trybuild::TestCases::new().compile_fail("mistakes/*.rs");
        return;
    }
    // trybuild passes its own environment on to cargo, and to change that of this process would be unsafe.
    let mut again = Command::new(env::current_exe().expect("it runs"));
    again.args(["--exact", "messages", "--nocapture"]).envs(environment);
    again.args(env::args().filter(|argument| argument.starts_with("trybuild=")));
    let output = again.output().expect("it starts");
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "messages differ, as shown above");
}

#[test]
fn page() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mistakes.md");
    let page = write_page();
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("it is in a folder"))
            .expect("the workspace can be written to");
        fs::write(&path, page).expect("the workspace can be written to");
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/mistakes.md differs from the snapshots: run with UPDATE=1");
}

/// The page, from the cases and their snapshots.
fn write_page() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes");
    let mut sections: Vec<String> = PARTS.iter().map(|(title, _)| format!("\n## {title}\n")).collect();
    let mut index: Vec<String> = PARTS.iter().map(|(title, _)| format!("\n{title}:\n\n")).collect();
    for case in corpus::read(&folder) {
        let (title, code) = case.source.split_once('\n').expect("a case has more than its title");
        let title = title.strip_prefix("//! ").expect("a case begins with its title").trim_end_matches('.');
        let snapshot = folder.join(&case.name).with_extension("stderr");
        let message = fs::read_to_string(&snapshot).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let part = part_of(&case.name);
        let _ = writeln!(index[part], "- [{title}](#{})", anchor(title));
        let _ = write!(
            sections[part],
            "\n### {title}\n\n```rust\n{}\n```\n\n```text\n{}\n```\n",
            code.trim(),
            message.trim(),
        );
    }
    INTRODUCTION.to_owned() + &index.concat() + &sections.concat()
}

/// The name that a page's renderer gives a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect::<String>().to_lowercase()
}

/// Which part a case belongs to.
fn part_of(case: &str) -> usize {
    let longest = |beginnings: &[&str]| {
        let own = beginnings.iter().filter(|beginning| case.starts_with(**beginning));
        own.map(|beginning| beginning.len()).max().unwrap_or(0)
    };
    let lengths = PARTS.iter().map(|(_, beginnings)| longest(beginnings));
    let (part, length) = lengths.enumerate().max_by_key(|(_, length)| *length).expect("there are parts");
    assert!(length > 0, "no part of the page is for `{case}`");
    part
}
