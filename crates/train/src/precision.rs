//! How weights lie in a safetensors file: as they are, as half as long numbers, or as bytes with a scale for each channel.

use crate::{
    checkpoint::{Tensor, read_numbers, write_tensors},
    error::{Result, TrainError},
};
use aloft_nn::{
    graph::{Declared, Role, Start},
    network::Weights,
};
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fs, path::Path};

/// How a model's weights are stored. A prediction computes in 32 bits with what comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, as they were trained.
    #[default]
    F32,
    /// IEEE half precision: 11 significant bits.
    F16,
    /// Matrices, convolutions and embeddings as whole numbers from -127 to 127 and a scale for each output (for each
    /// vector of an embedding), in the tensor `<name>.scale`; what else there is, which is little, in 32 bits.
    Int8,
}

impl Precision {
    /// Whether nothing is lost.
    pub fn is_full(&self) -> bool {
        *self == Self::F32
    }

    /// `f32`, `f16` or `int8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

/// Writes the weights of these parameters; the file is replaced as a whole.
pub fn write_weights(
    path: &Path,
    parameters: &[Declared],
    weights: &[Weights],
    precision: Precision,
) -> Result<()> {
    let tensors: Vec<Tensor> = parameters
        .iter()
        .zip(weights)
        .flat_map(|(declared, weights)| store(declared, &weights.numbers, precision))
        .collect();
    // One entry at the most: several are written in any order, and the same run gives the same bytes.
    let metadata = HashMap::from([("format".to_owned(), "aloft".to_owned())]);
    write_tensors(path, &tensors, metadata)
}

/// Reads the weights of these parameters, in their order.
pub fn read_weights(path: &Path, parameters: &[Declared], precision: Precision) -> Result<Vec<Weights>> {
    let bytes = fs::read(path).map_err(TrainError::io("reading", path))?;
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| TrainError::unreadable(path, error.to_string()))?;
    parameters
        .iter()
        .map(|declared| {
            let numbers = load(&tensors, declared, precision)
                .map_err(|message| TrainError::unreadable(path, message))?;
            Ok(Weights {
                name: declared.name.clone(),
                shape: declared.shape.clone(),
                numbers,
            })
        })
        .collect()
}

fn scale_name(declared: &Declared) -> String {
    format!("{}.scale", declared.name)
}

/// Lengths of the runs of numbers that share a scale; `None` for what isn't stored as bytes.
fn channels(declared: &Declared) -> Option<Vec<usize>> {
    match (&declared.start, declared.role, &declared.shape[..]) {
        (Start::Categories(slots, _), ..) => {
            let vectors = |slot: &aloft_nn::ops::Slot| {
                let dimension = slot.table_length() / slot.values().max(1);
                std::iter::repeat_n(dimension, slot.values())
            };
            let lengths = slots
                .iter()
                .filter(|slot| slot.table_length() > 0)
                .flat_map(vectors);
            Some(lengths.collect())
        }
        // A matrix for each member or column.
        (_, Role::Weight, [matrices, outputs, inputs]) => Some(vec![*inputs; matrices * outputs]),
        (_, Role::Weight, [outputs, rest @ ..]) if !rest.is_empty() => {
            Some(vec![rest.iter().product(); *outputs])
        }
        _ => None,
    }
}

fn store(declared: &Declared, numbers: &[f32], precision: Precision) -> Vec<Tensor> {
    let tensor = |name: String, dtype, shape: &[usize], bytes| Tensor {
        name,
        dtype,
        shape: shape.to_vec(),
        bytes,
    };
    let (name, shape) = (declared.name.clone(), &declared.shape);
    match (precision, channels(declared)) {
        (Precision::F16, _) => {
            let halves = numbers.iter().flat_map(|number| to_half(*number).to_le_bytes());
            vec![tensor(name, Dtype::F16, shape, halves.collect())]
        }
        (Precision::Int8, Some(channels)) => {
            let (mut bytes, mut scales, mut rest) = (Vec::with_capacity(numbers.len()), Vec::new(), numbers);
            for length in channels {
                let (channel, next) = rest.split_at(length);
                rest = next;
                let highest = channel
                    .iter()
                    .fold(0.0f32, |highest, number| highest.max(number.abs()));
                let scale = if highest > 0.0 { highest / 127.0 } else { 1.0 };
                let whole = |number: &f32| ((number / scale).round().clamp(-127.0, 127.0) as i8) as u8;
                bytes.extend(channel.iter().map(whole));
                scales.push(scale);
            }
            vec![
                tensor(name, Dtype::I8, shape, bytes),
                Tensor::of(scale_name(declared), &[scales.len()], &scales),
            ]
        }
        (Precision::F32, _) | (Precision::Int8, None) => {
            vec![Tensor::of(name, shape, numbers)]
        }
    }
}

