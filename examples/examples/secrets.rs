//! A secret that tools may use and that no handler reads.

use telemetry_runtime::{Context, Event, Secrets, attach, event_names, tool_call};

/// Opens an issue.
#[tool_call]
fn open_issue(title: &str) -> Result<String, String> {
    // The tool reads the secret from its context; it is no argument that a model could ask for.
    let context = Context::current();
    let token = context.secrets().and_then(|secrets| secrets.get("GH_TOKEN")).ok_or("no token")?;
    // What a careless service answers.
    Err(format!("cannot open {title:?}: token {token} is expired"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("print", event_names!["condukt.**"], |event: &Event<'_>| {
        let line = format!("{} {:?}", event.name(), event.metadata());
        assert!(!line.contains("ghp_0123456789"));
        println!("{line}");
    })?;

    // Names appear in events; values do not: whole, escaped, percent-encoded or in base64.
    let secrets = Secrets::resolve([("GH_TOKEN", "ghp_0123456789")])?;
    let failure = Context::current().with_secrets(secrets).scope(|| open_issue("Broken build"));

    // The caller gets what the function returned, unchanged.
    assert!(failure.unwrap_err().contains("ghp_0123456789"));
    Ok(())
}
