//! Every model kind learns the same on the CPU's plans as through candle's gradients and by the kernels for GPUs, with one
//! thread and with several.

use super::*;
use crate::{
    fused::emulated::{self, Turns},
    layers::{Cell, activate, batch_norm, linear, rms_norm},
    model::{BagOfTokens, Cnn, Inputs, Mlp, Recurrent, Temporal, Transformer},
    ops::{Activation, Factors, Slot},
    optimizer::{Kind, Rule},
    rng::{Purpose, Random},
};
use candle_core::Device;

const ROWS: usize = 13;

fn graphs() -> Vec<(&'static str, Graph, usize, u32)> {
    let slot = Slot::Embedding {
        values: 5,
        dimension: 3,
        offset: 0,
    };
    let mlp = |numeric, members, residual, dropout| Mlp {
        numeric,
        periodic: if numeric > 2 { vec![0, 2] } else { Vec::new() },
        members,
        residual,
        slots: vec![slot, Slot::OneHot { values: 4 }],
        hidden: vec![16, 16, 8],
        activation: Activation::Silu,
        dropout,
        outputs: 3,
    };
    let cnn = Cnn {
        image: [8, 6, 2],
        channels: vec![4, 6],
        hidden: vec![10],
        dropout: 0.2,
        outputs: 3,
    };
    let recurrent = |cell| Recurrent {
        cell,
        positions: 5,
        inputs: 3,
        hidden: vec![6, 4],
        outputs: 3,
    };
    let temporal = Temporal {
        positions: 9,
        inputs: 2,
        channels: vec![6, 6, 4],
        kernel: 3,
        dropout: 0.1,
        outputs: 3,
    };
    let transformer = |inputs| Transformer {
        positions: 6,
        inputs,
        width: 8,
        blocks: 2,
        heads: 2,
        hidden: 12,
        causal: false,
        dropout: 0.1,
        outputs: 3,
    };
    let bag = BagOfTokens {
        positions: 6,
        tokens: 9,
        hidden: vec![8],
        dropout: 0.1,
        outputs: 3,
    };
    let mut normalized = Graph::new(&[4]);
    let mut x = normalized.input();
    for (index, width) in [8, 6].into_iter().enumerate() {
        x = linear(
            &mut normalized,
            &format!("{index}.linear"),
            &x,
            width,
            Activation::Identity,
        );
        x = batch_norm(&mut normalized, &format!("{index}.batch"), &x);
        x = activate(&mut normalized, &x, Activation::Tanh);
        x = rms_norm(&mut normalized, &format!("{index}.rms"), &x);
    }
    linear(&mut normalized, "output", &x, 3, Activation::Identity);
    vec![
        ("mlp", mlp(4, 1, false, 0.3).graph(), 2, 6),
        ("mlp of categories alone", mlp(0, 1, false, 0.0).graph(), 2, 6),
        ("residual members", mlp(4, 4, true, 0.0).graph(), 2, 6),
        ("cnn", cnn.graph(), 0, 1),
        ("gru", recurrent(Cell::Gru).graph(), 0, 1),
        ("lstm", recurrent(Cell::Lstm).graph(), 0, 1),
        ("temporal", temporal.graph(), 0, 1),
        (
            "transformer of numbers",
            transformer(Inputs::Numbers(3)).graph(),
            0,
            1,
        ),
        (
            "transformer of tokens",
            transformer(Inputs::Tokens(9)).graph(),
            6,
            9,
        ),
        ("bag of tokens", bag.graph(), 6, 9),
        ("batch norm", normalized, 0, 1),
    ]
}

/// Who computes.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Plans,
    Candle,
    Kernels,
}

/// A network where it is computed like this.
fn network(by: By, graph: Graph) -> Network {
    match by {
        By::Plans => Network::new(graph, 7, &Device::Cpu).unwrap(),
        By::Candle => Network::new(graph, 7, &Device::Cpu).unwrap().by_candle().unwrap(),
        By::Kernels => Network::new(graph, 7, &emulated::device())
            .unwrap()
            .by_candle()
            .unwrap(),
    }
}

/// Runs with such networks.
fn with<T>(by: By, run: impl FnOnce() -> T) -> T {
    match by {
        By::Kernels => emulated::on(Turns::Backwards, run),
        _ => run(),
    }
}

