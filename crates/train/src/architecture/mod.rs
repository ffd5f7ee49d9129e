//! The model that a specification asks for: which kind, and its sizes. They are stored beside the weights.

mod sequence;
mod table;

use crate::{
    error::{Result, TrainError},
    inputs::Shape,
};
use aloft_nn::{
    graph::Graph,
    model::{Recurrent, Temporal, Transformer},
};
use aloft_spec::train::ModelSpec;
use serde::{Deserialize, Serialize};
pub use table::Table;

/// All that is needed to build a model but its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "network", rename_all = "lowercase")]
pub enum Architecture {
    /// Layers over numbers and categories.
    Table(Table),
    /// Recurrent layers over a sequence.
    Recurrent(Recurrent),
    /// Causal convolutions over a sequence.
    Temporal(Temporal),
    /// Attention over a sequence.
    Transformer(Transformer),
}

impl Architecture {
    /// The model of a specification for rows of a shape and so many outputs.
    ///
    /// # Errors
    /// `BadValue` where a size can't be, or where the kind doesn't read rows of this shape.
    pub fn new(spec: &ModelSpec, shape: &Shape, outputs: usize) -> Result<Self> {
        if !(0.0..1.0).contains(&spec.dropout) {
            return Err(TrainError::bad_value(
                format!("model.dropout is {}", spec.dropout),
                "a share from 0 to less than 1, for instance 0.1",
            ));
        }
        match shape {
            Shape::Flat {
                numbers, categories, ..
            } => match spec.kind.reads_sequences() {
                true => Err(TrainError::bad_value(
                    format!(
                        "a {} reads windows of a series, and this is a plain table",
                        spec.kind.word()
                    ),
                    "add `[forecast]` with `time = \"a column\"`, or use model.kind = \"mlp\"",
                )),
                false => Ok(Self::Table(Table::new(spec, *numbers, categories, outputs)?)),
            },
            Shape::Sequence { positions, inputs } => sequence::new(spec, *positions, *inputs, outputs),
        }
    }

    /// The model as a graph.
    pub fn graph(&self) -> Graph {
        match self {
            Self::Table(table) => table.graph(),
            Self::Recurrent(recurrent) => recurrent.graph(),
            Self::Temporal(temporal) => temporal.graph(),
            Self::Transformer(transformer) => transformer.graph(),
        }
    }
}
