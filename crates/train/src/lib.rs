//! Training and prediction on tables: preprocessing, the model, the loop, metrics, checkpoints.
//!
//! [`execute`] is the worker of a run and [`predict`] scores rows with a run's model; [`measure`] shows what a run would
//! take. All three go the same way: a table is [`prepare`]d (target, parts, fitted [`preprocess`]ing, encoded rows), a
//! [`trainer`] takes steps on the model of an [`architecture`], and [`evaluate`] says what the model makes of rows. A
//! run's [`report`] holds how good the model is beside what needs no model, and [`explain`] what it looks at; [`export`]
//! writes a model for other programs. The networks themselves are `aloft-nn`, the trees `aloft-trees`; which one it is,
//! only a [`model`] knows.
//!
//! The same specification, rows, seed, device and number of threads give the same metrics to the last bit, also when the
//! run was interrupted: a [`checkpoint`] holds all that the next epoch depends on.

mod anomaly;
mod architecture;
mod batch;
mod boosting;
mod checkpoint;
mod conclude;
mod device;
mod error;
mod evaluate;
mod explain;
mod export;
mod feed;
mod find;
mod folds;
mod forecast;
mod inputs;
mod later;
mod line;
mod machine;
mod measure;
mod memory;
mod metrics;
mod mixed;
mod model;
mod planes;
mod precision;
mod predict;
mod prepare;
mod preprocess;
mod refit;
mod report;
mod run;
mod saved;
mod saving;
mod schedule;
mod shuffle;
mod split;
mod stored;
mod table;
mod task;
mod trainer;
mod training;
mod worker;

pub use device::{DeviceReport, compute_device, devices};
pub use export::{Exported, Quantized, export_onnx, export_pytorch, quantize};
pub use measure::{Measured, measure};
pub use precision::Precision;
pub use predict::{PredictSummary, predict};
pub use worker::execute;
