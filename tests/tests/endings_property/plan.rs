//! What is run: calls of annotated functions, and what each does.

/// A call of an annotated function: what kind of span it has, how it is annotated, and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Own,
    Tool,
    Agent,
    Subagent,
    Iteration,
}

/// How a function of a user's own span is written; the others are `Sync` or `Async`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Sync,
    Async,
    /// `Box::pin(async ..)`.
    Boxed,
    /// A boxed future made elsewhere.
    Made,
    /// A future that is no `async` block and goes on holding what it holds when a panic passes it, or when
    /// it has returned. Its calls are joined.
    Plain,
    /// The same, which returns when the first of its calls does.
    First,
    InSpan,
    /// A stream with an item for each step.
    Stream,
    /// The same, whose last item marks it as complete: it is dropped then.
    Early,
    /// A span that is opened and ended by hand.
    ByHand,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Yield(u8),
    Call(Call, OnErr),
    /// Its panic is caught.
    Caught(Call),
    Join(Vec<Call>),
    /// The first that ends; the others are dropped.
    Select(Vec<Call>),
    /// Polled so often, then dropped.
    Cancel(Call, u8),
    /// Polled so often, then forgotten.
    Leak(Call, u8),
    Spawn(Call, Fate),
    /// In a thread of its own.
    Thread(Call),
    /// When a local is dropped.
    Finally(Call),
    Panic,
    Fail,
    /// A key is recorded, which the end has, whatever it is.
    Record,
    Attach(usize, Recording),
    Detach(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum OnErr {
    Ignore,
    Return,
}

/// What becomes of a spawned task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is waited for, and its panic goes on.
    Joined,
    /// It is waited for after an abort.
    Aborted(u8),
    /// It is left alone.
    Detached,
    /// It is left alone and knows nothing of this context.
    Bare,
}

/// What a handler that is attached on the way does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recording {
    pub(crate) own_only: bool,
    /// It panics at that event.
    pub(crate) fails_at: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Executor {
    CurrentThread,
    MultiThread,
    /// Dropped with whatever is left.
    ShutDown,
}

/// The handlers besides those that are attached on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Observers {
    Throughout,
    NoOther,
}
