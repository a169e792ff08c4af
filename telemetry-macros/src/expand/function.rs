//! An annotated function.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, Pat, ReceiverKind, Type};

use super::capture::Begin;
use super::{Runtime, capture, local, spanned, stop};
use crate::input::{Binding, Function, Param, here, mentions, without_mut};
use crate::model::{Capture, How, Model};
use crate::shape::{Shape, Tail, future_output, nameable, returned_closures, stream_item};
use crate::valid::{is_parameters, whole_ident};

/// The function again, with its body instrumented.
pub(crate) fn function(function: Function, model: &Model, shape: &Shape) -> TokenStream {
    let runtime = Runtime::new(model.krate.as_ref());
    let whole = model.captures.iter().any(|capture| match &capture.how {
        How::Whole(ident) => *ident == whole_ident(),
        How::WholeBefore => true,
        _ => false,
    });
    let taken_apart = taken_apart(&function, model, &runtime);
    let bindings = rebindings(&function, model, whole);
    let body = work(&function, model, shape, &runtime, &bindings);
    let user_braces = function.body.span();
    let mut sig = function.sig.clone();
    let typed = sig.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(arg) => Some(arg),
        FnArg::Receiver(_) => None,
    });
    for ((index, arg), param) in typed.enumerate().zip(function.params()) {
        match whole_name(&param, index, model, whole) {
            Some(name) => *arg.pat = syn::parse_quote!(#name),
            None => without_mut(&mut arg.pat),
        }
        // It is fulfilled where the parameter is made anew.
        arg.attrs.retain(|attr| !attr.path().is_ident("expect"));
    }
    // The user's own braces: with ours, lints would take the whole function for an expansion.
    let import = runtime.import(&model.span);
    let mut braced = Group::new(Delimiter::Brace, {
        let inner_attrs = &function.inner_attrs;
        quote!(#(#inner_attrs)* #import #taken_apart #body)
    });
    braced.set_span(user_braces);
    let Function { attrs, vis, defaultness, .. } = function;
    quote!(#(#attrs)* #vis #defaultness #sig #braced)
}

/// The parameters made anew inside the work, so that they are dropped in it, in their own order, and
/// lints see whether they are used.
fn rebindings(function: &Function, model: &Model, whole: bool) -> TokenStream {
    let by_value =
        function.sig.receiver().is_some_and(|receiver| !matches!(receiver.kind, ReceiverKind::Reference(..)));
    let receiver = by_value.then(|| {
        let this = function.sig.receiver().map(|receiver| receiver.self_token);
        quote!(let _ = &#this;)
    });
    let params = function.params().into_iter().enumerate().map(|(index, param)| {
        let attrs = &param.attrs;
        let anew = |pat: &dyn ToTokens, value: &Ident| {
            quote! {
                #(#attrs)*
                #[allow(clippy::no_effect_underscore_binding, clippy::shadow_same, clippy::used_underscore_binding)]
                let #pat = #value;
            }
        };
        if let Some(name) = whole_name(&param, index, model, whole)
            && !is_taken_apart(&param, model)
        {
            if matches!(param.pat, Pat::Wild(_)) {
                return anew(&name, &name);
            }
            let (pat, cfgs) = (&param.pat, &param.cfgs);
            // The pattern may take a part of it by `ref mut`.
            return quote!(#(#cfgs)* #[allow(unused_mut)] let mut #name = #name; #(#attrs)* let #pat = #name;);
        }
        let anew = param.bindings.iter().map(|Binding { ident, mutability }| {
            let anew = anew(&quote!(#mutability #ident), ident);
            let used = model.mentions(ident).then(|| quote!(#(#attrs)* let _ = &#ident;));
            quote!(#anew #used)
        });
        anew.collect()
    });
    let params: TokenStream = params.collect();
    quote!(#receiver #params)
}

/// Whether the parameter is taken apart before the span begins.
fn is_taken_apart(param: &Param, model: &Model) -> bool {
    let is_whole = |capture: &Capture| matches!(capture.how, How::WholeBefore);
    is_parameters(&param.ty) && model.captures.iter().any(is_whole)
}

/// A `Parameters<T>` whose parts the annotation names: captured as a whole, then bound as its pattern has it.
fn taken_apart(function: &Function, model: &Model, runtime: &Runtime) -> Option<TokenStream> {
    let param = function.params().into_iter().find(|param| is_taken_apart(param, model))?;
    let name = whole_ident();
    let captured = capture::whole_before(&name, model, runtime);
    let Param { mut pat, cfgs, attrs, .. } = param;
    without_mut(&mut pat);
    // The pattern may take a part of it by `ref mut`.
    Some(quote! {
        #captured
        #(#cfgs)*
        #[allow(unused_mut)]
        let mut #name = #name;
        #(#attrs)*
        let #pat = #name;
    })
}

/// The name of a parameter that is destructured inside of the work only, so that the parts its pattern
/// does not bind are dropped in their turn; none where the annotation takes what it binds.
fn whole_name(param: &Param, index: usize, model: &Model, whole: bool) -> Option<Ident> {
    if whole && is_parameters(&param.ty) {
        return Some(whole_ident());
    }
    let is_plain = matches!(&param.pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none());
    let is_taken = param.bindings.iter().any(|binding| model.takes(&binding.ident));
    (!is_plain && !is_taken).then(|| local(&format!("parameter{index}")))
}

/// The new body.
fn work(
    function: &Function,
    model: &Model,
    shape: &Shape,
    runtime: &Runtime,
    bindings: &TokenStream,
) -> TokenStream {
    let k = &runtime.private;
    let output = function.output();
    let output_span = output.map_or_else(|| function.sig.ident.span(), Spanned::span);
    let is_never = matches!(output, Some(Type::Never(_)));
    let (start, work, place) = (local("start"), local("work"), local("place"));
    let site = runtime.site(&model.span);
    let body = &function.body;
    let edge = edge(output);
    let captured = |begin| {
        capture::start(
            model,
            runtime,
            begin,
            agent_name(function, model, runtime),
            description(function, model),
        )
    };
    let stop = || stop::closure(model, runtime, output_span, None);
    // In parentheses of ours, lints do not take the user's braces for needless ones.
    let content = expected_closure(function).unwrap_or_else(|| quote!((#body)));
    // The work of a function that never returns has a value of a type that has none.
    let called = match output.and_then(nameable) {
        _ if is_never => quote!(-> #k::Infallible { #bindings #content }),
        Some(ty) => quote!(-> #ty { #bindings #content }),
        None => quote!({ #bindings #edge #content }),
    };
    let body = if is_never {
        let infallible = edge_of(&quote!(#k::Infallible), here());
        quote!(#infallible #content)
    } else {
        quote!(#edge #content)
    };
    let instrumented = match shape {
        Shape::Sync => {
            let (now, stop) = (captured(Begin::Starting), stop());
            let called = match output.and_then(nameable) {
                _ if is_never => quote!(-> #k::Infallible { #now #bindings #content }),
                Some(ty) => quote!(-> #ty { #now #bindings #content }),
                None => quote!({ #now #bindings #edge #content }),
            };
            // The closure around the work holds the arguments in this branch only: before the other nothing is stored.
            let (run, plain) = if is_never {
                (
                    quote!(match #k::run(move |#place| #work(#place), #stop) {}),
                    quote!(match #work(#k::Option::None) {}),
                )
            } else {
                // Errors about the value point at the return type.
                let span = output_span.resolved_at(here());
                let (value, work) = (spanned(&local("value"), span), spanned(&work, span));
                (
                    quote!(let #value = #k::run(move |#place| #work(#place), #stop); return #value;),
                    quote_spanned!(span=> #work(#k::Option::None)),
                )
            };
            quote! {
                let #work = #k::starting(move |#place| #called);
                if #k::SpanSite::enabled(#site) { #run }
                #plain
            }
        }
        Shape::Async if model.options.stream.is_some() => {
            let now = captured(Begin::Later);
            let followed = followed(model, runtime, output, &quote!(async move { #bindings #body }));
            quote!(#now #followed)
        }
        Shape::Async => {
            let (now, stop) = (captured(Begin::Here), stop());
            let (plain, observed) = (quote!(#work.await), quote!(#k::observed(#start, #work, #stop).await));
            let (plain, observed) = if is_never {
                (quote!(match #plain {}), quote!(match #observed {}))
            } else {
                (quote!(return #plain), observed)
            };
            // What no handler sees is awaited as it is, which the compiler sees through, and before the other: within the
            // box of a span, it would run into its limit of recursion earlier. Passed on, `start` is no part of the future.
            quote! {
                #now
                #[allow(clippy::async_yields_async)]
                let #work = async move { #bindings #body };
                let #k::Option::Some(#start) = ::core::convert::identity(#start) else { #plain };
                #observed
            }
        }
        Shape::Tail(tail) => tail_work(tail, model, runtime, &captured(Begin::Later), &stop(), bindings),
        Shape::Future if model.options.stream.is_some() => {
            let (later, future) = (captured(Begin::Later), local("future"));
            let followed = followed(model, runtime, output.and_then(future_output), &quote!(#future));
            let followed = quote!(async move { #followed });
            let is_boxed = output.is_some_and(|output| !is_opaque(output));
            let followed = if is_boxed { quote!(#k::Box::pin(#followed)) } else { followed };
            quote! {
                #later
                let #work = #k::once(move || #called);
                let #future = #work();
                #followed
            }
        }
        Shape::Future => {
            let returns = output.and_then(future_output);
            let (later, stop) = (captured(Begin::Later), stop::closure(model, runtime, output_span, returns));
            let followed = reboxed(output, quote!(#k::Follow(#work())));
            quote! {
                #later
                let #work = #k::once(move || #called);
                #[allow(unused_imports)]
                use #k::futures::*;
                #followed.__telemetry_follow(#start, #stop)
            }
        }
        Shape::Stream => {
            let later = captured(Begin::Later);
            let gives = output.and_then(stream_item);
            let (item, end) = (stop::item(model, runtime, gives), stop::end(model, runtime));
            let followed = reboxed(output, quote!(#k::StreamOf(#work())));
            let follow = follow(output);
            quote! {
                #later
                let #work = #k::once(move || #called);
                #[allow(unused_imports)]
                use #k::named_streams::*;
                #followed.#follow(#start, #item, #end)
            }
        }
    };
    in_context(instrumented, function, model, shape, runtime)
}

/// The body of a function that ends in a closure and returns `impl Fn(..)`, or in a tuple of such: the compiler learns the
/// types of the closure's parameters from what it is expected to be, which the closure around the work would hide.
fn expected_closure(function: &Function) -> Option<TokenStream> {
    let mut count = 0;
    let numbered = || {
        count += 1;
        local(&format!("Closure{count}"))
    };
    let (ty, closures) = returned_closures(function, numbered)?;
    let name = local("closure");
    let (params, wheres) = (&function.sig.generics.params, &function.sig.generics.where_clause);
    let comma = (!params.is_empty() && !params.trailing_punct()).then(|| quote!(,));
    let body = &function.body;
    let given = params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let inferred = closures.iter().map(|_| quote!(_));
    let made = closures.iter().map(|(name, bounds)| quote!(#name: #(#bounds)+*));
    Some(quote! {{
        #[allow(non_camel_case_types, clippy::pedantic)]
        fn #name<#params #comma #(#made),*>(closure: #ty) -> #ty #wheres { closure }
        #name::<#(#given,)* #(#inferred),*>((#body))
    }})
}

/// A body that ends in an async block: that block, with the span around it.
fn tail_work(
    tail: &Tail,
    model: &Model,
    runtime: &Runtime,
    later: &TokenStream,
    stop: &TokenStream,
    bindings: &TokenStream,
) -> TokenStream {
    let k = &runtime.private;
    let start = local("start");
    let Tail { before, block, call, output } = tail;
    let edge = output.as_ref().map(|output| edge(Some(output)));
    let (attrs, capture, content) = (&block.attrs, &block.capture, &block.block);
    let block = quote!(#(#attrs)* async #capture { #edge (#content) });
    let instrumented = if model.options.stream.is_some() {
        let followed = followed(model, runtime, output.as_ref(), &block);
        quote!(async move { #followed })
    } else {
        quote!(#k::Instrumented::new(#start, #block, #stop))
    };
    let instrumented = if model.context.is_none() {
        instrumented
    } else {
        let context = local("context");
        quote!(#k::InContext::in_context(#instrumented, #context))
    };
    let last = match call {
        None => instrumented,
        Some(call) => {
            let (attrs, function) = (&call.attrs, &call.func);
            let mut argument = Group::new(Delimiter::Parenthesis, instrumented);
            argument.set_span(call.paren_token.span.join());
            quote!(#(#attrs)* #function #argument)
        }
    };
    quote! { #later #bindings #(#before)* #last }
}

/// A future whose stream the span goes on with.
fn followed(model: &Model, runtime: &Runtime, output: Option<&Type>, future: &TokenStream) -> TokenStream {
    let k = &runtime.private;
    let (start, returned, live) = (local("start"), local("returned"), local("live"));
    let gives = output.and_then(stream_item);
    let (item, end) = (stop::item(model, runtime, gives), stop::end(model, runtime));
    let unless = stop::unless(model, runtime, &returned);
    // The stream is polled when the given context has been left.
    let carried = model.context.as_ref().map(|_| {
        let site = runtime.site(&model.span);
        quote!(let #live = #k::carried(#live, #site);)
    });
    let (stream, follow) = (reboxed(output, quote!(#k::StreamOf(#returned))), follow(output));
    quote! {
        let (#returned, #live) = #k::Instrumented::passing_span(#start, #future).await;
        let #live = #k::unless_failed(#live, #unless);
        #carried
        #[allow(unused_imports)]
        use #k::named_streams::*;
        #stream.#follow(#live, #item, #end)
    }
}

/// Something to follow that is to be returned as a type that is spelled out: only a box can be.
fn reboxed(output: Option<&Type>, followed: TokenStream) -> TokenStream {
    let Some(output) = output else { return followed };
    if is_opaque(output) {
        return followed;
    }
    let span = output.span().resolved_at(here());
    let boxed = spanned(&Ident::new("__telemetry_boxed", span), span);
    quote_spanned!(span=> #followed.#boxed())
}

/// The method that follows a stream: an error about what is no stream points at the return type.
fn follow(output: Option<&Type>) -> Ident {
    let method = local("follow");
    output.map_or_else(|| method.clone(), |output| spanned(&method, output.span().resolved_at(here())))
}

/// Whether the caller of the function sees a type without a name.
fn is_opaque(output: &Type) -> bool {
    mentions(output.to_token_stream(), &|ident| ident == "impl")
}

/// The work in the context of `context = ..`, which is entered with or without a handler.
fn in_context(
    work: TokenStream,
    function: &Function,
    model: &Model,
    shape: &Shape,
    runtime: &Runtime,
) -> TokenStream {
    let Some(context) = &model.context else { return work };
    let k = &runtime.private;
    let name = local("context");
    if function.sig.asyncness.is_some() {
        return quote! {
            let #name: #k::Context = #context;
            #k::InContext::in_context(async move { #work }, #name).await
        };
    }
    match shape {
        Shape::Sync => quote! {
            let #name: #k::Context = #context;
            #k::Context::scope(&#name, #k::once(move || { #work }))
        },
        // The block carries it along: see `tail_work`.
        Shape::Tail(_) => quote!(let #name: #k::Context = #context; #work),
        Shape::Future | Shape::Stream | Shape::Async => {
            // What is made in the context also runs in it.
            let later = local("later");
            let carried = quote!(#k::InContext::in_context(#later, #name));
            let is_boxed = function.output().is_some_and(|output| !is_opaque(output));
            let carried = if is_boxed { quote!(#k::Box::pin(#carried)) } else { carried };
            quote! {
                let #name: #k::Context = #context;
                let #later = #k::Context::scope(&#name, #k::once(move || { #work }));
                #carried
            }
        }
    }
}

/// `Self` of a method, else the function's path.
fn agent_name(function: &Function, model: &Model, runtime: &Runtime) -> Option<TokenStream> {
    if !model.span.is("agent") {
        return None;
    }
    let k = &runtime.private;
    Some(if function.is_method() {
        quote!(#k::type_name::<Self>())
    } else {
        let name = syn::ext::IdentExt::unraw(&function.sig.ident).to_string();
        quote!(::core::concat!(::core::module_path!(), "::", #name))
    })
}

fn description(function: &Function, model: &Model) -> Option<TokenStream> {
    if model.span.is("tool_call") { function.description() } else { None }
}

/// A return that is never reached, which gives the compiler the type of the body: for coercions, and
/// for errors in the user's own code to stand there.
fn edge(output: Option<&Type>) -> TokenStream {
    let Some(output) = output else { return edge_of(&quote!(()), here()) };
    if matches!(output, Type::Never(_)) {
        return TokenStream::new();
    }
    match nameable(output) {
        Some(ty) => edge_of(&ty, output.span()),
        None => TokenStream::new(),
    }
}

fn edge_of(ty: &TokenStream, span: Span) -> TokenStream {
    let name = local("result");
    let edge = quote_spanned! {span.resolved_at(here())=>
        #[allow(unknown_lints, unreachable_code, unused_qualifications, clippy::all, clippy::pedantic, clippy::nursery)]
        if false {
            let #name: #ty = loop {};
            return #name;
        }
    };
    edge
}
