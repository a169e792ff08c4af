//! What an annotation costs at compile time: `cargo bench -p benches --bench compile`.
//!
//! Packages of 500 annotated async methods, one for each form, are checked in turn, again and again, each
//! time that package alone: what it depends on is built. Printed is the least user CPU time of each, of
//! the compiler and cargo together, as a table for `README.md`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

const METHODS: usize = 500;

/// How often each package is checked, by default.
const ROUNDS: usize = 7;

/// The forms: a name, and what stands above each method.
const FORMS: [(&str, &str); 5] = [
    ("bare", ""),
    (
        "agent_span",
        "#[telemetry_runtime::agent_span(llm_request, model = self.model.as_str(), message_count = count, fields(streaming))]",
    ),
    (
        "tracing",
        "#[tracing::instrument(skip_all, fields(model = self.model.as_str(), message_count = count, streaming))]",
    ),
    (
        "tracing_err",
        "#[tracing::instrument(skip_all, err, fields(model = self.model.as_str(), message_count = count, streaming))]",
    ),
    ("fastrace", "#[fastrace::trace]"),
];

const METHOD: &str = "
    pub async fn NAME(&self, prompt: &str, count: usize, streaming: bool, limit: u32) -> Result<String, Error> {
        let text = self.send(prompt, count).await?;
        if streaming && limit > 1 {
            return Ok(text);
        }
        Ok(format!(\"{text} {limit}\"))
    }
";

const BEFORE: &str = "
#[derive(Debug)]
pub struct Error(pub usize);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, \"status {}\", self.0)
    }
}

pub struct Client {
    pub model: String,
}

impl Client {
    async fn send(&self, prompt: &str, count: usize) -> Result<String, Error> {
        if count == 0 { Err(Error(400)) } else { Ok(prompt.to_owned()) }
    }
";

fn main() {
    let rounds = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile");
    write(&folder);
    let mut least = [f64::INFINITY; FORMS.len()];
    // The first round builds what the packages depend on.
    for round in 0..=rounds {
        for (form, least) in FORMS.iter().zip(&mut least) {
            let seconds = check(&folder, form.0);
            if round > 0 {
                *least = least.min(seconds);
            }
        }
    }
    println!("| {METHODS} async methods | user CPU s | over bare | ratio to tracing |\n|---|---:|---:|---:|");
    let (bare, tracing) = (least[0], least[2]);
    for ((name, _), seconds) in FORMS.iter().zip(least) {
        println!("| {name} | {seconds:.2} | {:.2} | {:.2} |", seconds - bare, seconds / tracing);
    }
}

/// Writes a workspace with a package for each form.
fn write(folder: &Path) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in a workspace");
    let members: Vec<String> = FORMS.iter().map(|(name, _)| format!("{name:?}")).collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    put(&folder.join("Cargo.toml"), &workspace);
    let lock = fs::read_to_string(repository.join("Cargo.lock")).expect("the workspace has a lock file");
    put(&folder.join("Cargo.lock"), &lock);
    for (name, attribute) in FORMS {
        let runtime = repository.join("telemetry-runtime");
        let dependency = match attribute {
            "" => String::new(),
            _ if attribute.contains("telemetry") => {
                format!("telemetry-runtime.path = '{}'", runtime.display())
            }
            _ if attribute.contains("tracing") => "tracing = \"*\"".to_owned(),
            _ => "fastrace = { version = \"*\", features = [\"enable\"] }".to_owned(),
        };
        let manifest = format!(
            "[package]\nname = \"compile_{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\n"
        );
        put(&folder.join(name).join("Cargo.toml"), &manifest);
        let mut source = BEFORE.to_owned();
        for index in 0..METHODS {
            let _ = write!(source, "\n    {attribute}{}", METHOD.replace("NAME", &format!("method_{index}")));
        }
        put(&folder.join(name).join("src/lib.rs"), &(source + "}\n"));
    }
}

fn put(file: &PathBuf, text: &str) {
    let parent = file.parent().expect("it is in a folder");
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(file, text))
        .expect("the target folder can be written to");
}

/// Checks one package again; the user CPU time in seconds.
fn check(folder: &Path, form: &str) -> f64 {
    let source = folder.join(form).join("src/lib.rs");
    let text = fs::read_to_string(&source).expect("it was written");
    put(&source, &text);
    let before = children();
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(folder)
        .args(["check", "--quiet", "--offline", "-j1", "--package", &format!("compile_{form}")])
        .arg("--target-dir")
        .arg(folder.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .stdout(Stdio::null())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "`{form}` does not compile");
    children() - before
}

/// The user CPU time of all children so far, as Linux counts it: in hundredths of a second.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("times are taken from Linux");
    let (_, fields) = stat.rsplit_once(')').expect("the name of the program is in parentheses");
    let ticks: f64 =
        fields.split_whitespace().nth(13).and_then(|ticks| ticks.parse().ok()).expect("it is a number");
    ticks / 100.0
}
