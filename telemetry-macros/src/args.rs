//! What stands in an attribute's parentheses, as it was written.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, ExprStruct, LitStr, Pat, Path, Result, Token, parenthesized, token};

use crate::ctxt::{Ctxt, one_of};

/// The arguments of `#[agent_span(..)]`, `#[tool_call(..)]` or `in_span!(..)`.
#[derive(Default)]
pub(crate) struct Args {
    /// Start keys by name, in order.
    pub(crate) keys: Vec<Entry>,
    /// `fields(..)`: keys of the user's own.
    pub(crate) fields: Vec<Entry>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) skip_all: Slot<()>,
    pub(crate) stop: Slot<Rule>,
    pub(crate) err: Slot<Rule>,
    pub(crate) item: Slot<Rule>,
    pub(crate) agent: Slot<Recorded>,
    pub(crate) context: Slot<Expr>,
    pub(crate) tool_call_id: Slot<Recorded>,
    pub(crate) name: Slot<Expr>,
    pub(crate) future: Slot<()>,
    pub(crate) stream: Slot<()>,
    pub(crate) krate: Slot<Path>,
}

/// Which span, as it was written.
pub(crate) enum SpanArg {
    /// A name: of a documented span, if it is known.
    Name(Ident),
    /// A span of the user's own.
    Own(ExprStruct),
}

/// Something that can be said once.
pub(crate) struct Slot<T>(pub(crate) Option<(Span, T)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot<T> {
    fn set(&mut self, keyword: &Ident, value: T, cx: &mut Ctxt) {
        if self.0.is_some() {
            cx.error(keyword, format_args!("`{keyword}` is given twice"));
        } else {
            self.0 = Some((keyword.span(), value));
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    pub(crate) fn span(&self) -> Option<Span> {
        self.0.as_ref().map(|(span, _)| *span)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

/// How a value is recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sigil {
    /// `EXPR`: its `Serialize`.
    None,
    /// `%EXPR`: its `Display` text.
    Display,
    /// `?EXPR`: its `Debug` text.
    Debug,
}

/// A value and how it is recorded.
pub(crate) struct Recorded {
    pub(crate) sigil: Sigil,
    pub(crate) expr: Expr,
}

impl Parse for Recorded {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let sigil = if input.parse::<Option<Token![%]>>()?.is_some() {
            Sigil::Display
        } else if input.parse::<Option<Token![?]>>()?.is_some() {
            Sigil::Debug
        } else {
            Sigil::None
        };
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(input.span(), "expected a value after `=`"));
        }
        Ok(Self { sigil, expr: input.parse()? })
    }
}

/// A key, and its value unless that is the variable of its name.
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Option<Recorded>,
}

/// A key as an identifier, or as a string where it is none.
#[derive(Clone)]
pub(crate) enum Key {
    Ident(Ident),
    Text(LitStr),
}

impl Key {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Ident(ident) => ident.unraw().to_string(),
            Self::Text(text) => text.value(),
        }
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Ident(ident) => ident.to_tokens(tokens),
            Self::Text(text) => text.to_tokens(tokens),
        }
    }
}

impl Parse for Key {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(Self::Text);
        }
        if input.peek(Ident::peek_any) {
            return input.call(Ident::parse_any).map(Self::Ident);
        }
        Err(Error::new(input.span(), "expected a key, as in `KEY = EXPR`"))
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key: Key = input.parse()?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        match (&key, &value) {
            (Key::Text(text), None) => Err(Error::new(
                text.span(),
                format_args!("a key in quotes needs a value: `{} = EXPR`", quoted(text)),
            )),
            (Key::Ident(word), None) if syn::parse2::<Expr>(word.to_token_stream()).is_err() => {
                Err(Error::new(
                    word.span(),
                    format_args!(
                        "`{word}` is a keyword, so no variable has that name: write `{word} = EXPR`"
                    ),
                ))
            }
            _ => Ok(Self { key, value }),
        }
    }
}

