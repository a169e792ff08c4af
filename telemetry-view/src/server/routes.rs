//! What there is to ask for.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::guard::{Guard, check};
use super::live;
use super::shared::Shared;
use crate::export;
use crate::model;

/// How many spans a search looks at before the model may change.
const STEP: u32 = 2_000;

pub(super) fn router(shared: Arc<Shared>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/api/live", get(live::live))
        .route("/api/span/{number}", get(span))
        .route("/api/transcript/{session}", get(transcript))
        .route("/api/breakdown", get(breakdown))
        .route("/api/search", get(search))
        .route("/export.jsonl", get(export_lines))
        .route("/export.html", get(export_page))
        .with_state(shared)
        .layer(from_fn_with_state(guard, check))
}

async fn page() -> Response {
    let mut response = Html(export::live_page()).into_response();
    if let Ok(policy) = HeaderValue::from_str(&export::live_policy()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// JSON made by a thread that may take its time: the page's connection goes on meanwhile.
async fn json<T: Serialize>(make: impl FnOnce() -> Option<T> + Send + 'static) -> Response {
    let made = tokio::task::spawn_blocking(move || make().and_then(|value| serde_json::to_vec(&value).ok()));
    match made.await {
        Ok(Some(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "it is not there, or not any more").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn span(State(shared): State<Arc<Shared>>, Path(number): Path<u32>) -> Response {
    json(move || shared.model().detail(number)).await
}

async fn transcript(State(shared): State<Arc<Shared>>, Path(session): Path<u32>) -> Response {
    json(move || {
        let model = shared.model();
        model.session(session)?;
        Some(model.transcript(session))
    })
    .await
}

async fn breakdown(State(shared): State<Arc<Shared>>) -> Response {
    json(move || Some(shared.model().breakdown())).await
}

#[derive(Deserialize)]
struct Asked {
    q: String,
}

async fn search(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Response {
    json(move || {
        let mut search = model::Search::new(model::Query::new(&asked.q));
        let mut found = Vec::new();
        while search.step(&shared.model(), STEP, &mut found) {}
        Some(found)
    })
    .await
}

async fn export_lines(State(shared): State<Arc<Shared>>) -> Response {
    let made = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        export::lines(&shared.model(), &mut lines).map(|()| lines)
    });
    download(made.await, "application/x-ndjson", "attachment; filename=\"runs.jsonl\"")
}

async fn export_page(State(shared): State<Arc<Shared>>) -> Response {
    let made = tokio::task::spawn_blocking(move || {
        let mut page = Vec::new();
        export::page(&shared.model(), &mut page).map(|()| page)
    });
    download(made.await, "text/html; charset=utf-8", "attachment; filename=\"runs.html\"")
}

fn download<E>(
    made: Result<std::io::Result<Vec<u8>>, E>,
    kind: &'static str,
    name: &'static str,
) -> Response {
    match made {
        Ok(Ok(body)) => {
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], Body::from(body))
                .into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
