//! Each rule against a plain one in f64, against candle's ops and the kernels, and against itself with other threads and shards.

use super::*;
use crate::{
    fused::emulated::{self, Turns},
    graph::Start,
    rng::{Purpose, Random},
};
use candle_core::Device;

const KINDS: [Kind; 7] = [
    Kind::Adamw,
    Kind::Adam,
    Kind::Sgd {
        momentum: 0.0,
        nesterov: false,
    },
    Kind::Sgd {
        momentum: 0.9,
        nesterov: false,
    },
    Kind::Sgd {
        momentum: 0.9,
        nesterov: true,
    },
    Kind::Lion,
    Kind::Rmsprop,
];

const RATE: f64 = 0.01;

fn declared(sizes: &[usize]) -> Vec<Declared> {
    let roles = [Role::Weight, Role::Offset, Role::Observed];
    sizes
        .iter()
        .zip(roles)
        .map(|(size, role)| Declared {
            name: format!("{role:?}"),
            shape: vec![*size],
            start: Start::Normal(1.0),
            role,
            rate: if role == Role::Offset { 0.5 } else { 1.0 },
        })
        .collect()
}

fn normal(sizes: &[usize], random: &mut Random) -> Vec<Vec<f32>> {
    sizes
        .iter()
        .map(|size| (0..*size).map(|_| random.normal()).collect())
        .collect()
}

/// The rule for one number as the papers and PyTorch's documentation write it.
fn reference(rule: Rule, rate: f64, step: i32, value: &mut f64, gradient: f64, state: &mut [f64; 2]) {
    let decay = rule.weight_decay;
    let with_decay = gradient + decay * *value;
    match rule.kind {
        Kind::Adamw | Kind::Adam => {
            let gradient = if rule.kind == Kind::Adam {
                with_decay
            } else {
                gradient
            };
            if rule.kind == Kind::Adamw {
                *value -= rate * decay * *value;
            }
            state[0] = 0.9 * state[0] + 0.1 * gradient;
            state[1] = 0.999 * state[1] + 0.001 * gradient * gradient;
            let (m, v) = (
                state[0] / (1.0 - 0.9f64.powi(step)),
                state[1] / (1.0 - 0.999f64.powi(step)),
            );
            *value -= rate * m / (v.sqrt() + 1e-8);
        }
        Kind::Sgd { momentum, nesterov } => {
            state[0] = if step == 1 {
                with_decay
            } else {
                momentum * state[0] + with_decay
            };
            let along = match (momentum == 0.0, nesterov) {
                (true, _) => with_decay,
                (_, true) => with_decay + momentum * state[0],
                (_, false) => state[0],
            };
            *value -= rate * along;
        }
        Kind::Lion => {
            let direction = 0.9 * state[0] + 0.1 * gradient;
            *value -= rate * (direction.signum() + decay * *value);
            state[0] = 0.99 * state[0] + 0.01 * gradient;
        }
        Kind::Rmsprop => {
            state[0] = 0.99 * state[0] + 0.01 * with_decay * with_decay;
            *value -= rate * with_decay / (state[0].sqrt() + 1e-8);
        }
    }
}

