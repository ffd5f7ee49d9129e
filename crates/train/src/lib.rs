//! Training and prediction: preprocessing, models, optimizer, loop, metrics, checkpoints (candle).
//!
//! [`execute`] is the worker of a run and [`predict`] scores rows with a run's model; [`measure`] shows what a run would
//! take. All three go the same way: a table is [`prepare`]d (target, parts, fitted [`preprocess`]ing, encoded rows), a
//! [`trainer`] takes steps on a [`model`], and [`evaluate`] says what the model makes of rows.
//!
//! Beneath is an engine that knows no tables: a [`model`] puts [`layers`] of [`ops`] into a [`graph`]; a [`network`] is a
//! graph with numbers, and a [`learner`] moves them along the gradient of a [`loss`] by the rule of an [`optimizer`]. On
//! the CPU a graph runs through a [`plan`] with loops of our own, elsewhere through candle.
//!
//! The same specification, rows, seed, device and number of threads give the same metrics to the last bit, also when the
//! run was interrupted: random numbers come from streams of their own ([`rng`]), sums have a fixed order, and a
//! [`checkpoint`] holds all that the next epoch depends on.

mod batch;
mod by_candle;
mod checkpoint;
mod device;
mod error;
mod evaluate;
mod forecast;
pub mod graph;
pub mod layers;
pub mod learner;
pub mod loss;
mod machine;
mod measure;
mod metrics;
pub mod model;
pub mod network;
pub mod ops;
pub mod optimizer;
pub mod plan;
mod predict;
mod prepare;
mod preprocess;
mod report;
pub mod rng;
mod run;
mod saved;
mod split;
mod task;
mod trainer;
mod training;
mod worker;

pub use device::{DeviceReport, compute_device, devices};
pub use measure::{Measured, measure};
pub use predict::{PredictSummary, predict};
pub use worker::execute;