/// Losses of some steps, and what the model makes of the rows in the end.
fn learn(graph: Graph, index_width: usize, below: u32, threads: usize, by: By) -> (Vec<f64>, Vec<f32>) {
    let mut random = Random::new(3, Purpose::Order, 0);
    let numbers: Vec<f32> = (0..ROWS * graph.width(0)).map(|_| random.normal()).collect();
    let indices: Vec<u32> = (0..ROWS * index_width).map(|_| random.below(below)).collect();
    let classes: Vec<u32> = (0..ROWS).map(|_| random.below(3)).collect();
    // Not Adam, which makes large steps of gradients that are nothing but rounding, as those of a bias before batch norm.
    let kind = Kind::Sgd {
        momentum: 0.9,
        nesterov: true,
    };
    let rule = Rule {
        kind,
        weight_decay: 0.01,
        clip: None,
    };
    let loss = Loss::CrossEntropy {
        classes: 3,
        smoothing: 0.1,
        weights: vec![1.0, 2.0, 0.5],
    };
    let loss = match graph.width(graph.output().index) / 3 {
        1 => loss,
        members => Loss::Members {
            members,
            each: Box::new(loss),
        },
    };
    let optimizer = Optimizer::new(rule, graph.parameters());
    let mut learner = Learner::new(network(by, graph), loss, optimizer, threads).unwrap();
    // Also batches this small are divided.
    learner.work_per_thread = 1;
    let losses = (0..8)
        .map(|step| {
            // A whole batch, and now and then the smaller one at the end of an epoch.
            let rows = if step % 3 == 2 { ROWS - 4 } else { ROWS };
            let batch = Rows {
                rows,
                numbers: &numbers[..numbers.len() / ROWS * rows],
                indices: &indices[..index_width * rows],
            };
            learner
                .step(batch, Targets::Classes(&classes[..rows]), 0.03, step * 1_000_003)
                .unwrap()
        })
        .collect();
    let rows = Rows {
        rows: ROWS,
        numbers: &numbers,
        indices: &indices,
    };
    (losses, learner.network().predict(rows, 5).unwrap())
}

#[test]
fn plans_learn_what_candle_learns_with_any_number_of_threads() {
    for (index, (name, ..)) in graphs().into_iter().enumerate() {
        let learn = |threads, by| {
            let (_, graph, index_width, below) = graphs().swap_remove(index);
            with(by, || learn(graph, index_width, below, threads, by))
        };
        let (losses, predictions) = learn(1, By::Candle);
        assert!(losses[6] < losses[0], "{name} learns: {losses:?}");
        let (fused, fused_predictions) = learn(1, By::Kernels);
        let pairs = fused.iter().zip(&losses);
        for (ours, expected) in pairs {
            assert!(
                (ours - expected).abs() < 1e-3,
                "{name} by kernels: {ours} and {expected} of {losses:?}"
            );
        }
        for (ours, expected) in fused_predictions.iter().zip(&predictions) {
            assert!(
                (ours - expected).abs() < 1e-2,
                "{name} by kernels: {ours} and {expected}"
            );
        }
        for threads in 1..=3 {
            let (ours, our_predictions) = learn(threads, By::Plans);
            for (ours, expected) in ours.iter().zip(&losses) {
                assert!(
                    (ours - expected).abs() < 1e-3,
                    "{name}, {threads}: {ours} and {expected} of {losses:?}"
                );
            }
            for (ours, expected) in our_predictions.iter().zip(&predictions) {
                assert!(
                    (ours - expected).abs() < 1e-2,
                    "{name}, {threads}: {ours} and {expected}"
                );
            }
            assert_eq!(
                (ours, our_predictions),
                learn(threads, By::Plans),
                "{name}, {threads}: not the same again"
            );
        }
    }
}

