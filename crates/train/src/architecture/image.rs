//! Models of pictures.

use super::{Architecture, Table, sizes, unsuited};
use crate::{
    error::{Result, TrainError},
    inputs::images::Size,
};
use aloft_nn::model::Cnn;
use aloft_spec::train::{ModelKind, ModelSpec};

/// Channels of the convolutions when nothing is set.
const CHANNELS: [usize; 2] = [32, 64];

/// The model for pictures of a size: convolutions, or layers over all pixels at once.
pub fn new(spec: &ModelSpec, size: Size, outputs: usize) -> Result<Architecture> {
    match spec.kind {
        ModelKind::Cnn => {
            let channels = sizes(&spec.channels, "channels", CHANNELS.to_vec())?;
            let shorter = size.height.min(size.width);
            if shorter >> channels.len() == 0 {
                return Err(TrainError::bad_value(
                    format!(
                        "{} convolutions halve a picture of {} x {} pixels to nothing",
                        channels.len(),
                        size.height,
                        size.width
                    ),
                    "give model.channels fewer sizes, or make image.size larger",
                ));
            }
            Table::check_hidden(spec)?;
            Ok(Architecture::Cnn(Cnn {
                image: [size.height, size.width, size.channels],
                channels,
                hidden: spec.hidden.clone(),
                dropout: spec.dropout,
                outputs,
            }))
        }
        ModelKind::Mlp | ModelKind::Linear => Ok(Architecture::Table(Table::new(
            spec,
            size.numbers(),
            &[],
            &[],
            outputs,
        )?)),
        kind => Err(unsuited(kind, "pictures")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_not_halved_to_nothing() {
        let spec = |channels: Vec<usize>| ModelSpec {
            kind: ModelKind::Cnn,
            channels: Some(channels),
            ..ModelSpec::default()
        };
        let size = Size {
            height: 8,
            width: 5,
            channels: 3,
        };
        let graph = new(&spec(vec![4, 8]), size, 10).unwrap().graph();
        assert_eq!((graph.width(0), graph.output().width()), (120, 10));
        assert!(new(&spec(vec![4, 8, 8]), size, 10).is_err());
    }
}
