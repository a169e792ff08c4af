//! The expansions that the documentation shows are those that are made, and fit on a screen. `UPDATE=1`
//! writes them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote;

use crate::span_attribute;

/// Lines that a screen shows.
const SCREEN: usize = 50;

/// The page and the name of each case, with what is made.
fn cases() -> [(&'static str, &'static str, TokenStream); 3] {
    [
        (
            "agent_span",
            "agent_span",
            span_attribute::agent_span(
                quote!(agent),
                quote! {
                    fn answer(question: &str) -> String {
                        question.to_uppercase()
                    }
                },
            ),
        ),
        (
            "agent_span",
            "agent_span_async",
            span_attribute::agent_span(
                quote!(llm_request, model = self.model.as_str(), message_count = messages.len()),
                quote! {
                    async fn request(&self, messages: &[Message]) -> Result<Reply, LlmError> {
                        self.http.post(messages).await
                    }
                },
            ),
        ),
        (
            "tool_call",
            "tool_call",
            span_attribute::tool_call(
                TokenStream::new(),
                quote! {
                    /// Looks up the weather.
                    async fn get_weather(city: String) -> Result<Weather, ToolError> {
                        weather_of(&city).await
                    }
                },
            ),
        ),
    ]
}

/// The tokens without `#[allow(..)]`, and with short names for the runtime and for what is introduced.
fn shortened(tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let runtime: Vec<String> =
        quote!(::telemetry_runtime::__private).into_iter().map(|token| token.to_string()).collect();
    let mut made = TokenStream::new();
    while !tokens.is_empty() {
        let text = |token: &TokenTree| token.to_string();
        if tokens.len() >= runtime.len()
            && tokens[..runtime.len()].iter().map(text).eq(runtime.iter().cloned())
        {
            tokens.drain(..runtime.len());
            made.extend(quote!(rt));
            continue;
        }
        if let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = &tokens[..]
            && hash.as_char() == '#'
            && attribute.stream().to_string().starts_with("allow")
        {
            tokens.drain(..2);
            continue;
        }
        made.extend([match tokens.remove(0) {
            TokenTree::Group(group) => Group::new(group.delimiter(), shortened(group.stream())).into(),
            TokenTree::Ident(ident) => match ident.to_string().strip_prefix("__telemetry_") {
                Some(name) => TokenTree::Ident(Ident::new(name, ident.span())),
                None => ident.into(),
            },
            other => other,
        }]);
    }
    made
}

/// As rustfmt has it.
fn formatted(tokens: &TokenStream) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is part of the toolchain");
    let mut source = rustfmt.stdin.take().expect("it is piped");
    source.write_all(tokens.to_string().as_bytes()).expect("rustfmt reads");
    drop(source);
    let output = rustfmt.wait_with_output().expect("rustfmt runs");
    assert!(output.status.success(), "rustfmt cannot read {tokens}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

#[test]
fn the_documentation_shows_what_is_made() {
    if super::is_packaged() {
        return;
    }
    for (page, name, made) in cases() {
        let code = formatted(&shortened(made));
        let lines = code.lines().count();
        assert!(lines <= SCREEN, "`{name}` is {lines} lines:\n{code}");

        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../telemetry-runtime/docs/{page}.md"));
        let text = fs::read_to_string(&path).expect("the page is part of the workspace");
        let begin = format!("<!-- expansion: {name} -->\n");
        let (before, rest) = text.split_once(&begin).expect("the page has a place for it");
        let (_, after) = rest.split_once("<!-- end -->").expect("the place ends");
        let written = format!("{before}{begin}```text\n{code}```\n<!-- end -->{after}");
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, written).expect("the workspace can be written to");
        } else {
            assert!(text == written, "{page}.md: `UPDATE=1 cargo test -p telemetry-macros documented`");
        }
    }
}
