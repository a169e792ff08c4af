//! What kind of work a function does, as far as its tokens show. The only place that looks inside
//! a body.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{
    Block, Expr, ExprAsync, ExprCall, GenericArgument, PathArguments, Stmt, Type, TypeParamBound, TypePath,
};

use crate::ctxt::Ctxt;
use crate::input::{Function, bare, mentions};
use crate::model::Options;

/// How a function's work is reached.
pub(crate) enum Shape {
    /// The body is the work.
    Sync,
    /// The body is the work, of an `async fn`.
    Async,
    /// The body ends in an async block, perhaps boxed: that block is the work.
    Tail(Box<Tail>),
    /// The body returns a future: that is the work, with its stream where there is a `stream`.
    Future,
    /// The body returns a stream: that is the work.
    Stream,
}

/// A body that ends in an async block.
pub(crate) struct Tail {
    /// The statements before it.
    pub(crate) before: Vec<Stmt>,
    /// The block.
    pub(crate) block: ExprAsync,
    /// `Box::pin` and the like around it.
    pub(crate) call: Option<ExprCall>,
    /// The block's output, where the return type gives it.
    pub(crate) output: Option<Type>,
}

impl Shape {
    pub(crate) fn of(function: &Function, options: &Options, cx: &mut Ctxt) -> Self {
        if function.sig.asyncness.is_some() {
            if let Some(span) = options.future {
                cx.error_at(span, "an `async fn` needs no `future`: its body is the work");
            }
            return Self::Async;
        }
        let output = function.output();
        let tail = tail(function);
        if let Some(span) = options.future.filter(|_| options.stream.is_some()) {
            cx.error_at(span, "use `future` or `stream`, not both");
        }
        if (options.future.is_some() || options.stream.is_some()) && output.is_none() {
            let span = options.future.or(options.stream).unwrap_or_else(proc_macro2::Span::call_site);
            cx.error_at(span, "this function returns neither a future nor a stream");
        }
        if let Some(bound) = output.and_then(lost_bound) {
            cx.error(
                bound,
                format_args!(
                    "a future in a span would lose `{}`: remove the bound, or annotate the function that makes the \
                     future",
                    bound.to_token_stream(),
                ),
            );
        }
        match tail {
            // Whatever the function returns is followed: an early `return` gives another future, and a name that is
            // brought into scope may hide one of the return type.
            Some(tail) if tail.before.iter().any(|it| may_return(it) || names(it)) => Self::Future,
            Some(mut tail) => {
                tail.output = output.and_then(future_output).cloned();
                Self::Tail(Box::new(tail))
            }
            None if options.future.is_some() || output.is_some_and(|ty| future_output(ty).is_some()) => {
                Self::Future
            }
            None if options.stream.is_some() => Self::Stream,
            None => Self::Sync,
        }
    }
}

/// Whether the statement has a `return`, or a macro that may hold one.
fn may_return(statement: &Stmt) -> bool {
    let tokens = statement.to_token_stream();
    mentions(tokens.clone(), &|ident| ident == "return") || calls_macro(tokens)
}

/// Macros in common use, of the standard library and for logs, which hold no `return`.
const WITHOUT_RETURN: [&str; 28] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "json",
    "log",
    "matches",
    "panic",
    "print",
    "println",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// Whether a macro is called anywhere in the tokens that may hold a `return`.
fn calls_macro(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    // The operator `!` before parentheses has no name before it, but perhaps a keyword: `if !(..)`.
    let is_call = |window: &[TokenTree]| match window {
        [TokenTree::Ident(name), TokenTree::Punct(punct), TokenTree::Group(_)] => {
            punct.as_char() == '!'
                && syn::parse2::<Ident>(name.to_token_stream()).is_ok()
                && !WITHOUT_RETURN.contains(&&*name.to_string())
        }
        _ => false,
    };
    tokens.windows(3).any(is_call)
        || tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => calls_macro(group.stream()),
            _ => false,
        })
}

fn names(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Item(_))
}

/// A bound of an `impl Future` that a future with a span around it does not have.
fn lost_bound(ty: &Type) -> Option<&TypeParamBound> {
    let Type::ImplTrait(ty) = ty else { return None };
    bounds_output(&ty.bounds)?;
    ty.bounds.iter().find(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| {
            !matches!(
                &*last.ident.to_string(),
                "Future" | "Send" | "Sync" | "Unpin" | "UnwindSafe" | "RefUnwindSafe" | "Sized"
            )
        }),
        _ => false,
    })
}

