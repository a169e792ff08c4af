//! What is annotated, and the check of one value: for all the other checks.

use proc_macro2::Ident;
use syn::Expr;
use telemetry_catalogue::Type as KeyType;

use crate::args::{Format, Recorded};
use crate::ctxt::Ctxt;
use crate::input::Param;

/// What is annotated.
pub(crate) enum Target<'f> {
    /// A function, with its parameters, its name, and the name that a tool attribute of another crate gives it.
    Function { params: &'f [Param], name: &'f Ident, tool: Option<Expr> },
    /// No function: an `in_span!`.
    Inline,
}

/// `%` and `?` make text, which not every key can hold.
pub(crate) fn check_format(recorded: &Recorded, key: &str, ty: KeyType, cx: &mut Ctxt) {
    let sign = match recorded.format {
        Format::Serialize => return,
        Format::Display => '%',
        Format::Debug => '?',
    };
    if !matches!(ty, KeyType::Text | KeyType::Any) {
        cx.error(
            &recorded.expr,
            format_args!(
                "`{key}` holds {}, and `{sign}` makes text: write `{key} = EXPR`",
                match ty {
                    KeyType::Integer => "a whole number",
                    KeyType::Number => "a number",
                    KeyType::Flag => "`true` or `false`",
                    KeyType::Duration => "a length of time",
                    _ => "a list",
                },
            ),
        );
    }
}