#[test]
fn every_parameter_gets_a_gradient_and_small_batches_stay_on_one_thread() {
    for (name, graph, index_width, below) in graphs() {
        let width = graph.width(graph.output().index);
        let before = graph.draw(&mut Random::new(7, Purpose::Weights, 0));
        let names: Vec<String> = graph
            .parameters()
            .iter()
            .map(|parameter| parameter.name.clone())
            .collect();
        let rule = Rule {
            kind: Kind::Adamw,
            weight_decay: 0.0,
            clip: None,
        };
        let mut random = Random::new(4, Purpose::Order, 0);
        let numbers: Vec<f32> = (0..ROWS * graph.width(0)).map(|_| random.normal()).collect();
        let indices: Vec<u32> = (0..(ROWS * index_width) as u32)
            .map(|index| index % below)
            .collect();
        let optimizer = Optimizer::new(rule, graph.parameters());
        let network = Network::new(graph, 7, &Device::Cpu).unwrap();
        let loss = Loss::Squares { width };
        let mut learner = Learner::new(network, loss, optimizer, 2).unwrap();
        assert_eq!(learner.shards(ROWS), 1, "{name}");
        let rows = Rows {
            rows: ROWS,
            numbers: &numbers,
            indices: &indices,
        };
        learner
            .step(rows, Targets::Numbers(&vec![1.0; ROWS * width]), 0.01, 1)
            .unwrap();
        for ((name_of, before), after) in names.iter().zip(before).zip(learner.network().weights().unwrap()) {
            assert_ne!(before, after.numbers, "{name}: {name_of}");
        }
    }
}

#[test]
fn batches_that_make_one_step_are_as_one_batch() {
    for by in [By::Plans, By::Candle, By::Kernels] {
        with(by, || batches_make_one_step(by));
    }
}

fn batches_make_one_step(by: By) {
    for (name, graph, index_width, below) in graphs() {
        // What is shared over a batch is that of each part.
        if !joints(&graph).is_empty() || graph.steps().iter().any(|step| step.op.name() == "dropout") {
            continue;
        }
        let width = graph.width(graph.output().index);
        let mut random = Random::new(5, Purpose::Order, 0);
        let numbers: Vec<f32> = (0..ROWS * graph.width(0)).map(|_| random.normal()).collect();
        let indices: Vec<u32> = (0..ROWS * index_width).map(|_| random.below(below)).collect();
        let targets: Vec<f32> = (0..ROWS * width).map(|_| random.normal()).collect();
        let part = |from: usize, to: usize| {
            let rows = Rows {
                rows: to - from,
                numbers: &numbers[from * (numbers.len() / ROWS)..to * (numbers.len() / ROWS)],
                indices: &indices[from * index_width..to * index_width],
            };
            (rows, Targets::Numbers(&targets[from * width..to * width]))
        };
        let learner = || {
            let rule = Rule {
                kind: Kind::Adamw,
                weight_decay: 0.1,
                clip: Some(0.5),
            };
            let (_, graph, ..) = graphs().into_iter().find(|other| other.0 == name).unwrap();
            let optimizer = Optimizer::new(rule, graph.parameters());
            Learner::new(network(by, graph), Loss::Squares { width }, optimizer, 1).unwrap()
        };
        let (mut whole, mut parts) = (learner(), learner());
        for seed in 0..3 {
            let (rows, all) = part(0, ROWS);
            let loss = whole.step(rows, all, 0.01, seed).unwrap();
            let divisor = parts.divisor(all);
            let mut sum = 0.0;
            for (from, to) in [(0, 5), (5, 10), (10, ROWS)] {
                let (rows, targets) = part(from, to);
                sum += parts.accumulate(rows, targets, divisor, seed).unwrap();
            }
            parts.update(0.01).unwrap();
            assert!((loss - sum).abs() < 1e-4, "{name}: {loss} and {sum}");
        }
        assert_eq!(whole.optimizer().steps(), parts.optimizer().steps());
        let weights = |learner: &Learner| learner.network().weights().unwrap();
        for (whole, parts) in weights(&whole).iter().zip(weights(&parts)) {
            for (whole, parts) in whole.numbers.iter().zip(parts.numbers) {
                assert!((whole - parts).abs() < 2e-3, "{name}: {whole} and {parts}");
            }
        }
    }
}

