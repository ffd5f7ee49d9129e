//! Recurrent layers. ONNX has the gates in another order, and the sequence before the rows.

use super::{Call, Export};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{Gru, Lstm, Recurrent};

impl Export for Recurrent<Gru> {
    /// From reset, update, new to update, reset, new.
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let before_reset = [("linear_before_reset", Attribute::Int(1))];
        Ok(recurrent(
            model,
            call,
            "GRU",
            &[1, 0, 2],
            self.hidden,
            &before_reset,
        ))
    }
}

impl Export for Recurrent<Lstm> {
    /// From input, forget, cell, output to input, output, forget, cell.
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        Ok(recurrent(model, call, "LSTM", &[0, 3, 1, 2], self.hidden, &[]))
    }
}

/// The states of all positions, [rows, positions, hidden], by an operator whose gate `i` is our gate `gates[i]`.
fn recurrent(
    model: &mut Model,
    call: &Call<'_>,
    op: &str,
    gates: &[usize],
    hidden: usize,
    attributes: &[(&str, Attribute<'_>)],
) -> Tensor {
    let reordered = |index: usize| {
        let numbers = &call.parameters[index].numbers;
        let size = numbers.len() / gates.len();
        let gate = |gate: &usize| numbers[gate * size..][..size].iter().copied();
        gates.iter().flat_map(gate).collect::<Vec<f32>>()
    };
    let width = gates.len() * hidden;
    let mut weight = |name: &str, index: usize| {
        let numbers = reordered(index);
        model.floats(name, &[1, width, numbers.len() / width], &numbers)
    };
    let (for_input, for_state) = (weight("weight_ih", 0), weight("weight_hh", 1));
    let bias = [reordered(2), reordered(3)].concat();
    let bias = model.floats("bias", &[1, bias.len()], &bias);
    let swapped = [("perm", Attribute::Ints(&[1, 0, 2]))];
    let sequence = model.apply("Transpose", &[&call.x().name], &swapped);
    let hidden_size = [("hidden_size", Attribute::Int(hidden as i64))];
    let states = model.apply(
        op,
        &[&sequence, &for_input, &for_state, &bias],
        &[&hidden_size, attributes].concat(),
    );
    // [positions, directions, rows, hidden]; there is one direction.
    let axes = model.ints("axes", &[1], &[1]);
    let states = model.apply("Squeeze", &[&states, &axes], &[]);
    Tensor {
        name: model.apply("Transpose", &[&states], &swapped),
        shape: vec![call.width / hidden, hidden],
    }
}
