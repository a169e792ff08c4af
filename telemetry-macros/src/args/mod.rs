//! What stands in an attribute's parentheses, as it was written.

mod entry;
mod list;
mod span;
mod work;

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, LitStr, Path, Result, Token, token};

pub(crate) use entry::{Entries, Entry, Format, Key, Projection, Recorded, Rule, field_named, field_of};
pub(crate) use span::SpanArg;
pub(crate) use work::Work;

use crate::ctxt::{Ctxt, one_of};
use entry::quoted;
use list::{comma, list, parens, skip_to_comma_or_semicolon, valued};
use span::span_arg;

/// The arguments of `#[agent_span(..)]`, `#[tool_call(..)]` or `in_span!(..)`.
#[derive(Default)]
pub(crate) struct Args {
    /// Start keys by name, in order.
    pub(crate) keys: Vec<Entry>,
    /// `fields(..)`: keys of the user's own.
    pub(crate) fields: Vec<Entry>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) skip_all: Once<()>,
    pub(crate) stop: Once<Rule>,
    pub(crate) err: Once<Rule>,
    pub(crate) item: Once<Rule>,
    /// `response`, perhaps with the part that is one.
    pub(crate) response: Once<Option<Projection>>,
    pub(crate) agent: Once<Recorded>,
    pub(crate) context: Once<Expr>,
    pub(crate) tool_call_id: Once<Recorded>,
    pub(crate) name: Once<Expr>,
    pub(crate) future: Once<()>,
    pub(crate) stream: Once<()>,
    pub(crate) krate: Once<Path>,
}

/// An option that may be given once.
pub(crate) struct Once<T>(pub(crate) Option<(Span, T)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    pub(crate) fn set(&mut self, keyword: &Ident, value: T, cx: &mut Ctxt) {
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

/// The words that are no keys.
pub(crate) const WORDS: [&str; 12] = [
    "fields", "skip", "skip_all", "stop", "err", "item", "response", "agent", "context", "future", "stream",
    "crate",
];

impl Args {
    /// Where words stand that are no keys.
    pub(crate) fn words(&self) -> Vec<Span> {
        let slots = [
            self.skip_all.span(),
            self.stop.span(),
            self.err.span(),
            self.item.span(),
            self.response.span(),
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
                format_args!("write the tool's name as `name = {}`", quoted(&name)),
            ));
        }
        if input.peek(LitStr) && input.peek2(Token![=]) {
            self.keys.push(input.parse()?);
            return Ok(());
        }
        if !input.peek(Ident::peek_any) {
            return Err(Error::new(
                input.span(),
                "expected a key such as `model = EXPR`, or `fields(..)`, `skip(..)`, `skip_all`, `stop(..)`, \
                 `err(..)`, `item(..)`, `response`, `agent = ..`, `context = ..`, `future`, `stream` or `crate = ..`",
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
            "response" if has_list => {
                let (word, content) = parens(input)?;
                let projection = Projection::parse(&content, &word);
                if projection.is_err() {
                    let _ = content.parse::<TokenStream>();
                }
                self.response.set(&word, Some(projection?), cx);
            }
            "response" if !has_value => self.response.set(&input.call(Ident::parse_any)?, None, cx),
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
                let lists = ["fields", "skip", "stop", "err", "item", "response"];
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

    /// What stands behind the `;` of `record!(span; ..)`.
    pub(crate) fn of_record(tokens: TokenStream, cx: &mut Ctxt) -> Self {
        let mut args = Self::default();
        let parser = |input: ParseStream<'_>| {
            input.parse::<Expr>()?;
            input.parse::<Token![;]>()?;
            args.arguments(input, false, cx);
            input.parse::<TokenStream>().map(drop)
        };
        let _ = parser.parse2(tokens);
        args
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
                cx.error_at(input.span(), "unexpected tokens after the work");
            }
            input.parse::<TokenStream>().map(drop)
        };
        let _ = parser.parse2(tokens);
        (span, args, work)
    }
}
