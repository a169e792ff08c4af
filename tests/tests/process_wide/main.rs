//! What is one for the whole process: the default logger, the keys that any handler needs, and what others do wrong
//! beside an annotated function. These tests hold [`tests::alone`], or run in a process of their own.

mod isolation;
mod logger;
mod needs;
