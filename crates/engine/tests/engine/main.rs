//! Notebooks in, outputs of their cells out. One program: linked once, and each test still runs alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

mod asking;
mod clicks;
mod evaluate;
mod findings;
mod inputs;
mod pictures;
mod places;
mod selection;
