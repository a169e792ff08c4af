//! Colours: one for each session or run, and only on a terminal.

use super::*;

/// The line without its colour, and the colour's code.
fn uncoloured(text: &str) -> (String, u8) {
    let rest = text.strip_prefix("\u{1b}[").unwrap_or_else(|| panic!("no colour: {text:?}"));
    let (code, rest) = rest.split_once('m').unwrap();
    let (marker, rest) = rest.split_once("\u{1b}[0m").unwrap();
    assert!(!rest.contains('\u{1b}'), "{text:?}");
    (format!("{marker}{rest}"), code.parse().unwrap())
}

const PALETTE: [u8; 10] = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];

/// The colour of events without a session or run id.
const WHITE: u8 = 37;

#[test]
fn a_session_or_run_has_a_colour() {
    let _alone = alone();
    let coloured = || LoggerOptions::default().with_ansi(true);
    let (clock, capture) = still();
    let lines = logged_as(coloured(), || capture.scope(|| condukt(&clock)));
    let (plain, colours): (Vec<String>, Vec<u8>) = lines.iter().map(|line| uncoloured(&line.text)).unzip();
    assert_eq!(plain, texts(CONDUKT));
    assert!(colours.iter().all(|colour| PALETTE.contains(colour)), "{colours:?}");
    // The delegation is the caller's, at its start and at its stop; what the child does is its own.
    for (index, colour) in colours.iter().enumerate() {
        if !plain[index].contains("agent:start Researcher") && !plain[index].contains("agent:stop Researcher")
        {
            assert_eq!(*colour, colours[0], "{}", plain[index]);
        }
    }

    let (clock, capture) = still();
    let lines = logged_as(coloured(), || capture.scope(|| legion(&clock)));
    let colours: Vec<u8> = lines.iter().map(|line| uncoloured(&line.text).1).collect();
    assert_eq!(colours.first(), colours.last());

    let of_sessions = |count: u32| {
        let lines = logged_as(coloured(), || {
            for id in 0..count {
                let context = Context::new().with_session_id(format!("session-{id}"));
                context.scope(|| emit!(compact, duration = 0, before = 1, after = 1));
            }
        });
        lines.iter().map(|line| uncoloured(&line.text).1).collect::<Vec<_>>()
    };
    let many = of_sessions(100);
    assert_eq!(many.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(PALETTE));
    assert_eq!(of_sessions(100), many, "always the same of one id");

    let without_ids = logged_as(coloured(), || emit!(compact, duration = 0, before = 1, after = 1));
    assert_eq!(uncoloured(&without_ids[0].text), ("┃ compact 1 → 1 messages 0ms".to_owned(), WHITE));
}

/// Set in the process that is started to look at its own standard error.
const CHILD: &str = "LOGGER_CHILD";

const THIS: &str = "logger::colours::colours_are_for_terminals";

#[test]
fn colours_are_for_terminals() {
    let _alone = alone();
    let show = |options: LoggerOptions| {
        let lines = logged_as(options, || emit!(compact, duration = 0, before = 1, after = 1));
        println!("{CHILD} {:?}", lines[0].text);
    };
    if std::env::var_os(CHILD).is_some() {
        show(LoggerOptions::default());
        show(LoggerOptions::default().with_ansi(true));
        show(LoggerOptions::default().with_ansi(false));
        return;
    }
    let this = std::env::current_exe().unwrap();
    let seen = |command: &mut Command, no_colour: Option<&str>| {
        command.env(CHILD, "1").env_remove("NO_COLOR");
        if let Some(value) = no_colour {
            command.env("NO_COLOR", value);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let coloured: Vec<bool> =
            text.lines().filter(|line| line.contains(CHILD)).map(|line| line.contains(r"\u{1b}[")).collect();
        assert_eq!(coloured.len(), 3, "{text}");
        // An explicit choice holds whatever the output is.
        assert_eq!(coloured[1..], [true, false], "{text}");
        coloured[0]
    };
    assert!(!seen(&mut own_process(THIS), None));
    assert!(!seen(&mut own_process(THIS), Some("1")));

    // `script` gives its child a terminal.
    let on_terminal = || {
        let mut command = Command::new("script");
        let inner = format!("'{}' --exact {THIS} --nocapture", this.display());
        command.args(["--quiet", "--return", "--command", &inner, "/dev/null"]);
        command
    };
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("there is no `script` here: colours on a terminal are not tested");
        return;
    }
    assert!(seen(&mut on_terminal(), None));
    assert!(!seen(&mut on_terminal(), Some("1")));
    // An empty `NO_COLOR` counts as unset.
    assert!(seen(&mut on_terminal(), Some("")));
}
