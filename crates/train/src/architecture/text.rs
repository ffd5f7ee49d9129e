//! Models of texts.

use super::{Architecture, Table, transformer, unsuited};
use crate::error::Result;
use aloft_nn::model::{BagOfTokens, Inputs};
use aloft_spec::train::{ModelKind, ModelSpec};

/// The model for so many tokens at so many positions: attention where their order counts, layers over their sum otherwise.
pub fn new(
    spec: &ModelSpec,
    positions: usize,
    tokens: usize,
    order: bool,
    outputs: usize,
) -> Result<Architecture> {
    match (spec.kind, order) {
        (ModelKind::Transformer, true) => transformer(spec, positions, Inputs::Tokens(tokens), outputs),
        (ModelKind::Mlp | ModelKind::Linear, false) => {
            Table::check_hidden(spec)?;
            let linear = spec.kind == ModelKind::Linear;
            Ok(Architecture::Bag(BagOfTokens {
                positions,
                tokens,
                hidden: if linear { Vec::new() } else { spec.hidden.clone() },
                dropout: if linear { 0.0 } else { spec.dropout },
                outputs,
            }))
        }
        (kind, _) => Err(unsuited(kind, "texts")),
    }
}
