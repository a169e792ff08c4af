//! What an annotation means, once it was checked: the input of the expansion.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Expr, ExprStruct, Path};
use telemetry_catalogue::{self as catalogue, Type as KeyType};

use crate::args::{Projection, Recorded};
use crate::input::names_variable;

/// A span that exists.
pub(crate) enum SpanKind {
    Documented(&'static catalogue::SpanSpec, Ident),
    Own(ExprStruct),
}

impl SpanKind {
    /// What messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Documented(span, _) => span.short_name.to_owned(),
            Self::Own(own) => {
                own.path.segments.last().map_or_else(String::new, |last| last.ident.to_string())
            }
        }
    }

    pub(crate) fn spec(&self) -> Option<&'static catalogue::SpanSpec> {
        match self {
            Self::Documented(span, _) => Some(span),
            Self::Own(_) => None,
        }
    }

    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.spec().is_some_and(|spec| spec.short_name == attribute)
    }
}

/// One key to capture at start.
pub(crate) struct Capture {
    pub(crate) key: String,
    pub(crate) how: How,
}

/// How a value is captured.
pub(crate) enum How {
    /// An expression, recorded now.
    Expr(Recorded, Option<KeyType>),
    /// A parameter, kept.
    Param(Ident, KeyType),
    /// The arguments of a tool: parameters by name.
    Arguments(Vec<Argument>),
    /// The one argument of a tool that is a map of its own: `Parameters<T>`.
    Whole(Ident),
    /// The same, of a parameter whose pattern binds what the annotation names: captured before it is taken apart.
    WholeBefore,
    /// A tool's arguments as an expression: a string that holds a JSON object is that object.
    JsonArguments(Recorded),
    /// The number of the turn within its agent, counted by the runtime.
    Turn,
}

/// One argument of a tool.
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) ident: Ident,
    pub(crate) cfgs: Vec<syn::Attribute>,
}

/// A key computed from a return value, an error or an item.
pub(crate) struct StopKey {
    pub(crate) key: StopKeyName,
    pub(crate) value: Recorded,
    pub(crate) ty: Option<KeyType>,
    /// `KEY += EXPR`.
    pub(crate) appends: bool,
}

/// A stop key's name.
pub(crate) enum StopKeyName {
    Documented(&'static str),
    /// A field of the user's own span's stop keys.
    Own(Ident),
    /// A key of `fields(..)`, or a dotted name in quotes.
    User(String),
}

/// A checked rule.
pub(crate) struct StopRule {
    /// Where its keyword stands.
    pub(crate) span: Span,
    pub(crate) pat: syn::Pat,
    pub(crate) keys: Vec<StopKey>,
}

/// `response`: the value, or a part of it, is a model's answer.
pub(crate) struct ResponseRule {
    /// Where the word stands.
    pub(crate) span: Span,
    pub(crate) projection: Option<Projection>,
}

/// How the work is to be reached.
pub(crate) struct Options {
    pub(crate) future: Option<Span>,
    pub(crate) stream: Option<Span>,
}

/// What an annotation means.
pub(crate) struct Model {
    pub(crate) span: SpanKind,
    pub(crate) captures: Vec<Capture>,
    pub(crate) agent: Option<Recorded>,
    pub(crate) tool_call_id: Option<Recorded>,
    pub(crate) context: Option<Expr>,
    pub(crate) stop: Option<StopRule>,
    pub(crate) err: Option<StopRule>,
    pub(crate) item: Option<StopRule>,
    pub(crate) response: Option<ResponseRule>,
    pub(crate) krate: Option<Path>,
    pub(crate) options: Options,
}

impl Model {
    /// Whether the annotation needs that variable before the work.
    pub(crate) fn takes(&self, ident: &Ident) -> bool {
        let is_argument = |capture: &Capture| match &capture.how {
            How::Arguments(arguments) => arguments.iter().any(|argument| argument.ident == *ident),
            How::Whole(whole) => whole == ident,
            How::Expr(..) | How::Param(..) | How::JsonArguments(_) | How::WholeBefore | How::Turn => false,
        };
        self.mentions(ident) || self.captures.iter().any(is_argument)
    }

    /// Whether the annotation names that variable, other than as one of a tool's arguments.
    pub(crate) fn mentions(&self, ident: &Ident) -> bool {
        let mentioned = |value: &Recorded| names_variable(value.expr.to_token_stream(), ident);
        let captured = self.captures.iter().any(|capture| match &capture.how {
            How::Expr(value, _) | How::JsonArguments(value) => mentioned(value),
            How::Param(param, _) => param == ident,
            How::Arguments(_) | How::Whole(_) | How::WholeBefore | How::Turn => false,
        });
        let own = match &self.span {
            SpanKind::Own(own) => names_variable(own.fields.to_token_stream(), ident),
            SpanKind::Documented(..) => false,
        };
        let context = self.context.iter().any(|context| names_variable(context.to_token_stream(), ident));
        captured || own || context || self.agent.iter().chain(&self.tool_call_id).any(mentioned)
    }

    /// Whether the span is a call of a model, whose answer can be read.
    pub(crate) fn is_model_call(&self) -> bool {
        self.span.spec().is_some_and(|spec| spec.stop_field("response_model").is_some())
    }

    /// Where the span is named.
    pub(crate) fn span_span(&self) -> Span {
        match &self.span {
            SpanKind::Documented(_, name) => name.span(),
            SpanKind::Own(own) => syn::spanned::Spanned::span(&own.path),
        }
    }
}
