//! What holds of the repository: the layers of its crates, and its documents.

mod documents;
mod layers;
