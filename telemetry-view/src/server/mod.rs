//! The page over HTTP.

mod guard;
mod live;
mod routes;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use telemetry_runtime::Queue;
use tokio::sync::{oneshot, watch};

use crate::model::Model;

/// The port that is tried first where none was asked for, so that a page that is open finds the next run.
const USUAL_PORT: u16 = 7349;

/// A model that is served while events come in.
#[derive(Debug)]
pub(crate) struct Shared {
    model: Mutex<Model>,
    changed: watch::Sender<()>,
    /// Distinguishes this model's revisions from those of another.
    instance: String,
    /// The queue through which the events come, if one does.
    queue: OnceLock<Queue>,
}

impl Shared {
    pub(crate) fn new(model: Model) -> Arc<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let instance = format!("{:x}{:x}", std::process::id(), since.as_nanos());
        Arc::new(Self {
            model: Mutex::new(model),
            changed: watch::Sender::new(()),
            instance,
            queue: OnceLock::new(),
        })
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the queue through which the events come.
    pub(crate) fn comes_through(&self, queue: Queue) {
        let _ = self.queue.set(queue);
    }

    /// Notes what the queue has dropped.
    pub(crate) fn note_dropped(&self) {
        if let Some(queue) = self.queue.get() {
            self.model().set_dropped(queue.dropped());
        }
    }

    /// Changes the model and notifies the pages.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Model)) {
        change(&mut self.model());
        self.changed.send_replace(());
    }
}

/// Where to serve, and to whom.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) token: Option<String>,
}

impl Default for Binding {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into(), port: None, token: None }
    }
}

impl Binding {
    fn listen(&self) -> io::Result<TcpListener> {
        if !self.address.is_loopback() && self.token.as_ref().is_none_or(|token| token.len() < 16) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an address that others can reach needs a token of at least 16 characters",
            ));
        }
        let fits =
            |token: &String| token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !self.token.as_ref().is_none_or(fits) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a token is made of letters, digits, `-` and `_`",
            ));
        }
        match self.port {
            Some(port) => TcpListener::bind((self.address, port)),
            None => TcpListener::bind((self.address, USUAL_PORT))
                .or_else(|_| TcpListener::bind((self.address, 0))),
        }
    }
}

/// A server on a thread of its own, until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    token: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(shared: Arc<Shared>, binding: &Binding) -> io::Result<Self> {
        let listener = binding.listen()?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let app = routes::router(shared, guard::Guard::new(address, binding.token.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("telemetry-view".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, app) => {}
                    _ = stopped => {}
                }
            });
            // A page that reads slowly is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { address, token: binding.token.clone(), stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        match &self.token {
            Some(token) => format!("http://{}/?token={token}", self.address),
            None => format!("http://{}", self.address),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
