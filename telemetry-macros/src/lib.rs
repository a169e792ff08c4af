//! The macros of `telemetry-runtime`, which re-exports them: users depend on that crate alone.

#![forbid(unsafe_code)]

mod args;
mod ctxt;
mod derive;
mod expand;
mod fallback;
mod generated;
mod inline;
mod input;
mod metric;
mod model;
mod names;
mod shape;
mod span_attribute;
mod valid;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Puts a span of an agent around a function.
#[proc_macro_attribute]
pub fn agent_span(args: TokenStream, item: TokenStream) -> TokenStream {
    span_attribute::agent_span(args.into(), item.into()).into()
}

/// Puts a `condukt.tool_call` span around a tool.
#[proc_macro_attribute]
pub fn tool_call(args: TokenStream, item: TokenStream) -> TokenStream {
    span_attribute::tool_call(args.into(), item.into()).into()
}

/// Puts a span around a block, a closure or a stream.
#[proc_macro]
pub fn in_span(tokens: TokenStream) -> TokenStream {
    inline::in_span(tokens.into()).into()
}

/// Opens a span that is ended by hand.
#[proc_macro]
pub fn open_span(tokens: TokenStream) -> TokenStream {
    inline::open_span(tokens.into()).into()
}

/// Adds keys to the stop of the nearest enclosing span of a kind.
#[proc_macro]
pub fn record(tokens: TokenStream) -> TokenStream {
    inline::record(tokens.into()).into()
}

/// Emits a single event.
#[proc_macro]
pub fn emit(tokens: TokenStream) -> TokenStream {
    inline::emit(tokens.into()).into()
}

/// The name of an event, checked at compile time.
#[proc_macro]
pub fn event_name(tokens: TokenStream) -> TokenStream {
    names::event_name(tokens.into()).into()
}

/// Patterns of event names, checked at compile time.
#[proc_macro]
pub fn event_names(tokens: TokenStream) -> TokenStream {
    names::event_names(tokens.into()).into()
}

/// Makes a struct an event, or a span, of your own.
#[proc_macro_derive(EventMetadata, attributes(event, span))]
pub fn derive_event_metadata(item: TokenStream) -> TokenStream {
    derive::event_metadata(item.into()).into()
}

/// Maps a type's fields to a span's stop keys.
#[proc_macro_derive(StopMetadata, attributes(stop_of, stop))]
pub fn derive_stop_metadata(item: TokenStream) -> TokenStream {
    derive::stop_metadata(item.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn __metric(tokens: TokenStream) -> TokenStream {
    metric::metric(tokens.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn __documented_sites(_: TokenStream) -> TokenStream {
    generated::sites().into()
}

#[doc(hidden)]
#[proc_macro]
pub fn __typed_events(_: TokenStream) -> TokenStream {
    generated::typed_events().into()
}
