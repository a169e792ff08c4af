//! `#[agent_span(..)]` and `#[tool_call(..)]`: parse, validate, classify, expand.

use proc_macro2::{Span, TokenStream};

use crate::args::{Args, SpanArg};
use crate::ctxt::Ctxt;
use crate::input::Function;
use crate::shape::Shape;
use crate::valid::{self, Target};
use crate::{expand, fallback};

pub(crate) fn agent_span(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let (span, args) = Args::of_agent_span(args, &mut cx);
    if let Some(SpanArg::Name(name)) = &span
        && name == "tool_call"
    {
        cx.error(name, "`tool_call` has an attribute of its own: `#[tool_call]`");
    }
    attribute("agent_span", span, args, item, cx)
}

pub(crate) fn tool_call(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let args = Args::of_tool_call(args, &mut cx);
    let span = SpanArg::Name(syn::Ident::new("tool_call", Span::call_site()));
    attribute("tool_call", Some(span), args, item, cx)
}

fn attribute(name: &str, span: Option<SpanArg>, args: Args, item: TokenStream, mut cx: Ctxt) -> TokenStream {
    let function = Function::parse(item.clone(), name, &mut cx);
    let span = span.and_then(|span| valid::span(span, &mut cx));
    let (Some(function), Some(span)) = (function, span) else { return fallback::item(cx, item) };
    if cfg!(any(telemetry_off, feature = "off")) && cx.is_empty() {
        return item;
    }
    let params = function.params();
    let tool = function.tool_option("name");
    let target = Target::Function { params: &params, name: &function.sig.ident, tool };
    let model = valid::model(span, args, &target, &mut cx);
    let shape = Shape::of(&function, &model.options, &mut cx);
    if cx.is_empty() { expand::function(function, &model, &shape) } else { fallback::item(cx, item) }
}
