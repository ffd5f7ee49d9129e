//! Forests on made rows: what they learn, how they grow, and that they are stored whole. One program: linked once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod growth;
mod learning;
mod made;
mod stored;
