//! The page over HTTP.

mod guard;
mod live;
mod routes;
mod shared;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub(crate) use shared::Shared;

/// The port that is tried first where none was asked for, so that a page that is open finds the next run.
const USUAL_PORT: u16 = 7349;

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
