//! The model for PyTorch: weights, a description, and a program that puts them together.

use super::unsupported;
use crate::{
    error::{Result, TrainError},
    model::Learned,
    saved::SavedModel,
};
use aloft_nn::{graph::Graph, network::Network, ops::Op};
use aloft_runs::replace_file;
use serde::Serialize;
use serde_json::Value;
use std::{any::Any, path::Path};

/// The program.
const PROGRAM: &str = include_str!("load.py");
const PROGRAM_NAME: &str = "load.py";

/// `model.json` with the network's steps, which the program follows.
#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    saved: &'a SavedModel,
    network: Steps,
}

#[derive(Serialize)]
struct Steps {
    steps: Vec<Step>,
    output: usize,
}

/// One op: value 0 is the network's input, value `i` the result of step `i`.
#[derive(Serialize)]
struct Step {
    op: &'static str,
    /// Values, and the shapes that a row of each has for the op.
    inputs: Vec<(usize, Vec<usize>)>,
    /// Names of tensors.
    parameters: Vec<String>,
    /// The op's own, by the names that they have in `aloft-nn`.
    sizes: Value,
}

/// Writes the three files into a folder, which is made where it isn't there.
pub fn write(saved: &SavedModel, network: &Network, folder: &Path) -> Result<()> {
    super::table(saved)?;
    let description = Description {
        saved,
        network: steps(network.graph())?,
    };
    saved.write_as(folder, &Learned::Network(network.weights()?), &description)?;
    let program = folder.join(PROGRAM_NAME);
    Ok(replace_file(&program, PROGRAM.as_bytes())?)
}

fn steps(graph: &Graph) -> Result<Steps> {
    let name = |index: &usize| graph.parameters()[*index].name.clone();
    let mut steps = Vec::new();
    for step in graph.steps() {
        let op: &dyn Op = &*step.op;
        let Some(sizes) = sizes(op) else {
            return unsupported(
                format!(
                    "the model has the op `{}`, which {PROGRAM_NAME} doesn't know",
                    op.name()
                ),
                "`aloft predict` scores rows with it",
            );
        };
        let sizes =
            sizes.map_err(|error| TrainError::unreadable(Path::new(PROGRAM_NAME), error.to_string()))?;
        steps.push(Step {
            op: op.name(),
            inputs: step
                .inputs
                .iter()
                .map(|value| (value.index, value.shape.clone()))
                .collect(),
            parameters: step.parameters.iter().map(name).collect(),
            sizes,
        });
    }
    Ok(Steps {
        steps,
        output: graph.output().index,
    })
}

/// The fields of an op that the program knows.
fn sizes(op: &dyn Op) -> Option<serde_json::Result<Value>> {
    fn of<T: Serialize + 'static>(op: &dyn Any) -> Option<serde_json::Result<Value>> {
        op.downcast_ref::<T>().map(serde_json::to_value)
    }
    let all = aloft_nn::exportable_ops!(of);
    all.iter().find_map(|of| of(op))
}
