//! Access: for pages that this server sent, and for requests with the token.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

const COOKIE: &str = "telemetry_view";

/// What a request has to show.
#[derive(Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    token: Option<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<String>) -> Arc<Self> {
        Arc::new(Self { address, token })
    }

    /// Why a request is refused, if it is.
    fn refuses(&self, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
        if method != Method::GET && method != Method::HEAD {
            return Some("only reading is possible");
        }
        // A name that leads here from a page of elsewhere (DNS rebinding) is not one of these.
        let host = text(headers, &header::HOST).unwrap_or_default();
        if self.address.ip().is_loopback() && !self.is_local(host) {
            return Some("this host is not one of this server's names");
        }
        if let Some(origin) = text(headers, &header::ORIGIN)
            && origin.strip_prefix("http://") != Some(host)
        {
            return Some("only this server's own page may read");
        }
        if matches!(
            headers.get("sec-fetch-site").map(HeaderValue::as_bytes),
            Some(b"cross-site" | b"same-site")
        ) && headers.get("sec-fetch-mode").map(HeaderValue::as_bytes) != Some(b"navigate")
        {
            return Some("only this server's own page may read");
        }
        None
    }

    fn is_local(&self, host: &str) -> bool {
        let port = self.address.port();
        let Some((name, given)) = host.rsplit_once(':') else { return false };
        given.parse() == Ok(port)
            && (name.eq_ignore_ascii_case("localhost")
                || name == "127.0.0.1"
                || name == "[::1]"
                || name.parse() == Ok(self.address.ip()))
    }

    fn knows(&self, given: &str) -> bool {
        // Digests take the same time to compare, however much of the token is right.
        self.token.as_ref().is_none_or(|token| Sha256::digest(token) == Sha256::digest(given))
    }

    fn is_let_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies =
            cookies.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let bearer = text(headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        self.token.is_none()
            || bearer.is_some_and(|token| self.knows(token))
            || cookies.any(|(name, value)| name == COOKIE && self.knows(value))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn token_in(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// Lets a request in or not, and puts on every answer the headers that keep it here.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = if let Some(reason) = guard.refuses(request.method(), request.headers()) {
        (StatusCode::FORBIDDEN, reason).into_response()
    } else if guard.is_let_in(request.headers()) {
        next.run(request).await
    } else if let Some(token) = token_in(request.uri().query()).filter(|token| guard.knows(token)) {
        // From here on the token is not in the address, where others may see it.
        let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    } else {
        (StatusCode::UNAUTHORIZED, "open the address that was printed, with its token").into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
