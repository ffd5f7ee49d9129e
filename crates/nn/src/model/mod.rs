//! Kinds of models, one a file: each describes itself by its sizes, which are stored beside the weights, and builds a
//! graph.

mod bag;
mod cnn;
mod mlp;
mod recurrent;
mod residual;
mod temporal;
mod transformer;

pub use crate::layers::Cell;
pub use bag::BagOfTokens;
pub use cnn::Cnn;
pub use mlp::Mlp;
pub use recurrent::Recurrent;
pub use residual::{LINE, residual};
pub use temporal::Temporal;
pub use transformer::{Inputs, Transformer};
