//! A page over this process.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use telemetry_runtime::Event;

use crate::attached::Attached;
use crate::model::Model;
use crate::server::{Binding, Server, Shared};

/// How many bytes of runs are kept by default.
pub(crate) const MEMORY: usize = 256 * 1024 * 1024;

/// Serves a page on loopback that shows what agents in this process do, until the [`View`] is dropped. It prints the
/// page's address to standard error. See [`ViewOptions`].
///
/// ```
/// use telemetry_runtime::tool_call;
///
/// #[tool_call]
/// fn add(a: i32, b: i32) -> i32 {
///     a + b
/// }
///
/// let view = telemetry_view::serve()?;
/// add(1, 2);
/// assert!(view.url().starts_with("http://127.0.0.1:"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When no port is free, or a thread cannot be started.
pub fn serve() -> io::Result<View> {
    ViewOptions::default().serve()
}

/// How to serve the page.
///
/// ```
/// use telemetry_view::ViewOptions;
///
/// let view = ViewOptions::default().with_port(0).with_memory_limit(64 * 1024 * 1024).serve()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ViewOptions {
    binding: Binding,
    memory: usize,
    capacity: usize,
    quiet: bool,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self { binding: Binding::default(), memory: MEMORY, capacity: 65_536, quiet: false }
    }
}

impl ViewOptions {
    /// Returns options with a port; 0 is any that is free. By default 7349, or where that is taken any.
    pub fn with_port(self, port: u16) -> Self {
        Self { binding: Binding { port: Some(port), ..self.binding }, ..self }
    }

    /// Returns options with an address to listen on. One that others can reach needs a
    /// [token](Self::with_token). `127.0.0.1` by default.
    pub fn with_address(self, address: IpAddr) -> Self {
        Self { binding: Binding { address, ..self.binding }, ..self }
    }

    /// Returns options with a token that readers need: at least 16 letters, digits, `-` or `_`. It is part
    /// of the address that is printed.
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self { binding: Binding { token: Some(token.into()), ..self.binding }, ..self }
    }

    /// Returns options with how many bytes of runs are kept, about. The oldest finished session goes first. 256 MiB by
    /// default.
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }

    /// Returns options with how many events may wait for the page. One more is dropped and counted. 65,536 by default.
    pub fn with_capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// Returns options with which the address is not printed.
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Serves the page.
    ///
    /// # Errors
    /// When the port is not free, the address is one that others can reach and there is no token, or a thread cannot be
    /// started.
    pub fn serve(self) -> io::Result<View> {
        let shared = Shared::new(Model::new(self.memory));
        let sink = shared.clone();
        let attached = Attached::new("telemetry-view page", self.capacity, move |event: &Event<'_>| {
            sink.change(|model| model.event(event));
        })?;
        shared.comes_through(attached.queue());
        let server = Server::start(shared.clone(), &self.binding)?;
        if !self.quiet {
            eprintln!("{}", server.url());
        }
        Ok(View { attached, shared, server })
    }
}

/// A page that is served until this is dropped. See [`serve`].
pub struct View {
    attached: Attached,
    shared: Arc<Shared>,
    server: Server,
}

impl View {
    /// The page's address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Waits until every event so far is on the page. False when the time is up before.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.attached.flush(timeout)
    }

    /// Goes on serving, for as long as the process lives.
    pub fn wait(&self) -> ! {
        loop {
            std::thread::park();
        }
    }

    /// Looks at the runs so far.
    pub fn with_model<R>(&self, look: impl FnOnce(&Model) -> R) -> R {
        look(&self.shared.model())
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("url", &self.url()).finish_non_exhaustive()
    }
}
