//! Which tools were called, in which order, with what: asserted.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::recording::Recording;
use super::sorted::sorted;
use super::spans::SpanView;
use crate::value::Json;

/// A call of a tool that is expected. See [`assert_trajectory!`](crate::assert_trajectory).
pub fn tool(name: impl Into<String>) -> ExpectedCall {
    ExpectedCall { name: name.into(), args: Args::Any, result: None, has_failed: None }
}

/// A call of a tool that is expected.
///
/// ```
/// use serde_json::json;
/// use telemetry_runtime::testing::tool;
///
/// let paid = tool("pay").args_containing(json!({"dollars": 90})).succeeded();
/// assert_eq!(format!("{paid:?}"), r#"pay {"dollars":90} and perhaps more (succeeded)"#);
/// ```
#[derive(Clone)]
pub struct ExpectedCall {
    name: String,
    args: Args,
    result: Option<Json>,
    has_failed: Option<bool>,
}

#[derive(Clone)]
enum Args {
    Any,
    Exact(Json),
    Containing(Json),
    Where(Arc<dyn Fn(&Json) -> bool + Send + Sync>),
}

impl ExpectedCall {
    /// Asks for exactly these arguments.
    #[must_use]
    pub fn args(self, args: impl Into<Json>) -> Self {
        Self { args: Args::Exact(args.into()), ..self }
    }

    /// Asks for arguments that hold these, and perhaps more: at each level of a map, and item by item of a list.
    #[must_use]
    pub fn args_containing(self, args: impl Into<Json>) -> Self {
        Self { args: Args::Containing(args.into()), ..self }
    }

    /// Asks for arguments of which a question is true.
    #[must_use]
    pub fn args_where(self, is: impl Fn(&Json) -> bool + Send + Sync + 'static) -> Self {
        Self { args: Args::Where(Arc::new(is)), ..self }
    }

    /// Asks for this result.
    #[must_use]
    pub fn result(self, result: impl Into<Json>) -> Self {
        Self { result: Some(result.into()), ..self }
    }

    /// Asks for a call that failed.
    #[must_use]
    pub fn failed(self) -> Self {
        Self { has_failed: Some(true), ..self }
    }

    /// Asks for a call that succeeded.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self { has_failed: Some(false), ..self }
    }

    fn is(&self, call: &ActualCall) -> bool {
        let args = match &self.args {
            Args::Any => true,
            Args::Exact(args) => call.args == *args,
            Args::Containing(args) => contains(&call.args, args),
            Args::Where(is) => is(&call.args),
        };
        args && self.name == call.name
            && self.result.as_ref().is_none_or(|result| call.result.as_ref() == Some(result))
            && self.has_failed.is_none_or(|has_failed| call.has_failed == Some(has_failed))
    }
}

fn contains(whole: &Json, part: &Json) -> bool {
    match (whole, part) {
        (Json::Object(whole), Json::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| contains(found, value)))
        }
        (Json::Array(whole), Json::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        (whole, part) => whole == part,
    }
}

impl fmt::Debug for ExpectedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.args {
            Args::Any => {}
            Args::Exact(args) => write!(f, " {}", sorted(args))?,
            Args::Containing(args) => write!(f, " {} and perhaps more", sorted(args))?,
            Args::Where(_) => f.write_str(" with arguments of which the closure is true")?,
        }
        if let Some(result) = &self.result {
            write!(f, " -> {}", sorted(result))?;
        }
        match self.has_failed {
            Some(true) => f.write_str(" (failed)"),
            Some(false) => f.write_str(" (succeeded)"),
            None => Ok(()),
        }
    }
}

/// A call of a tool as it was.
struct ActualCall {
    name: String,
    args: Json,
    result: Option<Json>,
    /// `None` where it has not ended.
    has_failed: Option<bool>,
}

impl ActualCall {
    fn of(span: &SpanView<'_>) -> Self {
        Self {
            name: span.text("tool").unwrap_or_default().to_owned(),
            args: span.get("args").cloned().unwrap_or_default(),
            result: span.get("result").cloned(),
            has_failed: span.end().map(|_| span.status() == Some("error") || span.exception().is_some()),
        }
    }
}

impl fmt::Display for ActualCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, sorted(&self.args))?;
        match self.has_failed {
            Some(true) => f.write_str(" (failed)"),
            Some(false) => Ok(()),
            None => f.write_str(" (not ended)"),
        }
    }
}

