//! Tables and recipes in; runs, models and predictions out. One program: linked once, and each test still runs alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

#[path = "../common/mod.rs"]
mod common;
mod execute;
mod export;
mod find;
mod forecast;
mod inputs;
mod kinds;
mod labels;
mod large;
mod limit;
mod predict;
mod recipes;
mod refit;
mod refused;
mod report;
mod streaming;
mod trees;