impl Entry {
    /// The value, which may be the variable that the key names.
    pub(crate) fn recorded(self) -> Option<Recorded> {
        self.value.or_else(|| match self.key {
            Key::Ident(ident) => {
                let path = syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.into() };
                Some(Recorded { sigil: Sigil::None, expr: Expr::Path(path) })
            }
            // It does not parse.
            Key::Text(_) => None,
        })
    }
}

fn quoted(text: &LitStr) -> String {
    format!("{:?}", text.value())
}

/// `|PATTERN| KEY = EXPR, ..`: keys computed from something.
pub(crate) struct Rule {
    pub(crate) pat: Pat,
    pub(crate) entries: Vec<Entry>,
}

impl Rule {
    fn parse(input: ParseStream<'_>, keyword: &Ident, cx: &mut Ctxt) -> Result<Self> {
        if !input.peek(Token![|]) {
            return Err(input.error(format_args!(
                "expected `{keyword}(|{value}| KEY = EXPR, ..)`",
                value = if keyword == "err" {
                    "error"
                } else if keyword == "item" {
                    "item"
                } else {
                    "value"
                },
            )));
        }
        input.parse::<Token![|]>()?;
        let pat = Pat::parse_single(input)?;
        if input.peek(Token![,]) {
            return Err(Error::new(
                input.span(),
                format_args!("one name for the value: `{keyword}(|value| ..)`"),
            ));
        }
        input.parse::<Token![|]>()?;
        let entries = list(input, cx);
        Ok(Self { pat, entries })
    }
}

/// The name of a parameter.
struct Skipped(Ident);

impl Parse for Skipped {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let span = input.span();
        let wrong = || Error::new(span, "`skip` takes the names of parameters");
        let name = input.call(Ident::parse_any).map_err(|_| wrong())?;
        if input.is_empty() || input.peek(Token![,]) { Ok(Self(name)) } else { Err(wrong()) }
    }
}

