//! No macro ever panics, and what the user wrote is never lost: for the corpus of `ui-tests`, and for
//! what becomes of it where tokens are left out, doubled, exchanged and swapped.
//!
//! `MUTATIONS=100000 cargo test -p telemetry-macros` tries many more.

mod documented;
mod expansions;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;

use fastrand::Rng;
use proc_macro2::{Group, TokenStream, TokenTree};

/// Whether these are the tests of a packaged crate, which has neither the corpus nor the pages beside it.
fn is_packaged() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml.orig").exists()
}

/// The sources of `ui-tests`.
static CORPUS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests");
    let mut corpus = Vec::new();
    for part in ["mistakes", "shapes", "lints", "errors"] {
        for entry in fs::read_dir(folder.join(part)).expect("the corpus is part of the workspace") {
            let path = entry.expect("it can be listed").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).expect("it is UTF-8");
                if source.parse::<TokenStream>().is_ok() {
                    corpus.push((path.display().to_string(), source));
                }
            }
        }
    }
    corpus.sort();
    corpus
});

/// Words and signs that mean something somewhere.
const DICTIONARY: &str = r#"
    agent llm_turn tool_call iteration compact run model turn messages fields skip skip_all stop err item future stream
    crate context name args tool_call_id event span stop_of rename debug display measurement status async move self Self
    fn struct enum union impl trait where dyn const unsafe extern pub mut ref box return await r#type r#fn 0 1.5
    "condukt.agent.stop" "a.b" "" "*" b"x" 'c' , ; : :: = => -> . .. ... | || & && % ? ! # @ < > _ + - * /
    () [] {} (a, _) [..] {..} |_| &mut #[x] #![x] $crate
"#;

/// One thing done to tokens.
#[derive(Clone, Copy, Debug)]
enum Change {
    LeaveOut,
    Double,
    Swap,
    /// By the donor with this index.
    Replace(usize),
    Insert(usize),
    Open,
}

fn change(random: &mut Rng, donors: usize) -> Change {
    let donor = random.usize(..donors);
    let changes = [
        Change::LeaveOut,
        Change::Double,
        Change::Swap,
        Change::Replace(donor),
        Change::Insert(donor),
        Change::Open,
    ];
    changes[random.usize(..changes.len())]
}

/// The tokens with one change at the `at`th of them, counted through all groups.
fn changed(tokens: TokenStream, at: &mut usize, change: Change, donors: &[TokenTree]) -> TokenStream {
    let mut made: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_here = *at == 0;
        *at = at.wrapping_sub(1);
        if !is_here {
            made.push(match token {
                TokenTree::Group(group) => {
                    Group::new(group.delimiter(), changed(group.stream(), at, change, donors)).into()
                }
                other => other,
            });
            continue;
        }
        match (change, token) {
            (Change::LeaveOut, _) => {}
            (Change::Double, token) => made.extend([token.clone(), token]),
            (Change::Swap, token) => made.extend(tokens.next().into_iter().chain([token])),
            (Change::Replace(index), _) => made.push(donors[index].clone()),
            (Change::Insert(index), token) => made.extend([donors[index].clone(), token]),
            (Change::Open, TokenTree::Group(group)) => made.extend(group.stream()),
            (Change::Open, token) => {
                made.push(Group::new(proc_macro2::Delimiter::None, token.into()).into());
            }
        }
    }
    made.into_iter().collect()
}

fn size(tokens: TokenStream) -> usize {
    let sizes = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => 1 + size(group.stream()),
        _ => 1,
    });
    sizes.sum()
}

fn parsed(text: &str) -> TokenStream {
    text.parse().expect("it was parsed before")
}

#[test]
fn no_token_of_the_corpus_is_lost() {
    if is_packaged() {
        return;
    }
    for (_, source) in &*CORPUS {
        expansions::check(parsed(source));
    }
}

#[test]
fn no_macro_panics_whatever_it_is_given() {
    if is_packaged() {
        return;
    }
    let donors: Vec<TokenTree> = parsed(DICTIONARY).into_iter().collect();
    for seed in 0..mutations() {
        let mut random = Rng::with_seed(seed);
        let (file, text) = &CORPUS[random.usize(..CORPUS.len())];
        let mut source = parsed(text);
        for _ in 0..random.u8(1..4) {
            let mut at = random.usize(..size(source.clone()).max(1));
            let change = change(&mut random, donors.len());
            source = changed(source, &mut at, change, &donors);
        }
        let text = source.to_string();
        let checked = catch_unwind(AssertUnwindSafe(|| expansions::check(source)));
        assert!(checked.is_ok(), "panics, as above, for seed {seed}, made of {file}:\n{text}");
    }
}

/// How many mutations are tried.
fn mutations() -> u64 {
    std::env::var("MUTATIONS").map_or(150, |asked| asked.parse().expect("MUTATIONS is a number"))
}
