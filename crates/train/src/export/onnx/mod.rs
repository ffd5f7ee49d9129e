//! The whole way from columns to predictions as one ONNX graph.

mod columns;
mod moment;
mod outputs;

use super::unsupported;
use crate::{error::Result, saved::SavedModel};
use aloft_nn::network::Network;
use aloft_onnx::{Attribute, Indices, Model, OnnxError, Tensor};

/// The file's bytes.
pub fn encode(saved: &SavedModel, network: &Network) -> Result<Vec<u8>> {
    let preprocessing = super::table(saved)?;
    let mut model = Model::new("model");
    model.fact("target", saved.target.clone());
    model.fact("task", saved.task.name());
    let columns = columns::append(&mut model, preprocessing)?;
    let joined = |model: &mut Model, parts: &[String]| {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            [] => String::new(),
            [only] => only.to_owned(),
            _ => model.apply("Concat", &parts, &[("axis", Attribute::Int(1))]),
        }
    };
    let numbers = Tensor {
        name: joined(&mut model, &columns.numbers),
        shape: vec![preprocessing.numeric_width()],
    };
    let indices = joined(&mut model, &columns.categories);
    let indices = (!indices.is_empty()).then_some(Indices {
        name: &indices,
        known: true,
    });
    let weights = network.weights()?;
    let result = match aloft_onnx::network(&mut model, network.graph(), &weights, &numbers, indices) {
        Ok(result) => result,
        Err(OnnxError::Unsupported { op } | OnnxError::NoIndices { op }) => {
            return unsupported(
                format!("the model has the op `{op}`, which can't be written as ONNX"),
                "`aloft export --pytorch` writes it for PyTorch, and `aloft predict` scores rows with it",
            );
        }
    };
    outputs::append(&mut model, &saved.task, &result)?;
    let about = format!("Predicts `{}` from the columns of a table.", saved.target);
    Ok(model.encode(&saved.aloft, &about))
}
