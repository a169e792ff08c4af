//! Traits that no type implements. A bound by one of them makes the compiler print its message.

/// Implemented by no type.
pub trait Never {}

macro_rules! needs {
    ($($(#[$attribute:meta])* $name:ident;)+) => { $(
        $(#[$attribute])*
        pub trait $name {}

        // Without any implementation the compiler reports that, instead of the message.
        #[diagnostic::do_not_recommend]
        impl<T: Never + ?Sized> $name for T {}
    )+ };
}

needs! {
    /// A value whose `Display` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `Serialize`",
        label = "write `%` before it to record its `Display` text: `KEY = %EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsPercent;

    /// A value whose `Debug` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `Serialize`",
        label = "write `?` before it to record its `Debug` text: `KEY = ?EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsDebug;

    /// A value that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements neither `Serialize` nor `Display` nor `Debug`",
        label = "not recordable",
        note = "derive `serde::Serialize` for it, or record a part of it; a generic type needs the bound `Serialize`"
    )]
    NeedsSerialize;

    /// A parameter that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements neither `Serialize` nor `Display` nor `Debug`",
        label = "this parameter is recorded because of its name",
        note = "derive `serde::Serialize` for it, or give the value to record: `KEY = EXPR`"
    )]
    NeedsValue;

    /// A concrete return type, where a future in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "cannot wrap `{Self}` in a span and still return `{Self}`",
        label = "expected `impl Future` or a boxed future",
        note = "return `impl Future<Output = ..>`, or a boxed one: `Pin<Box<dyn Future<Output = ..>>>`",
        note = "if `{Self}` is not a future, remove `future`"
    )]
    NeedsBoxedFuture;

    /// A concrete return type, where a stream in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "cannot wrap `{Self}` in a span and still return `{Self}`",
        label = "expected `impl Stream` or a boxed stream",
        note = "return `impl Stream<Item = ..>`, or a boxed one: `Pin<Box<dyn Stream<Item = ..>>>`",
        note = "if `{Self}` is not a stream, remove `stream`"
    )]
    NeedsBoxedStream;

    /// A return type that is not a stream, under `stream`.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a stream",
        label = "`stream` follows a stream to its end",
        note = "return the stream: `impl Stream<Item = ..>`, or a boxed one, bare or in a `Result`",
        note = "if a struct holds the stream, wrap the stream where it is made: `in_span!(SPAN, ..; stream reply.stream)`"
    )]
    NeedsStream;

    /// A return type that is not a `Result`, where there is an `err(..)`.
    #[diagnostic::on_unimplemented(
        message = "`err(..)` needs a `Result`, and this function returns `{Self}`",
        label = "this function does not return a `Result`",
        note = "remove `err(..)`, or take the key from the value: `stop(|value| KEY = EXPR, ..)`"
    )]
    NeedsResult;

    /// A field that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a field of an event: it does not implement `Serialize`",
        label = "not serialisable",
        note = "derive `serde::Serialize` for it; or record its `Debug` text with `debug`, or leave it out with \
                `skip`, in this field's attribute"
    )]
    NeedsFieldAttribute;
}