/// How the calls that are expected and those that were made are held against each other.
///
/// ```
/// use telemetry_runtime::testing::{self, Mode, check_trajectory, tool};
/// use telemetry_runtime::tool_call;
///
/// #[tool_call]
/// fn search() {}
/// #[tool_call]
/// fn pay() {}
///
/// let capture = testing::capture();
/// capture.scope(|| (search(), pay()));
/// assert!(check_trajectory(&capture, Mode::Superset, &[tool("pay")]).is_ok());
/// assert!(check_trajectory(&capture, Mode::Strict, &[tool("pay")]).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The same calls in the same order, and no others.
    Strict,
    /// The same calls in any order, and no others.
    Unordered,
    /// Each call that was made is one of the expected ones; not all of those need be made.
    Subset,
    /// Each call that is expected was made; there may be others.
    Superset,
    /// None of the calls was made.
    Never,
}

/// What a trajectory is asserted of: a [`Capture`](super::Capture), a [`Recording`], or a list of events.
pub trait Trajectory {
    /// Returns the events.
    fn recording(&self) -> Recording;
}

impl Trajectory for super::Capture {
    fn recording(&self) -> Recording {
        Recording::new(self.events())
    }
}

impl Trajectory for Recording {
    fn recording(&self) -> Recording {
        self.clone()
    }
}

impl Trajectory for [crate::event::OwnedEvent] {
    fn recording(&self) -> Recording {
        Recording::new(self.iter().cloned())
    }
}

impl<T: Trajectory + ?Sized> Trajectory for &T {
    fn recording(&self) -> Recording {
        (**self).recording()
    }
}

/// Asserts which tools were called. [`assert_trajectory!`](crate::assert_trajectory) is the short form.
///
/// # Panics
/// If the calls are not as expected, with both side by side.
#[track_caller]
pub fn assert_trajectory(of: &(impl Trajectory + ?Sized), mode: Mode, expected: &[ExpectedCall]) {
    if let Err(difference) = check_trajectory(of, mode, expected) {
        panic!("{difference}");
    }
}

/// Holds which tools were called against those that are expected.
///
/// # Errors
/// If the calls are not as expected: a text with both side by side.
pub fn check_trajectory(
    of: &(impl Trajectory + ?Sized),
    mode: Mode,
    expected: &[ExpectedCall],
) -> Result<(), String> {
    let recording = of.recording();
    let calls: Vec<ActualCall> =
        recording.spans().named("tool_call").iter().map(|span| ActualCall::of(&span)).collect();
    let pairs = match mode {
        Mode::Strict => aligned(expected, &calls),
        _ => matched(expected, &calls),
    };
    let is_missing = pairs.iter().any(|pair| pair.1.is_none());
    let is_more = pairs.iter().any(|pair| pair.0.is_none());
    let (holds, what) = match mode {
        Mode::Strict => (!is_missing && !is_more, "in this order, and no other"),
        Mode::Unordered => (!is_missing && !is_more, "in any order, and no other"),
        Mode::Subset => (!is_more, "and no other"),
        Mode::Superset => (!is_missing, "and perhaps others"),
        Mode::Never => (!calls.iter().any(|call| expected.iter().any(|never| never.is(call))), "never"),
    };
    if holds { Ok(()) } else { Err(difference(what, mode, expected, &calls, &pairs)) }
}

/// An expected call and the one that was made for it: where they are in their lists.
type Pair = (Option<usize>, Option<usize>);

