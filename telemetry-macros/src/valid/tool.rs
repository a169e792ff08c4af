//! What a span captures by default: a tool's name and arguments, the number of a turn.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, format_ident};
use syn::Type;
use syn::ext::IdentExt;
use telemetry_catalogue::Type as KeyType;

use super::checks::Target;
use crate::args::{Args, Format, Recorded};
use crate::ctxt::Ctxt;
use crate::input::{Param, bare, mentions};
use crate::model::{Argument, Capture, How, Model};

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
pub(super) fn automatic(
    key: &'static str,
    args: &Args,
    params: &[Param],
    skipped: &dyn Fn(&Ident) -> bool,
    target: &Target<'_>,
    captures: &mut Vec<Capture>,
    span: &Ident,
    cx: &mut Ctxt,
) {
    let how = match (key, target) {
        ("tool", _) if args.name.is_set() => {
            let Some(name) = args.name.get() else { return };
            How::Expr(Recorded { format: Format::Serialize, expr: name.clone() }, Some(KeyType::Text))
        }
        ("tool", Target::Function { tool: Some(name), .. }) => {
            How::Expr(Recorded { format: Format::Serialize, expr: name.clone() }, Some(KeyType::Text))
        }
        ("tool", Target::Function { name, .. }) => {
            let name = name.unraw().to_string();
            let expr = syn::parse_quote!(#name);
            How::Expr(Recorded { format: Format::Serialize, expr }, Some(KeyType::Text))
        }
        ("tool", Target::Inline) => {
            cx.error(span, "`tool_call` needs the tool's name here: add `tool = EXPR`");
            return;
        }
        ("args", Target::Function { .. }) => match whole_argument(params, skipped) {
            Some(ident) => How::Whole(ident),
            None => How::Arguments(arguments(params, skipped)),
        },
        ("turn", _) => How::Turn,
        _ => return,
    };
    captures.push(Capture { key: key.to_owned(), how });
}

/// The variable that a destructured `Parameters<T>` gets.
pub(crate) fn whole_ident() -> Ident {
    format_ident!("__telemetry_parameters", span = Span::mixed_site())
}

/// The `Parameters<T>` of rmcp, whose `T` is the map of all arguments. Parameters beside it, such as the request's
/// context, are not arguments.
fn whole_argument(params: &[Param], skipped: &dyn Fn(&Ident) -> bool) -> Option<Ident> {
    let shown = |param: &&Param| {
        !param.bindings.iter().all(|binding| skipped(&binding.ident)) || param.bindings.is_empty()
    };
    let mut wrapped = params.iter().filter(|param| is_parameters(&param.ty));
    let sole = wrapped.next().filter(shown)?;
    if wrapped.next().is_some() {
        return None;
    }
    Some(match &sole.pat {
        syn::Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() => pat.ident.clone(),
        _ => whole_ident(),
    })
}

/// Where the annotation names what a destructured `Parameters<T>` binds, both must be there when the span begins.
pub(super) fn take_apart(model: &mut Model, params: &[Param]) {
    let bindings = params.iter().filter(|param| is_parameters(&param.ty)).flat_map(|param| &param.bindings);
    if !bindings.into_iter().any(|binding| model.mentions(&binding.ident)) {
        return;
    }
    for capture in &mut model.captures {
        if let How::Whole(ident) = &capture.how
            && *ident == whole_ident()
        {
            capture.how = How::WholeBefore;
        }
    }
}

pub(crate) fn is_parameters(ty: &Type) -> bool {
    let ty = match ty {
        Type::Reference(ty) if ty.mutability.is_none() => bare(&ty.elem),
        _ => ty,
    };
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        last.ident == "Parameters" && matches!(last.arguments, syn::PathArguments::AngleBracketed(_))
    })
}

fn arguments(params: &[Param], skipped: &dyn Fn(&Ident) -> bool) -> Vec<Argument> {
    let shown = params.iter().filter(|param| can_be_argument(&param.ty));
    let bindings = shown.flat_map(|param| param.bindings.iter().map(move |binding| (binding, param)));
    bindings
        .filter(|(binding, _)| !skipped(&binding.ident))
        .map(|(binding, param)| Argument {
            name: binding.ident.unraw().to_string(),
            ident: binding.ident.clone(),
            cfgs: param.cfgs.clone(),
        })
        .collect()
}

/// `&mut` is the caller's to change; a lock may be held by the caller, and serialising it would wait
/// for ever.
fn can_be_argument(ty: &Type) -> bool {
    let is_mut = matches!(ty, Type::Reference(ty) if ty.mutability.is_some());
    let is_lock = |ident: &Ident| {
        let name = ident.to_string();
        name.contains("Mutex") || name.contains("RwLock") || name.ends_with("Lock")
    };
    !is_mut && !mentions(ty.to_token_stream(), &is_lock)
}
