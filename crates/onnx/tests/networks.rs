//! Networks of every kind give the same numbers in ONNX Runtime, which `scripts/install test` installs.

#![allow(clippy::unwrap_used, reason = "what a test can't do without fails it")]

use aloft_nn::{
    graph::Graph,
    layers::{self, Cell},
    model::{Cnn, Inputs, Mlp, Recurrent, Temporal, Transformer},
    network::{Network, Rows, Weights},
    ops::{Activation, PoolKind, ReduceKind, Slot},
    rng::{Purpose, Random},
};
use aloft_onnx::{Dimension, ElementType, Indices, Model, network};
use candle_core::Device;
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command};

/// The Python that has ONNX Runtime.
fn python() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("aloft/peers/bin/python")
}

/// Runs a model and compares it with our own network on random rows; `tokens` is how many kinds of indices there are, each
/// row having `width` of them.
fn agrees(what: &str, (width, tokens): (usize, u32)) {
    let (rows, graph) = (9, graph_of(what));
    let mut random = Random::new(5, Purpose::Weights, 1);
    let input = graph.width(0);
    let numbers: Vec<f32> = (0..rows * input).map(|_| random.normal()).collect();
    // Some are beyond what is known, and some are 0, the filling up.
    let indices: Vec<u32> = (0..rows * width).map(|_| random.below(tokens + 2)).collect();
    let mut weights: Vec<Weights> = Network::new(graph, 3, &Device::Cpu).unwrap().weights().unwrap();
    for weights in &mut weights {
        // Running variances stay above 0, and nothing is left at 0 or 1.
        for number in &mut weights.numbers {
            *number = (*number + 0.2 * random.unit()).abs() * if random.below(2) == 0 { 1.0 } else { -0.5 };
            if weights.name.ends_with("running_var") {
                *number = number.abs() + 0.1;
            }
        }
    }
    let graph = graph_of(what);
    let ours = Network::from_weights(graph, weights.clone(), &Device::Cpu).unwrap();
    let given = Rows {
        rows,
        numbers: &numbers,
        indices: &indices,
    };
    let expected = ours.predict(given, 16).unwrap();

    let mut model = Model::new("test");
    let x = model.input("numbers", ElementType::Float, input, "");
    let i = model.input("indices", ElementType::Int64, width, "");
    let looked_up = Indices {
        name: &i.name,
        known: false,
    };
    let result = network(&mut model, ours.graph(), &weights, &x, Some(looked_up)).unwrap();
    let size = result.shape.iter().product();
    let result = model.reshape(&result, &[size]);
    let shape = [Dimension::Rows, Dimension::Size(size)];
    let name = model.output("result", &result.name, ElementType::Float, &shape, "");

    let folder = tempfile::tempdir().unwrap();
    let (file, inputs) = (
        folder.path().join("model.onnx"),
        folder.path().join("inputs.json"),
    );
    std::fs::write(&file, model.encode("0", "")).unwrap();
    let inputs_of = json!({
        "numbers": { "shape": [rows, input], "values": numbers },
        "indices": { "shape": [rows, width], "values": indices },
    });
    std::fs::write(&inputs, inputs_of.to_string()).unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/run.py");
    let run = Command::new(python())
        .arg(script)
        .arg(&file)
        .arg(&inputs)
        .output();
    let run = run.unwrap_or_else(|error| panic!("{error}; `scripts/install test` installs ONNX Runtime"));
    assert!(
        run.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let results: Value = serde_json::from_slice(&run.stdout).unwrap();
    let theirs: Vec<f64> = serde_json::from_value(results[&name].clone()).unwrap();
    assert_eq!(theirs.len(), expected.len(), "{what}");
    for (ours, theirs) in expected.iter().zip(&theirs) {
        let ours = f64::from(*ours);
        assert!(
            (ours - theirs).abs() <= 1e-5 * (1.0 + ours.abs()),
            "{what}: {ours} {theirs}"
        );
    }
}

fn graph_of(what: &str) -> Graph {
    let activation = match what.split_once(' ').map_or("", |(_, activation)| activation) {
        "gelu" => Activation::Gelu,
        "silu" => Activation::Silu,
        "tanh" => Activation::Tanh,
        _ => Activation::Relu,
    };
    match what.split(' ').next().unwrap_or_default() {
        "mlp" => Mlp {
            numeric: 5,
            periodic: vec![],
            members: 1,
            residual: false,
            slots: vec![
                Slot::Embedding {
                    values: 6,
                    dimension: 3,
                    offset: 0,
                },
                Slot::OneHot { values: 4 },
            ],
            hidden: vec![16, 8],
            activation,
            dropout: 0.2,
            outputs: 3,
        }
        .graph(),
        "members" => Mlp {
            numeric: 5,
            periodic: vec![0, 2, 3],
            members: 4,
            residual: true,
            slots: vec![Slot::OneHot { values: 4 }],
            hidden: vec![12, 12],
            activation,
            dropout: 0.2,
            outputs: 3,
        }
        .graph(),
        "categories" => Mlp {
            numeric: 0,
            periodic: vec![],
            members: 1,
            residual: false,
            slots: vec![Slot::OneHot { values: 4 }; 2],
            hidden: vec![],
            activation,
            dropout: 0.0,
            outputs: 1,
        }
        .graph(),
        "cnn" => Cnn {
            image: [8, 8, 2],
            channels: vec![4, 6],
            hidden: vec![10],
            dropout: 0.1,
            outputs: 3,
        }
        .graph(),
        "text" => Transformer {
            positions: 6,
            inputs: Inputs::Tokens(11),
            width: 8,
            blocks: 2,
            heads: 2,
            hidden: 16,
            causal: false,
            dropout: 0.1,
            outputs: 2,
        }
        .graph(),
        "series" => Transformer {
            positions: 6,
            inputs: Inputs::Numbers(3),
            width: 8,
            blocks: 1,
            heads: 2,
            hidden: 16,
            causal: true,
            dropout: 0.1,
            outputs: 2,
        }
        .graph(),
        "gru" => recurrent(Cell::Gru),
        "lstm" => recurrent(Cell::Lstm),
        "temporal" => Temporal {
            positions: 7,
            inputs: 3,
            channels: vec![4, 5],
            kernel: 2,
            dropout: 0.1,
            outputs: 2,
        }
        .graph(),
        _ => layers_of_all_kinds(activation),
    }
}

fn recurrent(cell: Cell) -> Graph {
    Recurrent {
        cell,
        positions: 5,
        inputs: 3,
        hidden: vec![4, 6],
        outputs: 2,
    }
    .graph()
}

/// The layers that no model above has.
fn layers_of_all_kinds(activation: Activation) -> Graph {
    let mut graph = Graph::new(&[4, 4, 6]);
    let x = graph.input();
    let x = layers::pool(&mut graph, &x, PoolKind::Average, 2);
    let x = layers::batch_norm(&mut graph, "batch", &x);
    let x = layers::activate(&mut graph, &x, activation);
    let x = x.reshape(&[4, 6]);
    let y = layers::rms_norm(&mut graph, "rms", &x);
    let y = layers::linear(&mut graph, "linear", &y, 6, activation);
    let x = layers::add(&mut graph, &x, &y);
    let x = layers::layer_norm(&mut graph, "norm", &x);
    let x = layers::positions(&mut graph, "places", &x);
    layers::reduce(&mut graph, &x, ReduceKind::Mean);
    graph
}

#[test]
fn networks_for_tables_give_the_same_numbers() {
    for what in ["mlp", "mlp gelu", "mlp silu", "mlp tanh"] {
        agrees(what, (2, 6));
    }
    agrees("categories", (2, 4));
    agrees("members silu", (1, 4));
}

#[test]
fn networks_for_images_give_the_same_numbers() {
    agrees("cnn", (1, 1));
}

#[test]
fn networks_for_sequences_give_the_same_numbers() {
    for what in ["series", "gru", "lstm", "temporal"] {
        agrees(what, (1, 1));
    }
    agrees("text", (6, 11));
}

#[test]
fn single_layers_give_the_same_numbers() {
    for what in ["layers", "layers gelu", "layers silu", "layers tanh"] {
        agrees(what, (1, 1));
    }
}