/// Entries with commas between; a mistake in one does not hide those in the others.
fn list<T: Parse>(input: ParseStream<'_>, cx: &mut Ctxt) -> Vec<T> {
    let mut parsed = Vec::new();
    while !input.is_empty() {
        match input.parse() {
            Ok(entry) => parsed.push(entry),
            Err(error) => {
                cx.push(error);
                skip_to_comma(input);
            }
        }
        comma(input, cx);
    }
    parsed
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

/// A comma, unless this is the end.
fn comma(input: ParseStream<'_>, cx: &mut Ctxt) {
    if input.is_empty() {
        return;
    }
    if let Err(error) = input.parse::<Token![,]>() {
        cx.push(error);
        skip_to_comma(input);
        let _ = input.parse::<Option<Token![,]>>();
    }
}

/// The words that are no keys.
pub(crate) const WORDS: [&str; 11] =
    ["fields", "skip", "skip_all", "stop", "err", "item", "agent", "context", "future", "stream", "crate"];

impl Args {
    /// Where words stand that are no keys.
    pub(crate) fn words(&self) -> Vec<Span> {
        let slots = [
            self.skip_all.span(),
            self.stop.span(),
            self.err.span(),
            self.item.span(),
            self.agent.span(),
            self.context.span(),
            self.tool_call_id.span(),
            self.name.span(),
            self.future.span(),
            self.stream.span(),
        ];
        slots.into_iter().flatten().chain(self.skip.iter().map(Ident::span)).collect()
    }

    /// Parses one argument.
    fn argument(&mut self, input: ParseStream<'_>, tool: bool, cx: &mut Ctxt) -> Result<()> {
        if input.peek(Token![|])
            || input.peek(Token![||])
            || input.peek(Token![move])
            || input.peek(Token![async])
        {
            let span = input.span();
            while !input.is_empty() {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            return Err(Error::new(span, "write `;` before the work: `in_span!(SPAN, ..; || ..)`"));
        }
        if tool && input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            return Err(Error::new(
                name.span(),
                format_args!("a tool's name is given as `name = {}`", quoted(&name)),
            ));
        }
        if !input.peek(Ident::peek_any) {
            return Err(Error::new(
                input.span(),
                "expected a key such as `model = EXPR`, or `fields(..)`, `skip(..)`, `skip_all`, `stop(..)`, \
                 `err(..)`, `item(..)`, `agent = ..`, `context = ..`, `future`, `stream` or `crate = ..`",
            ));
        }
        let word = input.fork().call(Ident::parse_any)?;
        let (has_list, has_value) = (input.peek2(token::Paren), input.peek2(Token![=]));
        let word_text = word.to_string();
        match &*word_text {
            "fields" if has_list => {
                let (word, content) = parens(input)?;
                drop(word);
                self.fields.extend(list::<Entry>(&content, cx));
            }
            "skip" if has_list => {
                let (_, content) = parens(input)?;
                self.skip.extend(list::<Skipped>(&content, cx).into_iter().map(|skipped| skipped.0));
            }
            "skip_all" if !has_value => self.skip_all.set(&input.call(Ident::parse_any)?, (), cx),
            "future" if !has_value => self.future.set(&input.call(Ident::parse_any)?, (), cx),
            "stream" if !has_value => self.stream.set(&input.call(Ident::parse_any)?, (), cx),
            "stop" | "err" | "item" if has_list => {
                let (word, content) = parens(input)?;
                let rule = Rule::parse(&content, &word, cx);
                if rule.is_err() {
                    let _ = content.parse::<TokenStream>();
                }
                let slot = match &*word_text {
                    "stop" => &mut self.stop,
                    "err" => &mut self.err,
                    _ => &mut self.item,
                };
                slot.set(&word, rule?, cx);
            }
            "stop" | "err" | "item" | "fields" | "skip" => {
                input.call(Ident::parse_any)?;
                let content = if word == "skip" {
                    "PARAM, .."
                } else if word == "fields" {
                    "KEY = EXPR, .."
                } else {
                    "|value| KEY = EXPR, .."
                };
                return Err(Error::new(word.span(), format_args!("write `{word}({content})`")));
            }
            "agent" if has_value => {
                let word = valued(input)?;
                self.agent.set(&word, input.parse()?, cx);
            }
            "context" if has_value => {
                let word = valued(input)?;
                self.context.set(&word, input.parse()?, cx);
            }
            "crate" if has_value => {
                let word = valued(input)?;
                let path = input.call(Path::parse_mod_style)?;
                self.krate.set(&word, path, cx);
            }
            "tool_call_id" if has_value && tool => {
                let word = valued(input)?;
                self.tool_call_id.set(&word, input.parse()?, cx);
            }
            "name" if has_value && tool => {
                let word = valued(input)?;
                self.name.set(&word, input.parse()?, cx);
            }
            _ if has_list => {
                parens(input)?.1.parse::<TokenStream>()?;
                let lists = ["fields", "skip", "stop", "err", "item"];
                let near = match telemetry_catalogue::nearest(&word_text, lists) {
                    Some(near) => format!("; did you mean `{near}(..)`?"),
                    None => format!(
                        "; there are {}",
                        one_of(lists.map(|list| format!("{list}(..)")).iter().map(|list| &**list))
                            .replace(" or ", " and ")
                    ),
                };
                return Err(Error::new(word.span(), format_args!("there is no `{word}(..)` here{near}")));
            }
            _ if input.peek2(Token![:]) => {
                input.call(Ident::parse_any)?;
                return Err(Error::new(input.span(), format_args!("write `{word} = EXPR`")));
            }
            _ if input.peek2(Token![?]) => {
                input.call(Ident::parse_any)?;
                return Err(Error::new(input.span(), format_args!("write `{word}`, without the `?`")));
            }
            _ => self.keys.push(input.parse()?),
        }
        Ok(())
    }

    fn arguments(&mut self, input: ParseStream<'_>, tool: bool, cx: &mut Ctxt) {
        while !input.is_empty() && !input.peek(Token![;]) {
            if let Err(error) = self.argument(input, tool, cx) {
                cx.push(error);
                skip_to_comma_or_semicolon(input);
            }
            if input.peek(Token![;]) {
                return;
            }
            comma(input, cx);
        }
    }

    /// `#[tool_call(..)]`.
    pub(crate) fn of_tool_call(tokens: TokenStream, cx: &mut Ctxt) -> Self {
        let mut args = Self::default();
        let parser = |input: ParseStream<'_>| {
            args.arguments(input, true, cx);
            input.parse::<TokenStream>().map(drop)
        };
        // Mistakes are in the context already.
        let _ = parser.parse2(tokens);
        args
    }

    /// `#[agent_span(SPAN, ..)]`.
    pub(crate) fn of_agent_span(tokens: TokenStream, cx: &mut Ctxt) -> (Option<SpanArg>, Self) {
        let (mut span, mut args) = (None, Self::default());
        let parser = |input: ParseStream<'_>| {
            span = span_arg(input, cx);
            let tool = matches!(&span, Some(SpanArg::Name(name)) if name == "tool_call");
            args.arguments(input, tool, cx);
            input.parse::<TokenStream>().map(drop)
        };
        let _ = parser.parse2(tokens);
        (span, args)
    }

    /// `in_span!(SPAN, .. ; WORK)`.
    pub(crate) fn of_in_span(tokens: TokenStream, cx: &mut Ctxt) -> (Option<SpanArg>, Self, Option<Work>) {
        let (mut span, mut args, mut work) = (None, Self::default(), None);
        let parser = |input: ParseStream<'_>| {
            span = span_arg(input, cx);
            let tool = matches!(&span, Some(SpanArg::Name(name)) if name == "tool_call");
            args.arguments(input, tool, cx);
            match input.parse::<Option<Token![;]>>()? {
                None => {
                    if cx.is_empty() {
                        cx.error_at(
                            input.span(),
                            "write `;` and the work: `in_span!(SPAN, ..; async { .. })`, `; || ..` or `; stream STREAM`",
                        );
                    }
                }
                Some(_) => match input.parse() {
                    Ok(parsed) => work = Some(parsed),
                    Err(error) => cx.push(error),
                },
            }
            if !input.is_empty() && cx.is_empty() {
                cx.error_at(input.span(), "unexpected after the work");
            }
            input.parse::<TokenStream>().map(drop)
        };
        let _ = parser.parse2(tokens);
        (span, args, work)
    }
}