fn load(
    tensors: &SafeTensors<'_>,
    declared: &Declared,
    precision: Precision,
) -> std::result::Result<Vec<f32>, String> {
    let bytes = |name: &str, dtype: Dtype, shape: &[usize]| {
        let view = tensors.tensor(name).map_err(|_| format!("`{name}` is missing"))?;
        match view.dtype() == dtype && view.shape() == shape {
            true => Ok(view.data()),
            false => Err(format!(
                "`{name}` is {:?} {:?} and should be {dtype:?} {shape:?}",
                view.dtype(),
                view.shape()
            )),
        }
    };
    let (name, shape) = (&declared.name, &declared.shape);
    Ok(match (precision, channels(declared)) {
        (Precision::F16, _) => bytes(name, Dtype::F16, shape)?
            .chunks_exact(2)
            .map(|bytes| from_half(u16::from_le_bytes([bytes[0], bytes[1]])))
            .collect(),
        (Precision::Int8, Some(channels)) => {
            let mut wholes = bytes(name, Dtype::I8, shape)?;
            let scales = read_numbers(tensors, &scale_name(declared), &[channels.len()])?;
            let mut numbers = Vec::with_capacity(declared.size());
            for (length, scale) in channels.into_iter().zip(scales) {
                let (channel, next) = wholes.split_at(length);
                wholes = next;
                numbers.extend(channel.iter().map(|whole| f32::from(*whole as i8) * scale));
            }
            numbers
        }
        (Precision::F32, _) | (Precision::Int8, None) => read_numbers(tensors, name, shape)?,
    })
}

/// The nearest number in IEEE half precision, the even one of two equally near; too large ones are infinite.
fn to_half(number: f32) -> u16 {
    let bits = number.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let size = bits & 0x7fff_ffff;
    if size > 0x7f80_0000 {
        return sign | 0x7e00; // NaN
    }
    // From 65520 on, half of the last step beyond the largest number.
    if size >= 0x477f_f000 {
        return sign | 0x7c00;
    }
    // Below the smallest normal number the steps are all 2^-24.
    if size < 0x3880_0000 {
        return sign | (f32::from_bits(size) * 16_777_216.0).round_ties_even() as u16;
    }
    let rounded = size + 0x0fff + (size >> 13 & 1);
    sign | ((rounded - 0x3800_0000) >> 13) as u16
}

/// The number that half precision means.
fn from_half(half: u16) -> f32 {
    let sign = f32::from_bits(u32::from(half & 0x8000) << 16 | 0x3f80_0000);
    let (exponent, fraction) = (u32::from(half >> 10) & 0x1f, u32::from(half) & 0x3ff);
    sign * match exponent {
        0 => fraction as f32 / 16_777_216.0,
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Shape;

    fn shape(numbers: usize, continuous: &[usize], categories: &[usize]) -> Shape {
        Shape::Flat {
            numbers,
            continuous: continuous.to_vec(),
            categories: categories.to_vec(),
        }
    }
    use crate::architecture::Architecture;
    use aloft_nn::network::Network;
    use aloft_spec::train::ModelSpec;
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn halves_are_those_of_candle(bits: u32) {
            let number = f32::from_bits(bits);
            let halves = candle_core::Tensor::new(&[number], &Device::Cpu).unwrap().to_dtype(DType::F16).unwrap();
            let theirs = halves.to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap()[0];
            let ours = from_half(to_half(number));
            prop_assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{number} {ours} {theirs}");
        }
    }

    #[test]
    fn weights_come_back_within_their_steps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let graph = Architecture::new(&ModelSpec::default(), &shape(4, &[0, 2], &[7, 300]), 3)
            .unwrap()
            .graph();
        let weights = Network::new(
            Architecture::new(&ModelSpec::default(), &shape(4, &[0, 2], &[7, 300]), 3)
                .unwrap()
                .graph(),
            1,
            &Device::Cpu,
        )
        .unwrap()
        .weights()
        .unwrap();
        let mut sizes = Vec::new();
        for (precision, allowed) in [
            (Precision::F32, 0.0),
            (Precision::F16, 0.0005),
            (Precision::Int8, 0.004),
        ] {
            write_weights(&path, graph.parameters(), &weights, precision).unwrap();
            sizes.push(fs::metadata(&path).unwrap().len());
            let back = read_weights(&path, graph.parameters(), precision).unwrap();
            for (before, after) in weights.iter().zip(&back) {
                assert_eq!((&before.name, &before.shape), (&after.name, &after.shape));
                let highest = before
                    .numbers
                    .iter()
                    .fold(0.0f32, |highest, number| highest.max(number.abs()));
                for (before, after) in before.numbers.iter().zip(&after.numbers) {
                    assert!(
                        (before - after).abs() <= allowed * highest,
                        "{precision:?} {before} {after}"
                    );
                }
            }
            let other = [Precision::F16, Precision::F32][usize::from(precision == Precision::F16)];
            assert!(read_weights(&path, graph.parameters(), other).is_err());
        }
        assert!(
            sizes[1] * 18 < sizes[0] * 10 && sizes[2] * 3 < sizes[0],
            "{sizes:?}"
        );
    }
}
