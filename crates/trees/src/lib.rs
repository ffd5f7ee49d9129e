//! Gradient-boosted decision trees (Friedman, 2001) over histograms of binned columns, in the manner of LightGBM (Ke et
//! al., 2017). They know no tables, files or notebooks: slices in, trees out.
//!
//! A [`binning::Binning`] turns [`rows::Rows`] into bytes, a [`booster::Booster`] adds a round of trees at a time along the
//! gradient of an [`objective::Objective`], and a [`forest::Forest`] of [`tree::Tree`]s predicts and is stored.
//!
//! The same rows, options and seed give the same trees to the last bit on any number of threads: histograms are sums of
//! whole numbers ([`gradients`]), whose order doesn't matter, and all other sums have a fixed order.

pub mod binning;
pub mod booster;
mod error;
pub mod forest;
pub mod gradients;
mod grow;
mod histogram;
pub mod objective;
pub mod options;
mod partition;
mod random;
pub mod rows;
mod split;
pub mod tree;

pub use error::TreesError;
