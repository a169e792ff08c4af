//! The span that an annotation names.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, ExprStruct, LitStr, Result, Token, token};

use super::list::{comma, skip_to_comma_or_semicolon};
use crate::ctxt::Ctxt;

/// Which span, as it was written.
pub(crate) enum SpanArg {
    /// A name: of a documented span, if it is known.
    Name(Ident),
    /// A span of the user's own.
    Own(ExprStruct),
}

/// Parses the span and the comma behind it.
pub(super) fn span_arg(input: ParseStream<'_>, cx: &mut Ctxt) -> Option<SpanArg> {
    if input.is_empty() {
        cx.error_at(
            input.span(),
            "expected a span: a documented one, such as `#[agent_span(llm_turn, ..)]`, or one of your own: \
             `#[agent_span(Retrieval { .. })]`",
        );
        return None;
    }
    if input.peek(LitStr)
        && let Ok(name) = input.parse::<LitStr>()
    {
        let event = name.value();
        match span_of_event(&event) {
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
                Some(span) => cx.error(first, format_args!("write the span's short name: `{span}`")),
                None => cx.error(
                    first,
                    format_args!(
                        "write the span's short name, such as `llm_turn`; there is no span `{dotted}`"
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
