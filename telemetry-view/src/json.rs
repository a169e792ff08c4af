//! Runs as one JSON object, for programs.

use serde::Serialize;

use crate::model::{Breakdown, Kind, Losses, Model, SessionSummary, Span, State, Totals};

/// Everything but the content.
#[derive(Serialize)]
pub(crate) struct Runs<'m> {
    totals: Totals,
    losses: Losses,
    by: By,
    sessions: Vec<Session<'m>>,
}

#[derive(Serialize)]
struct By {
    agent: Vec<crate::model::Group>,
    model: Vec<crate::model::Group>,
    tool: Vec<crate::model::Group>,
}

#[derive(Serialize)]
struct Session<'m> {
    #[serde(flatten)]
    summary: SessionSummary,
    /// In the order of a tree that is read from its root.
    tree: Vec<Node<'m>>,
}

#[derive(Serialize)]
struct Node<'m> {
    number: u32,
    depth: usize,
    kind: Kind,
    name: &'m str,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<u64>,
    start: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_first_token: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'m telemetry_llm::Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'m str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    preview: &'m str,
}

/// The runs of a model.
pub(crate) fn runs(model: &Model) -> Runs<'_> {
    let Breakdown { agents, models, tools, .. } = model.breakdown();
    let sessions = model.sessions().into_iter().map(|summary| {
        let session = model.session(summary.number);
        let tree = session.into_iter().flat_map(|session| model.tree(session));
        let tree = tree.map(|(span, depth)| node(span, depth)).collect();
        Session { summary, tree }
    });
    Runs {
        totals: model.totals(),
        losses: model.losses(),
        by: By { agent: agents, model: models, tool: tools },
        sessions: sessions.collect(),
    }
}

fn node(span: &Span, depth: usize) -> Node<'_> {
    Node {
        number: span.number,
        depth,
        kind: span.kind,
        name: &span.name,
        state: span.state,
        id: span.ids.filter(|_| span.kind != Kind::Event).map(|ids| ids.id.to_string()),
        agent: span.agent.as_deref(),
        turn: span.turn,
        start: span.start,
        duration: span.duration,
        time_to_first_token: span.first_token,
        usage: span.usage.as_deref(),
        cost: span.cost,
        error: span.error.as_deref(),
        preview: &span.preview,
    }
}
