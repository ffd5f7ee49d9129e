//! Models that read one position after the other.

use super::{Architecture, sizes, transformer, unsuited};
use crate::error::Result;
use aloft_nn::model::{Cell, Inputs, Recurrent, Temporal};
use aloft_spec::train::{ModelKind, ModelSpec};

/// Numbers of a recurrent layer's state when nothing is set.
const STATE: usize = 64;
/// Channels of a block of convolutions when nothing is set.
const CHANNELS: usize = 32;
/// Positions that a convolution looks at.
const KERNEL: usize = 3;

/// The model for `inputs` numbers at each position.
pub fn new(spec: &ModelSpec, positions: usize, inputs: usize, outputs: usize) -> Result<Architecture> {
    Ok(match spec.kind {
        ModelKind::Gru | ModelKind::Lstm => Architecture::Recurrent(Recurrent {
            cell: match spec.kind {
                ModelKind::Gru => Cell::Gru,
                _ => Cell::Lstm,
            },
            positions,
            inputs,
            hidden: sizes(&spec.state, "state", vec![STATE])?,
            outputs,
        }),
        ModelKind::Temporal => Architecture::Temporal(Temporal {
            positions,
            inputs,
            channels: sizes(&spec.channels, "channels", vec![CHANNELS; blocks_for(positions)])?,
            kernel: KERNEL,
            dropout: spec.dropout,
            outputs,
        }),
        ModelKind::Transformer => transformer(spec, positions, Inputs::Numbers(inputs), outputs)?,
        kind => return Err(unsuited(kind, "a sequence")),
    })
}

/// Blocks of two convolutions each, the dilation doubling from one to the next, that see so many positions: `n` blocks see
/// `1 + 2 (KERNEL - 1) (2^n - 1)`.
fn blocks_for(positions: usize) -> usize {
    let mut blocks = 1;
    while 1 + 2 * (KERNEL - 1) * ((1 << blocks) - 1) < positions {
        blocks += 1;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_see_the_whole_sequence() {
        for (positions, blocks) in [(1, 1), (5, 1), (6, 2), (13, 2), (14, 3), (48, 4), (168, 6)] {
            assert_eq!(blocks_for(positions), blocks, "{positions}");
        }
    }

    #[test]
    fn each_kind_gives_its_outputs() {
        for kind in [
            ModelKind::Gru,
            ModelKind::Lstm,
            ModelKind::Temporal,
            ModelKind::Transformer,
        ] {
            let spec = ModelSpec {
                kind,
                ..ModelSpec::default()
            };
            let graph = new(&spec, 7, 3, 5).unwrap().graph();
            assert_eq!((graph.width(0), graph.output().width()), (21, 5), "{kind:?}");
        }
    }

    #[test]
    fn bad_sizes_are_refused() {
        let spec = |kind| ModelSpec {
            kind,
            state: Some(vec![]),
            channels: Some(vec![8, 0]),
            width: 10,
            ..ModelSpec::default()
        };
        for kind in [
            ModelKind::Gru,
            ModelKind::Temporal,
            ModelKind::Transformer,
            ModelKind::Mlp,
        ] {
            assert!(new(&spec(kind), 7, 3, 5).is_err(), "{kind:?}");
        }
    }
}
