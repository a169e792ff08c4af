//! Every use of a macro in some source, expanded outside of a compiler: for tests, and for `fuzz/`.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::{derive, inline, names, span_attribute};

/// An attribute: its arguments and the item, to what both become.
type Attribute = fn(TokenStream, TokenStream) -> TokenStream;

/// A macro or a derive: its tokens to what they become.
type Macro = fn(TokenStream) -> TokenStream;

const ATTRIBUTES: [(&str, Attribute); 2] =
    [("agent_span", span_attribute::agent_span), ("tool_call", span_attribute::tool_call)];

const MACROS: [(&str, Macro); 5] = [
    ("in_span", inline::in_span),
    ("record", inline::record),
    ("emit", inline::emit),
    ("event_name", names::event_name),
    ("event_names", names::event_names),
];

const DERIVES: [(&str, Macro); 2] =
    [("EventMetadata", derive::event_metadata), ("StopMetadata", derive::stop_metadata)];

/// Arguments that the corpus of function shapes is put under, where a source has `#[instrumented]`.
const SPANS: [&str; 3] = [
    "agent",
    r#"llm_turn, skip_all, model = "m", turn = 0_u32, messages = ["hello"], stop(|_value| finish_reason = "stop")"#,
    "Shape { label: \"shape\", size: 3 }, stop(|_value| seen = true)",
];

/// Expands every use of a macro in `source`, at any depth, and asserts what holds of each.
///
/// # Panics
/// If a macro panics, or its expansion does not parse or lacks a token of the user's.
pub(crate) fn check(source: TokenStream) {
    let tokens: Vec<TokenTree> = source.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        check(group.stream());
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string());
        if before(1).as_deref() == Some("!")
            && let Some((_, expand)) =
                before(2).and_then(|name| MACROS.into_iter().find(|known| known.0 == name))
        {
            check_macro(expand, group.stream());
        }
        if before(1).as_deref() == Some("#") && group.delimiter() == Delimiter::Bracket {
            check_attribute(group, item(&tokens[at + 1..]));
        }
    }
}

/// The tokens of the item that `rest` begins with.
fn item(rest: &[TokenTree]) -> TokenStream {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let end = rest.iter().position(ends).map_or(rest.len(), |end| end + 1);
    rest[..end].iter().cloned().collect()
}

fn check_macro(expand: Macro, tokens: TokenStream) {
    let expanded = expand(tokens);
    assert!(syn::parse2::<syn::Expr>(expanded.clone()).is_ok(), "no expression: {expanded}");
}

/// Expands what stands between `#[` and `]` above an item, if it is ours.
fn check_attribute(attribute: &Group, item: TokenStream) {
    let path: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let (arguments, names) = match path.split_last() {
        Some((TokenTree::Group(arguments), names)) => (arguments.stream(), names),
        _ => (TokenStream::new(), &path[..]),
    };
    let Some(TokenTree::Ident(name)) = names.last() else { return };
    for (known, expand) in ATTRIBUTES {
        if name == known {
            check_function(expand, arguments.clone(), &item);
        }
    }
    if name == "instrumented" {
        check_function(span_attribute::tool_call, arguments.clone(), &item);
        for span in SPANS {
            let span: TokenStream = span.parse().expect("they are tokens");
            check_function(span_attribute::agent_span, quote!(#span, #arguments), &item);
        }
    }
    if name == "derive" {
        // Attributes of the derives above this one are not seen, which is one mutation more.
        for (known, expand) in DERIVES {
            if arguments.to_string().contains(known) {
                let expanded = expand(item.clone());
                assert!(syn::parse2::<syn::File>(expanded.clone()).is_ok(), "no items: {expanded}");
            }
        }
    }
}

fn check_function(expand: Attribute, arguments: TokenStream, item: &TokenStream) {
    let expanded = expand(arguments, item.clone());
    // Only input that parses must expand to items that parse.
    if syn::parse2::<syn::Item>(item.clone()).is_ok() {
        assert!(syn::parse2::<syn::File>(expanded.clone()).is_ok(), "no items: {expanded}");
    }
    let mut made = HashMap::new();
    count(expanded.clone(), &mut made);
    let mut written = HashMap::new();
    count(item.clone(), &mut written);
    for (word, times) in written {
        let is_moved = matches!(&*word, "_" | "mut" | "expect" | "reason");
        let there = made.get(&word).copied().unwrap_or(0);
        assert!(is_moved || there >= times, "`{word}` is lost: {item}\nbecomes {expanded}");
    }
}

/// How often each word and literal is there.
fn count(tokens: TokenStream, words: &mut HashMap<String, usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => count(group.stream(), words),
            TokenTree::Punct(_) => {}
            // A `where` without predicates is dropped by the parser.
            TokenTree::Ident(word)
                if word == "where" && matches!(tokens.peek(), None | Some(TokenTree::Group(_))) => {}
            TokenTree::Ident(_) | TokenTree::Literal(_) => *words.entry(token.to_string()).or_default() += 1,
        }
    }
}
