//! Traits that no type has: a bound by one of them makes the compiler say what is missing.

/// What no type is.
pub trait Never {}

macro_rules! needs {
    ($($(#[$attribute:meta])* $name:ident;)+) => { $(
        $(#[$attribute])*
        pub trait $name {}

        // So that the compiler does not say that nothing has it.
        #[diagnostic::do_not_recommend]
        impl<T: Never + ?Sized> $name for T {}
    )+ };
}

needs! {
    /// A value whose `Display` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
        label = "write `%` before it to record its `Display` text: `KEY = %EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsPercent;

    /// A value whose `Debug` text could be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded as it is: it does not implement `Serialize`",
        label = "write `?` before it to record its `Debug` text: `KEY = ?EXPR`",
        note = "or derive `serde::Serialize` for it"
    )]
    NeedsDebug;

    /// A value that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements none of `Serialize`, `Display` and `Debug`",
        label = "not recordable",
        note = "derive `serde::Serialize` for it, or record a part of it"
    )]
    NeedsSerialize;

    /// A parameter that cannot be recorded.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be recorded: it implements none of `Serialize`, `Display` and `Debug`",
        label = "this parameter is taken by its name",
        note = "derive `serde::Serialize` for it, or say what to record instead: `KEY = EXPR`"
    )]
    NeedsValue;

    /// A type with a name, where a future in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no boxed future, and a future with a span around it cannot be returned as it",
        label = "a type with a name",
        note = "return `impl Future<Output = ..>`, or a boxed one: `Pin<Box<dyn Future<Output = ..>>>`",
        note = "if `{Self}` is no future at all, take `future` away"
    )]
    NeedsBoxedFuture;

    /// A type with a name, where a stream in a span is to be returned.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no boxed stream, and a stream with a span around it cannot be returned as it",
        label = "a type with a name",
        note = "return `impl Stream<Item = ..>`, or a boxed one: `Pin<Box<dyn Stream<Item = ..>>>`",
        note = "if `{Self}` is no stream at all, take `stream` away"
    )]
    NeedsBoxedStream;

    /// Something returned that is no `Result`, where `err(..)` is said.
    #[diagnostic::on_unimplemented(
        message = "`err(..)` is for what returns a `Result`, and `{Self}` is none",
        label = "there is no error to say anything of",
        note = "take `err(..)` away, or say it of the value: `stop(|value| KEY = EXPR, ..)`"
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
