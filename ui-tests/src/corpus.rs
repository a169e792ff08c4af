//! The cases of `shapes/`, `lints/` and `errors/`: functions that are put under each attribute.
//!
//! A case marks its functions with `#[instrumented]`, or `#[instrumented(MORE)]` where a function needs
//! arguments of its own whatever the attribute. The marker is replaced on its own line, so that line
//! numbers in a compiler's message are those of the case.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// In the place of an attribute: no attribute, and the marker becomes one that vanishes.
pub const BARE: &str = "";

/// Attributes for shapes, bare first, each with a name for the module or program that is made with it.
///
/// They differ in what is taken from the function: nothing; keys at the start and the return value; a
/// span of the user's own and the return value; all parameters and the return value itself.
pub const ATTRIBUTES: [(&str, &str); 5] = [
    ("bare", BARE),
    ("agent", "agent_span(agent)"),
    (
        "llm_turn",
        r#"agent_span(llm_turn, skip_all, model = "m", turn = 0_u32, messages = ["hello"], stop(|_value| finish_reason = "stop"))"#,
    ),
    ("tool_call", "tool_call"),
    ("own_span", r#"agent_span(crate::Shape { label: "shape", size: 3 }, stop(|_value| seen = true))"#),
];

/// What marks a function.
const MARKER: &str = "#[instrumented";

/// How the annotated calls of a case end, by default.
const DEFAULT_ENDS: &str = "ok";

/// Whether every case is put under every attribute. That takes minutes.
#[must_use]
pub fn is_whole() -> bool {
    env::var("CORPUS").is_ok_and(|corpus| corpus == "whole")
}

/// One file of the corpus.
pub struct Case {
    /// The file's name without its extension.
    pub name: String,
    /// What is in it.
    pub source: String,
}

/// The cases of a folder, by name.
///
/// # Panics
///
/// When the folder cannot be read: the corpus is part of this crate.
#[must_use]
pub fn read(folder: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("the corpus can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| Case {
            name: path.file_stem().expect("it has an extension").to_string_lossy().into_owned(),
            source: fs::read_to_string(&path).expect("a case is UTF-8"),
        })
        .collect();
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    cases
}

impl Case {
    /// How the annotated calls of this case end, in the order of their ends: the words after `// ends:`.
    #[must_use]
    pub fn ends(&self) -> Vec<&str> {
        let ends = self.source.lines().find_map(|line| line.strip_prefix("// ends: "));
        ends.unwrap_or(DEFAULT_ENDS).split_whitespace().filter(|end| *end != "none").collect()
    }

    /// The one of some attributes that the case is put under unless [`is_whole`]: shared out by the letters of its name.
    ///
    /// # Panics
    ///
    /// When there are no attributes.
    #[must_use]
    pub fn share<T: Copy>(&self, attributes: &[T]) -> T {
        let letters: usize = self.name.bytes().map(usize::from).sum();
        attributes[letters % attributes.len()]
    }

    /// Whether the case gives, after `// differs:`, the reason why it cannot read the same under an attribute.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.source.lines().any(|line| line.starts_with("// differs: "))
    }

    /// The source with every marker replaced by `attribute`.
    ///
    /// # Panics
    ///
    /// When nothing is marked, or a marker is not closed.
    #[must_use]
    pub fn under(&self, attribute: &str) -> String {
        let mut written = String::new();
        let mut rest = self.source.as_str();
        while let Some(at) = rest.find(MARKER) {
            written.push_str(&rest[..at]);
            let (more, after) = marker_arguments(&rest[at + MARKER.len()..]);
            let _ = match attribute {
                BARE => write!(written, "#[cfg_attr(any(), bare)]"),
                _ => write!(written, "#[::telemetry_runtime::{}]", with_arguments(attribute, more)),
            };
            rest = after;
        }
        assert!(rest.len() < self.source.len(), "`{}` marks no function", self.name);
        written + rest
    }
}

/// Splits what follows a marker's name into its arguments and the source after its `]`.
fn marker_arguments(source: &str) -> (&str, &str) {
    let mut depth = 0_u32;
    for (at, character) in source.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ']' if depth == 0 => {
                let arguments = source[..at].strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
                return (arguments.unwrap_or_default(), &source[at + 1..]);
            }
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    panic!("a marker is not closed: {source}");
}

/// `attribute` with `more` among its arguments.
///
/// A case's own `skip(..)` stands in the place of `skip_all`, which would say the same once more.
fn with_arguments(attribute: &str, more: &str) -> String {
    let attribute =
        if more.contains("skip(") { attribute.replace(" skip_all,", "") } else { attribute.to_owned() };
    match attribute.strip_suffix(')') {
        _ if more.is_empty() => attribute,
        Some(open) => format!("{open}, {more})"),
        None => format!("{attribute}({more})"),
    }
}