/// The async block that the body ends in.
fn tail(function: &Function) -> Option<Tail> {
    // Parsing is only worth it where there can be one.
    let has_async = mentions(function.body.stream(), &|ident| ident == "async");
    if !has_async || function.output().is_none() {
        return None;
    }
    let mut statements = Block::parse_within.parse2(function.body.stream()).ok()?;
    let Some(Stmt::Expr(last, None)) = statements.pop() else { return None };
    match last {
        Expr::Async(block) => Some(Tail { before: statements, block, call: None, output: None }),
        Expr::Call(mut call) => {
            let Expr::Path(path) = &*call.func else { return None };
            let is_pin = path.path.segments.last().is_some_and(|segment| segment.ident == "pin");
            if !is_pin || call.args.len() != 1 {
                return None;
            }
            match call.args.pop()? {
                Expr::Async(block) => {
                    Some(Tail { before: statements, block, call: Some(call), output: None })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The output of a type that is spelled as a future: `impl Future<Output =
/// T>`, `Pin<Box<dyn Future<Output = T>>>`, `BoxFuture<'_, T>`, `LocalBoxFuture<'_, T>`.
pub(crate) fn future_output(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::ImplTrait(ty) => bounds_output(&ty.bounds),
        Type::TraitObject(ty) => bounds_output(&ty.bounds),
        Type::Path(TypePath { path, .. }) => {
            let last = path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let mut types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            match &*last.ident.to_string() {
                "Pin" | "Box" => future_output(types.next()?),
                "BoxFuture" | "LocalBoxFuture" => types.next(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The items of a type that is, or holds, what is spelled as a stream: `impl Stream<Item = T>`,
/// `Pin<Box<dyn Stream<Item = T>>>`, `BoxStream<'_, T>`, `LocalBoxStream<'_, T>`, and any of these in a
/// `Result`.
pub(crate) fn stream_item(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::ImplTrait(ty) => bound_type(&ty.bounds, "Stream", "Item"),
        Type::TraitObject(ty) => bound_type(&ty.bounds, "Stream", "Item"),
        Type::Path(TypePath { path, .. }) => {
            let last = path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let mut types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            match &*last.ident.to_string() {
                "BoxStream" | "LocalBoxStream" => types.next(),
                _ => stream_item(types.next()?),
            }
        }
        _ => None,
    }
}

fn bounds_output<'t>(bounds: impl IntoIterator<Item = &'t TypeParamBound>) -> Option<&'t Type> {
    bound_type(bounds, "Future", "Output")
}

/// `T` of `TRAIT<NAME = T>` among the bounds.
fn bound_type<'t>(
    bounds: impl IntoIterator<Item = &'t TypeParamBound>,
    of: &str,
    name: &str,
) -> Option<&'t Type> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|segment| segment.ident == of)?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == name => Some(&output.ty),
            _ => None,
        })
    })
}

/// A name for an `impl Trait`, and its traits.
pub(crate) type Named = (Ident, Vec<TypeParamBound>);

/// The return type of a free function whose body ends in a closure for an `impl Fn(..)`, or in a tuple of such. The type
/// has the next of `names` for each `impl Trait`, whose traits come with it.
pub(crate) fn returned_closures(
    function: &Function,
    mut names: impl FnMut() -> Ident,
) -> Option<(Type, Vec<Named>)> {
    if function.is_method() {
        return None;
    }
    let mut ty = function.output()?.clone();
    let statements = Block::parse_within.parse2(function.body.stream()).ok()?;
    let Some(Stmt::Expr(last, None)) = statements.last() else { return None };
    let mut has_closure = false;
    let mut made = Vec::new();
    let mut name = |ty: &mut Type, value: &Expr| {
        let Type::ImplTrait(opaque) = &*ty else { return };
        has_closure |= gives_closure(value) && opaque.bounds.iter().any(is_of_closure);
        let is_trait = |bound: &&TypeParamBound| matches!(bound, TypeParamBound::Trait(_));
        let (name, bounds) = (names(), opaque.bounds.iter().filter(is_trait).cloned().collect());
        *ty = Type::Path(syn::parse_quote!(#name));
        made.push((name, bounds));
    };
    match (&mut ty, last) {
        (Type::Tuple(tuple), Expr::Tuple(values)) if tuple.elems.len() == values.elems.len() => {
            tuple.elems.iter_mut().zip(&values.elems).for_each(|(ty, value)| name(ty, value));
        }
        (ty, value) => name(ty, value),
    }
    (has_closure && !mentions(ty.to_token_stream(), &|ident| ident == "impl")).then_some((ty, made))
}

/// Whether the value is a closure, perhaps in parentheses or at the end of blocks.
fn gives_closure(value: &Expr) -> bool {
    match value {
        Expr::Closure(_) => true,
        Expr::Paren(value) => gives_closure(&value.expr),
        Expr::Group(value) => gives_closure(&value.expr),
        Expr::Block(value) => match value.block.stmts.last() {
            Some(Stmt::Expr(last, None)) => gives_closure(last),
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is one of the traits of closures.
fn is_of_closure(bound: &TypeParamBound) -> bool {
    const TRAITS: [&str; 6] = ["Fn", "FnMut", "FnOnce", "AsyncFn", "AsyncFnMut", "AsyncFnOnce"];
    let TypeParamBound::Trait(bound) = bound else { return false };
    bound.path.segments.last().is_some_and(|last| TRAITS.iter().any(|name| last.ident == name))
}

/// The type with `_` for each `impl Trait`, which cannot be named in a `let`; none where that is not
/// possible.
pub(crate) fn nameable(ty: &Type) -> Option<TokenStream> {
    let mut ty = ty.clone();
    erase(&mut ty);
    // A sum of traits stands behind no `&` without parentheses, and is no value's type.
    if let Type::TraitObject(_) = ty {
        return None;
    }
    let tokens = ty.to_token_stream();
    (!mentions(tokens.clone(), &|ident| ident == "impl")).then_some(tokens)
}

fn erase(ty: &mut Type) {
    match ty {
        Type::ImplTrait(_) => *ty = Type::Infer(syn::parse_quote!(_)),
        Type::Paren(ty) => erase(&mut ty.elem),
        Type::Group(ty) => erase(&mut ty.elem),
        Type::Reference(ty) => erase(&mut ty.elem),
        Type::Array(ty) => erase(&mut ty.elem),
        Type::Slice(ty) => erase(&mut ty.elem),
        Type::Tuple(ty) => ty.elems.iter_mut().for_each(erase),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                    for argument in &mut arguments.args {
                        if let GenericArgument::Type(ty) = argument {
                            erase(ty);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}