#[test]
fn a_step_on_a_gpu_takes_few_launches() {
    let launches = |hidden: &[usize], dropout: f64, clip: Option<f64>| {
        let mlp = Mlp {
            numeric: 4,
            periodic: Vec::new(),
            members: 1,
            residual: false,
            slots: Vec::new(),
            hidden: hidden.to_vec(),
            activation: Activation::Gelu,
            dropout,
            outputs: 3,
        };
        let rule = Rule {
            kind: Kind::Adamw,
            weight_decay: 0.1,
            clip,
        };
        let optimizer = Optimizer::new(rule, mlp.graph().parameters());
        let network = Network::new(mlp.graph(), 7, &Device::Cpu)
            .unwrap()
            .by_candle()
            .unwrap();
        let loss = Loss::Squares { width: 3 };
        let mut learner = Learner::new(network, loss, optimizer, 1).unwrap();
        let rows = Rows {
            rows: 3,
            numbers: &[0.5; 12],
            indices: &[],
        };
        let before = emulated::launches();
        let step = || learner.step(rows, Targets::Numbers(&[0.0; 9]), 0.01, 1);
        emulated::on(Turns::Forwards, step).unwrap();
        emulated::launches() - before
    };
    // A linear layer: one forward, one back, and one for each of its parameters. The loss, and its sum.
    assert_eq!(launches(&[5], 0.0, None), 2 * 4 + 2);
    assert_eq!(launches(&[5, 5], 0.0, None), 3 * 4 + 2);
    // Dropout: one each way. A clip: one for each parameter, and one for all.
    assert_eq!(launches(&[5], 0.5, Some(1.0)), 2 * 6 + 2 + 2 + 1);
}

/// Losses of some steps of a network that is wide enough for products of bf16, and what it makes of the rows in the end.
fn learn_wide(graph: Graph, threads: usize, factors: Factors) -> (Vec<f64>, Vec<f32>) {
    const ROWS: usize = 96;
    let mut random = Random::new(3, Purpose::Order, 0);
    let classes: Vec<u32> = (0..ROWS).map(|_| random.below(3)).collect();
    let width = graph.width(0);
    let numbers: Vec<f32> = (0..ROWS * width)
        .map(|index| random.normal() + f32::from(classes[index / width] as usize == index % 3))
        .collect();
    let rule = Rule {
        kind: Kind::Adamw,
        weight_decay: 0.01,
        clip: Some(1.0),
    };
    let optimizer = Optimizer::new(rule, graph.parameters());
    let loss = Loss::CrossEntropy {
        classes: 3,
        smoothing: 0.0,
        weights: Vec::new(),
    };
    let network = Network::new(graph, 7, &Device::Cpu).unwrap();
    let learner = Learner::new(network, loss, optimizer, threads).unwrap();
    let mut learner = learner.with_factors(factors).unwrap();
    learner.work_per_thread = 1;
    let rows = Rows {
        rows: ROWS,
        numbers: &numbers,
        indices: &[],
    };
    let losses = (0..30)
        .map(|step| {
            learner
                .step(rows, Targets::Classes(&classes), 5e-3, step)
                .unwrap()
        })
        .collect();
    (losses, learner.network().predict(rows, 32).unwrap())
}

#[test]
fn mixed_precision_learns_as_much_and_the_same_bits_each_time() {
    let mlp = Mlp {
        numeric: 32,
        periodic: Vec::new(),
        slots: Vec::new(),
        members: 1,
        residual: false,
        hidden: vec![64, 48],
        activation: Activation::Relu,
        dropout: 0.1,
        outputs: 3,
    };
    let transformer = Transformer {
        positions: 32,
        inputs: Inputs::Numbers(3),
        width: 64,
        blocks: 1,
        heads: 2,
        hidden: 64,
        causal: false,
        dropout: 0.0,
        outputs: 3,
    };
    let graphs: [&dyn Fn() -> Graph; 2] = [&|| mlp.graph(), &|| transformer.graph()];
    for (index, graph) in graphs.into_iter().enumerate() {
        let (single, _) = learn_wide(graph(), 1, Factors::F32);
        assert!(single[29] < 0.9 * single[0], "{single:?}");
        for threads in 1..=2 {
            let mixed = learn_wide(graph(), threads, Factors::Bf16);
            assert_eq!(mixed, learn_wide(graph(), threads, Factors::Bf16), "{threads}");
            assert_ne!(mixed.0, single, "{index} rounds nothing");
            // A loss that falls by several percent a step is apart by as much where one is half a step behind: so it is
            // the way that it has come that counts.
            for (mixed, step) in mixed.0.iter().zip(&single) {
                let apart = (mixed - step).abs();
                assert!(apart < 0.01 * single[0], "{index}: {mixed} and {step}");
            }
        }
    }
}