fn skip_to_comma_or_semicolon(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![;]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

fn parens(input: ParseStream<'_>) -> Result<(Ident, syn::parse::ParseBuffer<'_>)> {
    let word = input.call(Ident::parse_any)?;
    let content;
    parenthesized!(content in input);
    Ok((word, content))
}

fn valued(input: ParseStream<'_>) -> Result<Ident> {
    let word = input.call(Ident::parse_any)?;
    input.parse::<Token![=]>()?;
    Ok(word)
}

fn span_arg(input: ParseStream<'_>, cx: &mut Ctxt) -> Option<SpanArg> {
    if input.is_empty() {
        cx.error_at(
            input.span(),
            "which span? Write a documented one, such as `#[agent_span(llm_turn, ..)]`, or one of your own: \
             `#[agent_span(Retrieval { .. })]`",
        );
        return None;
    }
    if input.peek(LitStr)
        && let Ok(name) = input.parse::<LitStr>()
    {
        let said = name.value();
        match span_of_event(&said) {
            Some(span) => cx.error(&name, format_args!("write it without quotes: `{span}`")),
            None => cx.error(&name, "a span is written as its name, such as `llm_turn`, without quotes"),
        }
        skip_to_comma_or_semicolon(input);
        comma(input, cx);
        return None;
    }
    let parsed = if input.peek(Ident::peek_any)
        && !input.peek2(Token![::])
        && !input.peek2(token::Brace)
        && !input.peek2(Token![<])
    {
        input.call(Ident::parse_any).map(SpanArg::Name)
    } else {
        parse_own(input).map(SpanArg::Own)
    };
    let span = match parsed {
        Ok(SpanArg::Name(first)) if input.peek(Token![.]) => {
            let mut dotted = first.to_string();
            while input.parse::<Option<Token![.]>>().is_ok_and(|dot| dot.is_some()) {
                if let Ok(segment) = input.call(Ident::parse_any) {
                    dotted = format!("{dotted}.{segment}");
                }
            }
            match span_of_event(&dotted) {
                Some(span) => cx.error(first, format_args!("a span goes by its short name: write `{span}`")),
                None => cx.error(
                    first,
                    format_args!(
                        "a span goes by its short name, such as `llm_turn`; there is none for `{dotted}`"
                    ),
                ),
            }
            skip_to_comma_or_semicolon(input);
            comma(input, cx);
            return None;
        }
        Ok(span) => Some(span),
        Err(error) => {
            cx.push(error);
            skip_to_comma_or_semicolon(input);
            None
        }
    };
    if !input.peek(Token![;]) {
        if input.peek(Token![=]) {
            // `#[agent_span(model = ..)]`: the span was forgotten.
            if let Some(SpanArg::Name(name)) = &span {
                cx.error(name, format_args!(
                    "the span comes first: `#[agent_span(SPAN, {name} = ..)]`, with SPAN such as `llm_turn` or `agent`",
                ));
            }
            skip_to_comma_or_semicolon(input);
            comma(input, cx);
            return None;
        }
        comma(input, cx);
    }
    span
}

/// The attribute name of the span that has that name, prefix, or event.
fn span_of_event(text: &str) -> Option<&'static str> {
    let spans = telemetry_catalogue::SPANS.iter();
    let mut known =
        spans.filter(|span| span.short_name == text || span.prefix == text || span.events.contains(&text));
    known.next().map(|span| span.short_name)
}