#[test]
fn every_kind_agrees_with_its_paper_and_with_candle() {
    let sizes = [107, 5, 3];
    let declared = declared(&sizes);
    for kind in KINDS {
        for clip in [None, Some(1.5)] {
            let rule = Rule {
                kind,
                weight_decay: 0.1,
                clip,
            };
            let mut random = Random::new(1, Purpose::Weights, 0);
            let start = normal(&sizes, &mut random);
            let mut ours = start.clone();
            let vars = |device: &Device| -> Vec<Var> {
                let vars = start
                    .iter()
                    .map(|numbers| Var::from_slice(numbers, numbers.len(), device));
                vars.collect::<Result<_>>().unwrap()
            };
            let (vars, fused_vars) = (vars(&Device::Cpu), vars(&emulated::device()));
            let mut optimizer = Optimizer::new(rule, &declared);
            let mut by_candle = Optimizer::new(rule, &declared).to_device(&vars).unwrap();
            let mut by_kernels = Optimizer::new(rule, &declared).to_device(&fused_vars).unwrap();
            let mut expected: Vec<Vec<f64>> = start
                .iter()
                .map(|numbers| numbers.iter().map(|number| f64::from(*number)).collect())
                .collect();
            let mut states = vec![vec![[0.0; 2]; sizes[0]]; 2];
            for step in 1..=20 {
                let gradients = normal(&sizes, &mut random);
                optimizer.step(&declared, &mut ours, &[&gradients], RATE, 1);
                // The gradients of a loss whose gradients by the variables are these numbers.
                let store = |vars: &[Var]| {
                    let losses = vars.iter().zip(&gradients).map(|(var, gradient)| {
                        let gradient = Tensor::from_slice(gradient, gradient.len(), var.device())?;
                        (var.as_tensor() * gradient)?.sum_all()
                    });
                    let loss = losses.reduce(|left, right| left? + right?).unwrap();
                    loss.unwrap().backward().unwrap()
                };
                by_candle
                    .step_on_device(&declared, &vars, &store(&vars), RATE)
                    .unwrap();
                let fused = || by_kernels.step_on_device(&declared, &fused_vars, &store(&fused_vars), RATE);
                emulated::on(Turns::Backwards, fused).unwrap();
                let norm = gradients[..2]
                    .iter()
                    .flatten()
                    .map(|g| f64::from(*g).powi(2))
                    .sum::<f64>()
                    .sqrt();
                let factor = clip.map_or(1.0, |highest| (highest / norm).min(1.0));
                for (parameter, states) in states.iter_mut().enumerate() {
                    let rule = Rule {
                        weight_decay: if parameter == 0 { 0.1 } else { 0.0 },
                        ..rule
                    };
                    for (at, value) in expected[parameter].iter_mut().enumerate() {
                        let gradient = f64::from(gradients[parameter][at]) * factor;
                        let rate = RATE * f64::from(declared[parameter].rate);
                        reference(rule, rate, step, value, gradient, &mut states[at]);
                    }
                }
            }
            for parameter in 0..3 {
                let by_candle = vars[parameter].to_vec1::<f32>().unwrap();
                let by_kernels = fused_vars[parameter].to_vec1::<f32>().unwrap();
                for at in 0..sizes[parameter] {
                    let (ours, expected) = (ours[parameter][at], expected[parameter][at]);
                    let place = format!("{kind:?} {parameter} {at}");
                    assert!(
                        (f64::from(ours) - expected).abs() < 1e-5,
                        "{place}: {ours} and {expected}"
                    );
                    for (who, theirs) in [("candle", by_candle[at]), ("the kernel", by_kernels[at])] {
                        assert!((theirs - ours).abs() < 1e-5, "{place}: {who} has {theirs}");
                    }
                }
            }
            assert_eq!(ours[2], start[2], "what is observed isn't trained");
            let ours = optimizer.moments().unwrap();
            assert_eq!(ours[0].len(), kind.state().len());
            for theirs in [by_candle, by_kernels] {
                let theirs = theirs.moments().unwrap();
                let pairs = ours
                    .iter()
                    .flatten()
                    .flatten()
                    .zip(theirs.iter().flatten().flatten());
                for (ours, theirs) in pairs {
                    assert!((ours - theirs).abs() < 1e-5);
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit_and_a_resumed_optimizer_goes_on() {
    let sizes = [PARALLEL_FROM + 77, PIECE + 1, 3];
    let declared = declared(&sizes);
    let rule = Rule {
        kind: Kind::Adamw,
        weight_decay: 0.1,
        clip: Some(1.0),
    };
    let mut random = Random::new(2, Purpose::Weights, 0);
    let start = normal(&sizes, &mut random);
    let shards = [normal(&sizes, &mut random), normal(&sizes, &mut random)];
    let shards: Vec<&[Vec<f32>]> = shards.iter().map(|shard| &shard[..]).collect();
    let run = |threads: usize, resume: bool| {
        let mut values = start.clone();
        let mut optimizer = Optimizer::new(rule, &declared);
        for _ in 0..3 {
            if resume {
                optimizer = Optimizer::resume(rule, optimizer.steps(), optimizer.moments().unwrap());
            }
            optimizer.step(&declared, &mut values, &shards, RATE, threads);
        }
        values
    };
    let one = run(1, false);
    assert_eq!(one, run(2, false));
    assert_eq!(one, run(5, true));
    assert_ne!(one, start);
}
