//! The compiler's messages about the user's own code are the same under an attribute as without.
//!
//! Each case of `lints/` and `errors/` is written out bare and under an attribute (`CORPUS=whole`: under each) as programs
//! of a package of their own, all are checked in one call of cargo, and the compiler's messages are compared with those
//! for the bare one.
//!
//! - A lint must have the same text and point at the same tokens, in the first place and in the others.
//! - An error must have the same code and point at the same tokens in the first place. The rest of
//!   its text may differ: rustc explains a type that does not fit, for one, by the code around it.
//!
//! Where that is impossible, the case gives the reason after `// differs:`. It must then differ: if it
//! no longer does, remove the line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use ui_tests::corpus::{self, ATTRIBUTES, BARE, Case};
use ui_tests::package::Package;

/// The attributes that these cases are put under, beside the bare one: shared out among them, unless `CORPUS=whole`.
///
/// A span of the user's own would need a definition in each program, which the lints would see.
const COMPARED: [&str; 3] = ["agent", "llm_turn", "tool_call"];

#[test]
fn lints_read_as_they_do_without_an_attribute() {
    compare("lints", |diagnostic| diagnostic.all.clone());
}

#[test]
fn errors_point_where_they_do_without_an_attribute() {
    compare("errors", |diagnostic| diagnostic.first.clone());
}

/// The attributes that a case is put under.
fn compared(case: &Case) -> Vec<&'static str> {
    if corpus::is_whole() { COMPARED.to_vec() } else { vec![case.share(&COMPARED)] }
}

/// One message of the compiler.
struct Diagnostic {
    /// Its code, and where it points in the first place: `E0308 at 5:5 to 5:15`.
    first: String,
    /// Its text, and all that it points at.
    all: String,
    /// As a person reads it.
    text: String,
}

/// Holds, for each case of a folder, what `aspect` sees of its diagnostics against the bare ones.
fn compare(folder: &str, aspect: fn(&Diagnostic) -> String) {
    let cases = corpus::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let messages = check(folder, &cases);
    let diagnostics =
        |case: &Case, attribute| messages.get(&program(case, attribute)).map_or(&[][..], Vec::as_slice);

    let mut differing = String::new();
    for case in &cases {
        let bare = diagnostics(case, "bare");
        assert!(!bare.is_empty(), "{folder}/{}.rs: the compiler has nothing to say of it", case.name);
        for attribute in compared(case) {
            let instrumented = diagnostics(case, attribute);
            if (sorted(bare, aspect) != sorted(instrumented, aspect)) != case.differs() {
                let texts = |diagnostics: &[Diagnostic]| -> String {
                    diagnostics.iter().map(|diagnostic| diagnostic.text.as_str()).collect()
                };
                let _ = write!(
                    differing,
                    "\n{:=<100}\n{folder}/{}.rs, bare:\n\n{}\nunder `{attribute}`:\n\n{}",
                    "",
                    case.name,
                    texts(bare),
                    texts(instrumented),
                );
            }
        }
    }
    assert!(differing.is_empty(), "not as it is without an attribute, or as `differs` has it:\n{differing}");
}

fn sorted(diagnostics: &[Diagnostic], aspect: fn(&Diagnostic) -> String) -> Vec<String> {
    let mut aspects: Vec<String> = diagnostics.iter().map(aspect).collect();
    aspects.sort();
    aspects
}

fn program(case: &Case, attribute: &str) -> String {
    format!("{}__{attribute}", case.name)
}

/// The compiler's messages for each program, by the program's name.
fn check(folder: &str, cases: &[Case]) -> BTreeMap<String, Vec<Diagnostic>> {
    let package = Package::new(Path::new(env!("CARGO_TARGET_TMPDIR")), folder);
    for case in cases {
        for (module, attribute) in ATTRIBUTES {
            if attribute == BARE || compared(case).contains(&module) {
                package.write(&program(case, module), &case.under(attribute));
            }
        }
    }
    let arguments = ["check", "--bins", "--keep-going", "--message-format=json"];
    let output = package.cargo(&arguments).output().expect("cargo runs");

    let mut messages: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        let Some(program) = line["target"]["name"].as_str() else { continue };
        if let Some(diagnostic) = diagnostic(&line["message"], program) {
            messages.entry(program.to_owned()).or_default().push(diagnostic);
        }
    }
    assert!(!messages.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    messages
}

/// What is of interest in one message of the compiler's: nothing in the line that counts the others.
fn diagnostic(message: &Value, program: &str) -> Option<Diagnostic> {
    let spans = message["spans"].as_array().filter(|spans| !spans.is_empty())?;
    let code = message["code"]["code"].as_str().unwrap_or("no code");
    let mut first: Vec<String> = Vec::new();
    let mut all: Vec<String> = Vec::new();
    for span in spans {
        let at = |key: &str| span[key].as_u64().unwrap_or(0);
        let (start, end) = ((at("line_start"), at("column_start")), (at("line_end"), at("column_end")));
        let place = format!("{}:{} to {}:{}", start.0, start.1, end.0, end.1);
        all.push(format!("{place} {}", span["label"].as_str().unwrap_or_default()));
        if span["is_primary"] == true {
            first.push(place);
        }
    }
    all.sort();
    Some(Diagnostic {
        first: format!("{code} at {first:?}"),
        all: format!("{code}: {} at {all:?}", message["message"].as_str()?),
        text: message["rendered"].as_str()?.replace(program, "case"),
    })
}
