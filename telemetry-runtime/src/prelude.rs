//! What most files of an agent need: `use telemetry_runtime::prelude::*;`.
//!
//! ```
//! use telemetry_runtime::prelude::*;
//!
//! /// Adds two numbers.
//! #[tool_call]
//! fn add(a: i32, b: i32) -> i32 {
//!     a + b
//! }
//!
//! let _guard = attach("print", event_names!["condukt.**"], |event: &Event<'_>| println!("{event:?}"))?.detach_on_drop();
//! add(1, 2);
//! # Ok::<(), AttachError>(())
//! ```

pub use crate::context::{Context, InContext as _};
pub use crate::emit::EventMetadata;
pub use crate::event::Event;
pub use crate::handler::{AttachError, Handler};
pub use crate::registry::{attach, detach};
pub use crate::span::{Stop, StopMetadata};
pub use telemetry_macros::{
    EventMetadata, StopMetadata, agent_span, emit, event_name, event_names, in_span, record, tool_call,
};
