//! The layers of each crate: an import only ever points down, and no files import each other in a circle.
//!
//! A crate's table lists its rooms from top to bottom; a room is a folder, or a file of its own, under `src`. Rooms
//! on one line do not import each other. `mod.rs` and `lib.rs` may re-export what their children define: an
//! import through a re-export counts as one of the file where the name is defined.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The rooms of one crate, from top to bottom.
struct Layers {
    package: &'static str,
    rooms: &'static [&'static [&'static str]],
}

const CRATES: &[Layers] = &[
    Layers {
        package: "telemetry-catalogue",
        rooms: &[&["lib"], &["name"], &["lookup", "suggest"], &["events"], &["model"]],
    },
    Layers {
        package: "telemetry-runtime",
        rooms: &[
            &["lib", "prelude", "private"],
            &["testing"],
            &["rmcp"],
            &["agent_process", "emit", "logger", "recording", "tracing_layer", "typed"],
            &["span"],
            &["session_secrets"],
            &["dispatch"],
            &["hook"],
            &["context"],
            &["registry"],
            &["handler"],
            &["event", "secrets"],
            &["capture"],
            &["value"],
            &["diagnostics", "ids", "panics"],
            &["clock"],
        ],
    },
    Layers {
        package: "telemetry-otel",
        rooms: &[
            &["lib"],
            &["otlp"],
            &["builder"],
            &["bridge"],
            &["logs", "metrics"],
            &["span"],
            &["mapping"],
            &["config", "convert"],
        ],
    },
    Layers {
        package: "telemetry-llm",
        rooms: &[
            &["lib"],
            &["answer", "prices", "stream"],
            &["response"],
            &["conversation"],
            &["part"],
            &["media"],
            &["message"],
            &["failure", "finish", "provider", "usage"],
            &["json", "text"],
        ],
    },
    Layers {
        package: "telemetry-view",
        rooms: &[
            &["lib", "main"],
            &["command"],
            &["limits", "recorder", "view"],
            &["follow"],
            &["compare", "json", "server"],
            &["export", "text"],
            &["attached", "model"],
            &["answers", "compact"],
        ],
    },
    Layers { package: "telemetry-rig", rooms: &[&["lib"], &["run"], &["delegation", "inside"]] },
    Layers {
        package: "telemetry-macros",
        rooms: &[
            &["lib"],
            &["inline", "metric", "span_attribute"],
            &["derive", "expand", "fallback", "generated", "names"],
            &["shape", "valid"],
            &["model"],
            &["args", "input"],
            &["ctxt"],
        ],
    },
];

/// A module, as its path from the crate's root: `["context", "current"]`.
type Module = Vec<String>;

/// A path as it stands in a file, absolute within the crate.
type Import = Vec<String>;

struct Source {
    /// What its `use` items and paths name.
    imports: BTreeSet<Import>,
    /// What it re-exports, by name.
    reexports: BTreeMap<String, Import>,
}

fn sources(package: &str) -> BTreeMap<Module, Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let module_of = |file: &PathBuf| -> Module {
        let path = file.strip_prefix(&root).unwrap().with_extension("");
        let mut module: Module = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if module.len() > 1 && module.last().unwrap() == "mod" {
            module.pop();
        }
        if module == ["lib"] { Vec::new() } else { module }
    };
    let modules: BTreeSet<Module> = files.iter().map(module_of).collect();
    let read = |file: PathBuf| {
        let module = module_of(&file);
        let text = fs::read_to_string(&file).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut source = Source { imports: BTreeSet::new(), reexports: BTreeMap::new() };
        walk(tokens, &module, 0, &modules, &mut source);
        (module, source)
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Tests may look wherever they like.
            if !path.ends_with("tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// Finds the paths in tokens. `depth` is how many modules are open around them in this file.
fn walk(
    tokens: TokenStream,
    module: &[String],
    depth: usize,
    modules: &BTreeSet<Module>,
    source: &mut Source,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    };
    let is =
        |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == c);
    let is_path = |at: usize| is(at, ':') && is(at + 1, ':');
    let mut at = 0;
    let mut is_test = false;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let attribute = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                is_test |= attribute.replace(' ', "") == "[cfg(test)]";
                at += 2;
                continue;
            }
            TokenTree::Ident(ident) if ident == "mod" => {
                if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                    if !is_test {
                        walk(body.stream(), module, depth + 1, modules, source);
                    }
                    at += 3;
                    is_test = false;
                    continue;
                }
            }
            TokenTree::Ident(ident) if ident == "use" => {
                let is_public =
                    at > 0 && (word(at - 1).as_deref() == Some("pub") || is_visibility(&tokens[at - 1]));
                let end = (at..tokens.len()).find(|end| is(*end, ';')).unwrap_or(tokens.len());
                let mut found = Vec::new();
                tree(&tokens[at + 1..end], Vec::new(), &mut found);
                // A macro's `crate::$module` names no file.
                if (at..end).any(|at| is(at, '$')) {
                    at = end;
                    continue;
                }
                for (name, path) in found {
                    let Some(path) = absolute(path, module, depth, modules) else { continue };
                    // What a module re-exports of its own children is theirs.
                    let is_child = path.len() > module.len() && path.starts_with(module);
                    if is_public && depth == 0 {
                        source.reexports.insert(name, path.clone());
                    }
                    if !(is_public && depth == 0 && is_child) {
                        source.imports.insert(path);
                    }
                }
                at = end;
            }
            // What a macro writes is not what it imports.
            TokenTree::Ident(ident) if (ident == "quote" || ident == "quote_spanned") && is(at + 1, '!') => {
                at += 2;
            }
            TokenTree::Ident(_) if is_path(at + 1) && !(at > 1 && is_path(at - 2)) => {
                let mut path = vec![word(at).unwrap()];
                let mut next = at + 1;
                while is_path(next)
                    && let Some(segment) = word(next + 2)
                {
                    path.push(segment);
                    next += 3;
                }
                if path.len() > 1 {
                    source.imports.extend(absolute(path, module, depth, modules));
                }
                at = next;
                continue;
            }
            TokenTree::Group(group) => walk(group.stream(), module, depth, modules, source),
            _ => {}
        }
        is_test &= !matches!(tokens.get(at), Some(TokenTree::Group(_))) && !is(at, ';');
        at += 1;
    }
}

