//! Neural networks that know no tables, files or notebooks.
//!
//! A [`model`] puts [`layers`] of [`ops`] into a [`graph`]; a [`network`] is a graph with numbers, and a [`learner`] moves
//! them along the gradient of a [`loss`] by the rule of an [`optimizer`]. On the CPU a graph runs through a [`plan`] with
//! loops of our own, elsewhere through candle, and on NVIDIA GPUs mostly by kernels of our own ([`fused`]).
//!
//! The same graph, seed, device and number of threads give the same numbers to the last bit: random numbers come from
//! streams of their own ([`rng`]), and sums have a fixed order.

mod by_candle;
pub mod fused;
pub mod graph;
pub mod layers;
pub mod learner;
pub mod loss;
pub mod model;
pub mod network;
pub mod ops;
pub mod optimizer;
pub mod plan;
pub mod ridge;
pub mod rng;