/// The calls in order: the longest list of those that are as expected, and what is left between.
fn aligned(expected: &[ExpectedCall], calls: &[ActualCall]) -> Vec<Pair> {
    let (rows, columns) = (expected.len(), calls.len());
    let mut longest = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            longest[row][column] = if expected[row].is(&calls[column]) {
                longest[row + 1][column + 1] + 1
            } else {
                longest[row + 1][column].max(longest[row][column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut pairs = Vec::new();
    while row < rows || column < columns {
        if row < rows && column < columns && expected[row].is(&calls[column]) {
            pairs.push((Some(row), Some(column)));
            (row, column) = (row + 1, column + 1);
        } else if column == columns || row < rows && longest[row + 1][column] >= longest[row][column + 1] {
            pairs.push((Some(row), None));
            row += 1;
        } else {
            pairs.push((None, Some(column)));
            column += 1;
        }
    }
    pairs
}

/// The calls in any order: each expected one has the first call that is as expected and not taken, unless a later one
/// has only that.
fn matched(expected: &[ExpectedCall], calls: &[ActualCall]) -> Vec<Pair> {
    fn find(
        row: usize,
        expected: &[ExpectedCall],
        calls: &[ActualCall],
        seen: &mut [bool],
        taken: &mut [Option<usize>],
    ) -> bool {
        for column in 0..calls.len() {
            if seen[column] || !expected[row].is(&calls[column]) {
                continue;
            }
            seen[column] = true;
            let is_free = match taken[column] {
                None => true,
                Some(other) => find(other, expected, calls, seen, taken),
            };
            if is_free {
                taken[column] = Some(row);
                return true;
            }
        }
        false
    }
    let mut taken = vec![None; calls.len()];
    for row in 0..expected.len() {
        find(row, expected, calls, &mut vec![false; calls.len()], &mut taken);
    }
    let of = |row: usize| taken.iter().position(|holder| *holder == Some(row));
    let wanted = (0..expected.len()).map(|row| (Some(row), of(row)));
    let more = (0..calls.len()).filter(|column| taken[*column].is_none()).map(|column| (None, Some(column)));
    wanted.chain(more).collect()
}

fn difference(
    what: &str,
    mode: Mode,
    expected: &[ExpectedCall],
    calls: &[ActualCall],
    pairs: &[Pair],
) -> String {
    let left = |row: Option<usize>| row.map_or_else(String::new, |row| format!("{:?}", expected[row]));
    let right = |column: Option<usize>| column.map_or_else(String::new, |column| calls[column].to_string());
    let heading = format!("expected ({what})");
    let lines: Vec<(char, String, String)> = pairs
        .iter()
        .map(|(row, column)| {
            let mark = match (row, column, mode) {
                (Some(_), Some(_), Mode::Never) => '!',
                (Some(_), None, Mode::Subset | Mode::Never)
                | (None, Some(_), Mode::Superset | Mode::Never) => ' ',
                (Some(_), Some(_), _) => '=',
                (Some(_), None, _) => '-',
                _ => '+',
            };
            (mark, left(*row), right(*column))
        })
        .collect();
    let width =
        lines.iter().map(|line| line.1.chars().count()).chain([heading.len()]).max().unwrap_or(0).min(60);
    let mut out = String::from("the tools that were called are not those that are expected\n");
    let _ = writeln!(out, "    {heading:width$}   actual");
    for (mark, left, right) in lines {
        let line = format!("  {mark} {left:width$} | {right}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if calls.is_empty() {
        out.push_str("no tool was called\n");
    }
    out
}

/// Asserts which tools an agent called, and in which order.
///
/// ```
/// use serde_json::json;
/// use telemetry_runtime::testing::{self, tool};
/// use telemetry_runtime::{assert_trajectory, tool_call};
///
/// #[tool_call]
/// fn search(q: &str) -> usize {
///     q.len()
/// }
/// #[tool_call]
/// fn book(id: u32) -> Result<u32, String> {
///     if id == 0 { Err("full".into()) } else { Ok(id) }
/// }
///
/// let capture = testing::capture();
/// capture.scope(|| (search("Oslo"), book(7)));
///
/// // In this order, and no other. Arguments are asked for exactly, in part, or by a question.
/// assert_trajectory!(capture, [tool("search").args(json!({"q": "Oslo"})), tool("book").succeeded()]);
/// assert_trajectory!(capture, unordered, [tool("book").args_where(|args| args["id"] == 7), tool("search")]);
/// // No call but these; these and perhaps others; none of these.
/// assert_trajectory!(capture, subset, [tool("search"), tool("book"), tool("cancel")]);
/// assert_trajectory!(capture, superset, [tool("book").args_containing(json!({"id": 7}))]);
/// assert_trajectory!(capture, never, [tool("cancel")]);
/// ```
///
/// # Panics
/// If the calls are not as expected, with both side by side:
///
/// ```text
/// the tools that were called are not those that are expected
///     expected (in this order, and no other)   actual
///   = search {"q":"Oslo"}                    | search {"q":"Oslo"}
///   - book                                   |
///   +                                        | cancel {"id":3}
/// ```
#[macro_export]
macro_rules! assert_trajectory {
    ($of:expr, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Strict, &[$($call),*])
    };
    ($of:expr, strict, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Strict, &[$($call),*])
    };
    ($of:expr, unordered, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Unordered, &[$($call),*])
    };
    ($of:expr, subset, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Subset, &[$($call),*])
    };
    ($of:expr, superset, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Superset, &[$($call),*])
    };
    ($of:expr, never, [$($call:expr),* $(,)?] $(,)?) => {
        $crate::testing::assert_trajectory(&$of, $crate::testing::Mode::Never, &[$($call),*])
    };
}