fn is_visibility(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

/// The paths of a `use` tree, each with the name it brings.
fn tree(tokens: &[TokenTree], mut path: Import, found: &mut Vec<(String, Import)>) {
    let mut renamed = None;
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(ident) if ident == "as" => {
                renamed = tokens.get(at + 1).map(ToString::to_string);
                at += 1;
            }
            TokenTree::Ident(ident) => path.push(ident.to_string()),
            TokenTree::Group(group) => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                for branch in inside.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','))
                {
                    if !branch.is_empty() {
                        tree(branch, path.clone(), found);
                    }
                }
                return;
            }
            _ => {}
        }
        at += 1;
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
    found.push((name, path));
}

/// A path from the crate's root, if it is one of this crate.
fn absolute(path: Import, module: &[String], depth: usize, modules: &BTreeSet<Module>) -> Option<Import> {
    let mut from = module.to_vec();
    let mut depth = depth;
    let mut rest = path.as_slice();
    match path.first()?.as_str() {
        "crate" => (from, rest) = (Vec::new(), &path[1..]),
        "self" | "super" => {
            while let Some(first) = rest.first()
                && (first == "self" || first == "super")
            {
                if first == "super" {
                    if depth > 0 {
                        depth -= 1;
                    } else {
                        from.pop();
                    }
                }
                rest = &rest[1..];
            }
        }
        child => {
            let mut below = module.to_vec();
            below.push(child.to_owned());
            if depth > 0 || !modules.contains(&below) {
                return None;
            }
        }
    }
    from.extend_from_slice(rest);
    Some(from)
}

