//! A network beside a linear map.

use crate::{
    graph::{Graph, Role, Start},
    layers::add,
    ops::{Activation, Linear},
};

/// What the linear map's parameters are called: `line.weight` [outputs, inputs] and `line.bias`.
pub const LINE: &str = "line";

/// The graph with a linear map of all numbers of its input added to what comes out. The map isn't learned step by step
/// ([`Role::Fitted`]): it is fitted before, and the layers learn what it leaves. (An autoregressive part beside a network is
/// that of Lai et al., "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", 2018, who learn both
/// together.)
pub fn residual(mut graph: Graph) -> Graph {
    let (input, learned) = (graph.input(), graph.output().clone());
    let (inputs, outputs) = (input.width(), learned.width());
    let mut parameter = |what: &str, shape: &[usize]| {
        graph.parameter(
            format!("{LINE}.{what}"),
            shape,
            Start::Constant(0.0),
            Role::Fitted,
        )
    };
    let parameters = [
        parameter("weight", &[outputs, inputs]),
        parameter("bias", &[outputs]),
    ];
    let op = Linear {
        positions: 1,
        inputs,
        outputs,
        activation: Activation::Identity,
    };
    let line = graph.apply(op, &[&input.reshape(&[inputs])], &parameters, &learned.shape);
    add(&mut graph, &line, &learned);
    graph
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layers::Cell,
        learner::Learner,
        loss::{Loss, Targets},
        model::Recurrent,
        network::{Network, Rows},
        optimizer::{Kind, Optimizer, Rule},
    };
    use candle_core::Device;

    fn recurrent() -> Graph {
        Recurrent {
            cell: Cell::Gru,
            positions: 3,
            inputs: 2,
            hidden: vec![4],
            outputs: 2,
        }
        .graph()
    }

    #[test]
    fn the_line_is_added_and_stays_while_the_layers_learn() {
        let numbers: Vec<f32> = (0..24).map(|number| (number * 7 % 11) as f32 / 11.0).collect();
        let rows = Rows {
            rows: 4,
            numbers: &numbers,
            indices: &[],
        };
        let alone = Network::new(recurrent(), 5, &Device::Cpu).unwrap();
        let mut weights = Network::new(residual(recurrent()), 5, &Device::Cpu)
            .unwrap()
            .weights()
            .unwrap();
        let of_line = weights.len() - 2;
        assert_eq!(
            (weights[of_line].name.as_str(), &weights[of_line].shape[..]),
            ("line.weight", &[2, 6][..])
        );
        // The first output gets what the second number of the first position is, the second one a half.
        weights[of_line].numbers[1] = 1.0;
        weights[of_line + 1].numbers[1] = 0.5;
        for by_candle in [false, true] {
            let network =
                Network::from_weights(residual(recurrent()), weights.clone(), &Device::Cpu).unwrap();
            let network = match by_candle {
                true => network.by_candle().unwrap(),
                false => network,
            };
            let (with, without) = (network.predict(rows, 4).unwrap(), alone.predict(rows, 4).unwrap());
            for (row, (with, without)) in with.chunks(2).zip(without.chunks(2)).enumerate() {
                let line = [numbers[row * 6 + 1], 0.5];
                for ((with, without), line) in with.iter().zip(without).zip(line) {
                    assert!((with - without - line).abs() < 1e-5, "{with} {without} {line}");
                }
            }
            let rule = Rule {
                kind: Kind::Adamw,
                weight_decay: 0.1,
                clip: Some(1.0),
            };
            let optimizer = Optimizer::new(rule, network.graph().parameters());
            let mut learner = Learner::new(network, Loss::Squares { width: 2 }, optimizer, 1).unwrap();
            learner.step(rows, Targets::Numbers(&[1.0; 8]), 0.1, 3).unwrap();
            let after = learner.network().weights().unwrap();
            assert_eq!(after[of_line..], weights[of_line..]);
            assert_ne!(after[..of_line], weights[..of_line]);
        }
    }
}