fn parse_own(input: ParseStream<'_>) -> Result<ExprStruct> {
    match input.parse::<Expr>()? {
        Expr::Struct(own) => Ok(own),
        Expr::Path(path) => Ok(ExprStruct {
            attrs: Vec::new(),
            qself: path.qself,
            path: path.path,
            brace_token: token::Brace::default(),
            fields: syn::punctuated::Punctuated::new(),
            dot2_token: None,
            rest: None,
        }),
        other => Err(Error::new_spanned(
            other,
            "expected a span: its name, or a struct such as `Retrieval { query }`",
        )),
    }
}

/// What runs in an `in_span!`.
pub(crate) enum Work {
    /// `|| ..`
    Call(Expr),
    /// `async { .. }`, or any future.
    Future(Expr),
    /// `stream ..`
    Stream(Expr),
}

impl Parse for Work {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Err(Error::new(
                input.span(),
                "write the work behind `;`: `async { .. }`, `|| ..` or `stream STREAM`",
            ));
        }
        let is_stream = input.peek(Ident::peek_any)
            && input.fork().call(Ident::parse_any)? == "stream"
            && (input.peek2(Ident::peek_any) || input.peek2(token::Paren) || input.peek2(token::Brace));
        if is_stream {
            input.call(Ident::parse_any)?;
            return input.parse().map(Self::Stream);
        }
        match input.parse()? {
            Expr::Closure(closure) if closure.inputs.is_empty() && closure.asyncness.is_none() => {
                Ok(Self::Call(Expr::Closure(closure)))
            }
            Expr::Closure(closure) => {
                Err(Error::new_spanned(closure, "the work takes no arguments: `|| ..`, or `async { .. }`"))
            }
            other => Ok(Self::Future(other)),
        }
    }
}
