//! Networks as ONNX, the format that other programs run.
//!
//! A [`Model`] is a graph of nodes that grows by [`apply`](Model::apply); [`network`] appends a whole graph of `aloft-nn`,
//! each op by a file of [`ops`]. What is before and behind the network (columns of a table, labels) is for the caller to
//! append in the same way. The file itself is a protocol buffer ([`proto`]).

mod model;
mod ops;
pub mod proto;

pub use model::{Attribute, Dimension, Model, Tensor};
pub use ops::{Indices, network};
pub use proto::ElementType;

/// Why a model can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// An op that has no form in ONNX here.
    #[error("the model has the op `{op}`, which can't be written as ONNX")]
    Unsupported {
        /// Its name.
        op: &'static str,
    },
    /// An op that looks up whole numbers, in a model that is given none.
    #[error("the op `{op}` looks up categories or tokens, and the model is given none")]
    NoIndices {
        /// Its name.
        op: &'static str,
    },
}
