//! The model that a specification asks for: which kind, and its sizes. They are stored beside the weights.

mod image;
mod sequence;
mod table;
mod text;

use crate::{
    error::{Result, TrainError},
    inputs::Shape,
};
use aloft_nn::{
    graph::Graph,
    model::{BagOfTokens, Cnn, Inputs, Recurrent, Temporal, Transformer, residual},
};
use aloft_spec::train::{ModelKind, ModelSpec};
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
    /// Convolutions over pictures.
    Cnn(Cnn),
    /// Layers over the sum of tokens.
    Bag(BagOfTokens),
    /// A network that learns what a linear map of the same numbers leaves.
    Residual {
        /// The network.
        of: Box<Self>,
    },
}

/// Numbers of a row up to which a linear map stands beside a network: fitting it takes the time of their cube.
const MOST_OF_LINE: usize = 2048;

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
                numbers,
                continuous,
                categories,
            } => match spec.kind {
                ModelKind::Mlp | ModelKind::Linear | ModelKind::Trees => Ok(Self::Table(Table::new(
                    spec, *numbers, continuous, categories, outputs,
                )?)),
                ModelKind::Autoencoder => Ok(Self::Table(Table::autoencoder(spec, *numbers)?)),
                kind => Err(unsuited(kind, "a plain table")),
            },
            Shape::Image(size) => image::new(spec, *size, outputs),
            Shape::Tokens {
                positions,
                tokens,
                order,
            } => text::new(spec, *positions, *tokens, *order, outputs),
            Shape::Sequence { positions, inputs } => sequence::new(spec, *positions, *inputs, outputs),
        }
    }

    /// The same beside a linear map of all `numbers` of a row; a model that is a linear map itself, or would need one that
    /// is too large, stays as it is.
    pub fn beside_line(self, spec: &ModelSpec, numbers: usize) -> Self {
        match spec.kind == ModelKind::Linear || numbers > MOST_OF_LINE {
            true => self,
            false => Self::Residual { of: Box::new(self) },
        }
    }

    /// The columns that trees read, where it is of trees.
    pub fn trees(&self) -> Option<&Table> {
        match self {
            Self::Table(table) if table.kind == ModelKind::Trees => Some(table),
            _ => None,
        }
    }

    /// The model as a graph.
    pub fn graph(&self) -> Graph {
        match self {
            Self::Table(table) => table.graph(),
            Self::Recurrent(recurrent) => recurrent.graph(),
            Self::Temporal(temporal) => temporal.graph(),
            Self::Transformer(transformer) => transformer.graph(),
            Self::Cnn(cnn) => cnn.graph(),
            Self::Bag(bag) => bag.graph(),
            Self::Residual { of } => residual(of.graph()),
        }
    }
}

/// That a kind of model doesn't read what the table is made into.
fn unsuited(kind: ModelKind, what: &str) -> TrainError {
    let (reads, hint) = match kind {
        ModelKind::Cnn => ("pictures", "add `[image]` with the column of pictures"),
        ModelKind::Gru | ModelKind::Lstm | ModelKind::Temporal => (
            "windows of a series",
            "add `[forecast]` with `time = \"a column\"`",
        ),
        ModelKind::Transformer => (
            "windows of a series or texts",
            "add `[forecast]` with the column of time, or `[text]` with the column of texts",
        ),
        ModelKind::Mlp | ModelKind::Linear | ModelKind::Autoencoder | ModelKind::Trees => (
            "rows of a plain table",
            "leave `[forecast]`, `[image]` and `[text]` out",
        ),
    };
    let message = format!(
        "a model of kind \"{}\" reads {reads}, and this is {what}",
        kind.word()
    );
    TrainError::bad_value(message, format!("{hint}, or choose another model.kind"))
}

/// The sizes of layers that a specification gives, or those by default.
fn sizes(given: &Option<Vec<usize>>, key: &str, default: Vec<usize>) -> Result<Vec<usize>> {
    match given {
        None => Ok(default),
        Some(sizes) if !sizes.is_empty() && !sizes.contains(&0) => Ok(sizes.clone()),
        Some(_) => Err(TrainError::bad_value(
            format!("model.{key} has a layer without a size"),
            format!("give each layer a size, for instance {key} = [64], or leave it out"),
        )),
    }
}

/// A small transformer over what is at each position.
fn transformer(spec: &ModelSpec, positions: usize, inputs: Inputs, outputs: usize) -> Result<Architecture> {
    let (width, heads) = (spec.width, spec.heads);
    if width == 0 || heads == 0 || spec.blocks == 0 || !width.is_multiple_of(heads) {
        return Err(TrainError::bad_value(
            format!(
                "model has width = {width}, heads = {heads} and blocks = {}",
                spec.blocks
            ),
            "width is a multiple of heads, and all are at least 1, for instance 64, 4 and 2",
        ));
    }
    Ok(Architecture::Transformer(Transformer {
        positions,
        inputs,
        width,
        blocks: spec.blocks,
        heads,
        hidden: 2 * width,
        causal: false,
        dropout: spec.dropout,
        outputs,
    }))
}