/// The file that a path leads to, through re-exports.
fn resolve(path: &[String], sources: &BTreeMap<Module, Source>) -> Module {
    let mut module = Module::new();
    for (at, segment) in path.iter().enumerate() {
        let mut below = module.clone();
        below.push(segment.clone());
        if sources.contains_key(&below) {
            module = below;
        } else if let Some(target) = sources[&module].reexports.get(segment)
            && target[..] != path[..=at]
        {
            let target: Import = target.iter().chain(&path[at + 1..]).cloned().collect();
            return resolve(&target, sources);
        } else {
            break;
        }
    }
    module
}

fn name(module: &Module) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

/// What each file imports of other files.
fn graph(package: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let sources = sources(package);
    let edges = sources.iter().map(|(module, source)| {
        let targets = source.imports.iter().map(|path| resolve(path, &sources));
        (module.clone(), targets.filter(|target| target != module).collect())
    });
    edges.collect()
}

fn room(module: &Module) -> &str {
    module.first().map_or("lib", String::as_str)
}

#[test]
fn imports_only_point_down() {
    let mut wrong = Vec::new();
    for Layers { package, rooms } in CRATES {
        let level = |room: &str| rooms.iter().position(|level| level.contains(&room));
        let graph = graph(package);
        let found: BTreeSet<&str> = graph.keys().map(room).collect();
        for listed in rooms.iter().copied().flatten().filter(|listed| !found.contains(**listed)) {
            wrong.push(format!("{package}: the table lists `{listed}`, which is not there"));
        }
        for unlisted in found.iter().filter(|found| level(found).is_none()) {
            wrong.push(format!("{package}: `{unlisted}` is missing from the table"));
        }
        for (module, targets) in &graph {
            for target in targets.iter().filter(|target| room(target) != room(module)) {
                if level(room(target)) <= level(room(module)) {
                    wrong.push(format!(
                        "{package}: `{}` imports `{}`, which is not below it",
                        name(module),
                        name(target)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The files that are part of a circle, or import one.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let mut left: BTreeSet<&Module> = graph.keys().collect();
    // What imports nothing that is left is no part of a circle.
    while let Some(done) =
        left.iter().copied().find(|module| graph[*module].iter().all(|target| !left.contains(target)))
    {
        left.remove(done);
    }
    let show = |module: &&Module| {
        let targets: Vec<String> = graph[*module].iter().filter(|t| left.contains(t)).map(name).collect();
        format!("{} -> {}", name(module), targets.join(", "))
    };
    left.iter().map(show).collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for Layers { package, .. } in CRATES {
        let circle = circle(&graph(package));
        assert!(circle.is_empty(), "{package}: these import each other:\n{}\n", circle.join("\n"));
    }
}

#[test]
fn a_circle_is_found() {
    let edges = [("a", vec!["b", "d"]), ("b", vec!["c"]), ("c", vec!["b"]), ("d", vec![])];
    let module = |name: &str| vec![name.to_owned()];
    let graph = edges.map(|(from, to)| (module(from), to.into_iter().map(module).collect()));
    assert_eq!(circle(&graph.into_iter().collect()), ["a -> b", "b -> c", "c -> b"]);
}

#[test]
fn the_reader_of_imports_finds_them() {
    let graph = graph("telemetry-runtime");
    let module = |path: &[&str]| path.iter().map(|part| (*part).to_owned()).collect::<Module>();
    let imports = |from: &[&str], to: &[&str]| graph[&module(from)].contains(&module(to));
    assert!(imports(&["context", "current"], &["context"]), "`use super::Context`");
    assert!(imports(&["dispatch", "execute"], &["registry"]), "by a list of names");
    assert!(imports(&["span", "lifecycle"], &["event", "layers"]), "through the re-export of `event`");
    assert!(imports(&["private"], &["emit"]), "`pub use` of another room");
}
