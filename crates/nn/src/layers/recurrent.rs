//! Recurrent layers with PyTorch's parameters.

use crate::{
    graph::{Graph, Role, Start, Value},
    ops::{Gru, Lstm, Recurrent},
};
use serde::{Deserialize, Serialize};

/// What a recurrent layer repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Gated recurrent unit.
    Gru,
    /// Long short-term memory.
    Lstm,
}

/// [positions, inputs] to the state after each position, [positions, hidden].
pub fn recurrent(graph: &mut Graph, name: &str, x: &Value, cell: Cell, hidden: usize) -> Value {
    let [positions, inputs] = x.shape[..] else {
        unreachable!("a sequence has two dimensions, not {:?}", x.shape)
    };
    let gates = match cell {
        Cell::Gru => 3,
        Cell::Lstm => 4,
    };
    let start = Start::for_inputs(hidden);
    let mut parameter = |what: &str, shape: &[usize], role| {
        graph.parameter(format!("{name}.{what}"), shape, start.clone(), role)
    };
    let parameters = [
        parameter("weight_ih", &[gates * hidden, inputs], Role::Weight),
        parameter("weight_hh", &[gates * hidden, hidden], Role::Weight),
        parameter("bias_ih", &[gates * hidden], Role::Offset),
        parameter("bias_hh", &[gates * hidden], Role::Offset),
    ];
    let shape = [positions, hidden];
    match cell {
        Cell::Gru => {
            let op = Recurrent::<Gru>::new(positions, inputs, hidden);
            graph.apply(op, &[x], &parameters, &shape)
        }
        Cell::Lstm => {
            let op = Recurrent::<Lstm>::new(positions, inputs, hidden);
            graph.apply(op, &[x], &parameters, &shape)
        }
    }
}
