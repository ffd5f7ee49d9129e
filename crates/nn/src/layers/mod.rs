//! Layers: ops with the parameters that they need, appended to a graph. `name` is what the parameters' names begin with.

mod recurrent;
mod temporal;
mod transformer;

pub use recurrent::{Cell, recurrent};
pub use temporal::temporal_block;
pub use transformer::{TransformerBlock, transformer_block};

use crate::{
    graph::{Graph, Role, Start, Value},
    ops::{
        Activate, Activation, Add, Bag, BatchNorm, Convolution, Dropout, Embed, Image, LayerNorm, Linear,
        MemberLinear, Members, Offset, Periodic, Pool, PoolKind, Reduce, ReduceKind, RmsNorm, Tokens,
    },
};

/// Standard deviation of a fresh embedding's numbers.
const EMBEDDING_SCALE: f32 = 0.1;
/// The same of a token's.
const TOKEN_SCALE: f32 = 0.02;
/// Values of a category beyond which vectors learn more slowly.
const FEW_VALUES: usize = 16;
/// Share of the learning rate at which they do. Adam moves the vector of a value that few rows have as far with each of these
/// rows as all else with any, so that it soon knows them by heart: of late arrivals (16 carriers, 105 destinations) the log
/// loss falls from 0.2665 to 0.2608. Values that many rows have need the whole rate.
const EMBEDDING_RATE: f32 = 0.1;

/// Vectors of a value of the shape [.., width], and their width.
fn vectors(x: &Value) -> (usize, usize) {
    let width = x.shape.last().copied().unwrap_or(1);
    (x.width() / width.max(1), width)
}

/// The shape with another last dimension.
fn with_last(shape: &[usize], last: usize) -> Vec<usize> {
    let (_, first) = shape.split_last().unwrap_or((&0, &[]));
    [first, &[last]].concat()
}

/// `activation(x W^T + b)` on the last dimension.
pub fn linear(graph: &mut Graph, name: &str, x: &Value, outputs: usize, activation: Activation) -> Value {
    let (positions, inputs) = vectors(x);
    let start = Start::for_inputs(inputs);
    let weight = graph.parameter(
        format!("{name}.weight"),
        &[outputs, inputs],
        start.clone(),
        Role::Weight,
    );
    let bias = graph.parameter(format!("{name}.bias"), &[outputs], start, Role::Offset);
    let op = Linear {
        positions,
        inputs,
        outputs,
        activation,
    };
    graph.apply(op, &[x], &[weight, bias], &with_last(&x.shape, outputs))
}

/// A convolution; its own sizes say what comes in.
pub fn convolution(graph: &mut Graph, name: &str, x: &Value, op: Convolution) -> Value {
    let start = Start::for_inputs(op.window());
    let [height, width] = op.kernel;
    let shape = [op.filters, height, width, op.image.channels];
    let filters = graph.parameter(format!("{name}.weight"), &shape, start.clone(), Role::Weight);
    let bias = graph.parameter(format!("{name}.bias"), &[op.filters], start, Role::Offset);
    graph.apply(op, &[x], &[filters, bias], &op.result().shape())
}

/// The image that a value of the shape [height, width, channels] is.
pub fn image(x: &Value) -> Image {
    match x.shape[..] {
        [height, width, channels] => Image {
            height,
            width,
            channels,
        },
        _ => unreachable!("an image has three dimensions, not {:?}", x.shape),
    }
}

/// Square windows of an image that lie side by side.
pub fn pool(graph: &mut Graph, x: &Value, kind: PoolKind, kernel: usize) -> Value {
    let op = Pool {
        kind,
        image: image(x),
        kernel,
        stride: kernel,
    };
    graph.apply(op, &[x], &[], &op.result().shape())
}

fn scale(graph: &mut Graph, name: &str, width: usize) -> usize {
    graph.parameter(
        format!("{name}.weight"),
        &[width],
        Start::Constant(1.0),
        Role::Offset,
    )
}

fn shift(graph: &mut Graph, name: &str, width: usize) -> usize {
    graph.parameter(
        format!("{name}.bias"),
        &[width],
        Start::Constant(0.0),
        Role::Offset,
    )
}

/// Layer normalization of the last dimension.
pub fn layer_norm(graph: &mut Graph, name: &str, x: &Value) -> Value {
    let (positions, width) = vectors(x);
    let parameters = [scale(graph, name, width), shift(graph, name, width)];
    graph.apply(LayerNorm { positions, width }, &[x], &parameters, &x.shape)
}

/// Root mean square normalization of the last dimension.
pub fn rms_norm(graph: &mut Graph, name: &str, x: &Value) -> Value {
    let (positions, width) = vectors(x);
    let scale = scale(graph, name, width);
    graph.apply(RmsNorm { positions, width }, &[x], &[scale], &x.shape)
}

/// Batch normalization of each number of the last dimension.
pub fn batch_norm(graph: &mut Graph, name: &str, x: &Value) -> Value {
    let (positions, channels) = vectors(x);
    let mut observed = |what: &str, start| {
        graph.parameter(
            format!("{name}.{what}"),
            &[channels],
            Start::Constant(start),
            Role::Observed,
        )
    };
    let (mean, variance) = (observed("running_mean", 0.0), observed("running_var", 1.0));
    let parameters = [
        scale(graph, name, channels),
        shift(graph, name, channels),
        mean,
        variance,
    ];
    graph.apply(BatchNorm { positions, channels }, &[x], &parameters, &x.shape)
}

/// A function of each number.
pub fn activate(graph: &mut Graph, x: &Value, activation: Activation) -> Value {
    let op = Activate {
        activation,
        width: x.width(),
    };
    graph.apply(op, &[x], &[], &x.shape)
}

/// Dropout of a share; nothing where it is 0.
pub fn dropout(graph: &mut Graph, x: &Value, share: f64) -> Value {
    if share <= 0.0 {
        return x.clone();
    }
    let op = Dropout {
        width: x.width(),
        share,
        place: graph.steps().len() as u32,
    };
    graph.apply(op, &[x], &[], &x.shape)
}

/// `a + b`.
pub fn add(graph: &mut Graph, a: &Value, b: &Value) -> Value {
    graph.apply(Add { width: a.width() }, &[a, b], &[], &a.shape)
}

/// One vector out of all of the last dimension.
pub fn reduce(graph: &mut Graph, x: &Value, kind: ReduceKind) -> Value {
    let (positions, width) = vectors(x);
    let op = Reduce {
        kind,
        positions,
        width,
    };
    graph.apply(op, &[x], &[], &[width])
}

/// Numbers and categories of a table; numbers alone go through as they are.
pub fn embed(graph: &mut Graph, name: &str, x: &Value, op: Embed) -> Value {
    if op.slots.is_empty() {
        return x.clone();
    }
    let length: usize = op.slots.iter().map(|slot| slot.table_length()).sum();
    let mut parameters = Vec::new();
    if length > 0 {
        let start = Start::Categories(op.slots.clone(), EMBEDDING_SCALE);
        let vectors = graph.parameter(name, &[length], start, Role::Weight);
        if op.slots.iter().any(|slot| slot.values() > FEW_VALUES) {
            graph.learn_at(vectors, EMBEDDING_RATE);
        }
        parameters.push(vectors);
    }
    let width = op.width();
    graph.apply(op, &[x], &parameters, &[width])
}

/// The sum of a vector for each of the batch's tokens, weighted by x [positions], and an offset.
pub fn bag(graph: &mut Graph, name: &str, x: &Value, tokens: usize, width: usize, start: Start) -> Value {
    let vectors = graph.parameter(format!("{name}.weight"), &[tokens, width], start, Role::Weight);
    let offset = graph.parameter(
        format!("{name}.bias"),
        &[width],
        Start::Constant(0.0),
        Role::Offset,
    );
    let op = Bag {
        positions: x.width(),
        tokens,
        width,
    };
    graph.apply(op, &[x], &[vectors, offset], &[width])
}

/// Deviation of fresh frequencies, in turns for a deviation of the number.
const FREQUENCY_SCALE: f32 = 0.1;

/// Learned waves of some of the numbers, behind them.
pub fn periodic(graph: &mut Graph, name: &str, x: &Value, op: Periodic) -> Value {
    let (columns, waves, outputs) = (op.columns.len(), op.waves, op.outputs);
    if columns == 0 {
        return x.clone();
    }
    let start = Start::for_inputs(waves);
    let parameters = [
        (
            "frequencies",
            &[columns, waves][..],
            Start::Normal(FREQUENCY_SCALE),
            Role::Offset,
        ),
        ("phases", &[columns, waves], Start::Uniform(0.5), Role::Offset),
        ("weight", &[columns, outputs, waves], start.clone(), Role::Weight),
        ("bias", &[columns, outputs], start, Role::Offset),
    ]
    .map(|(what, shape, start, role)| graph.parameter(format!("{name}.{what}"), shape, start, role));
    let width = op.width();
    graph.apply(op, &[x], &parameters, &[width])
}

/// Rows as each of several members sees them: [width] to [members, width].
pub fn members(graph: &mut Graph, name: &str, x: &Value, members: usize) -> Value {
    let width = x.width();
    let shape = [members, width];
    let scales = graph.parameter(format!("{name}.weight"), &shape, Start::Signs, Role::Offset);
    graph.apply(Members { members, width }, &[x], &[scales], &shape)
}

/// A linear map for each member: [members, inputs] to [members, outputs].
pub fn member_linear(graph: &mut Graph, name: &str, x: &Value, outputs: usize) -> Value {
    let (members, inputs) = vectors(x);
    let start = Start::for_inputs(inputs);
    let shape = [members, outputs, inputs];
    let weight = graph.parameter(format!("{name}.weight"), &shape, start.clone(), Role::Weight);
    let bias = graph.parameter(format!("{name}.bias"), &[members, outputs], start, Role::Offset);
    let op = MemberLinear {
        members,
        inputs,
        outputs,
    };
    graph.apply(op, &[x], &[weight, bias], &[members, outputs])
}

/// A vector for each token and position of the batch's indices.
pub fn tokens(graph: &mut Graph, name: &str, positions: usize, tokens: usize, width: usize) -> Value {
    let mut table = |what: &str, count: usize| {
        let start = Start::Normal(TOKEN_SCALE);
        graph.parameter(format!("{name}.{what}"), &[count, width], start, Role::Weight)
    };
    let parameters = [table("tokens", tokens), table("positions", positions)];
    let op = Tokens {
        positions,
        tokens,
        width,
    };
    graph.apply(op, &[], &parameters, &[positions, width])
}

/// A learned vector for each position of [positions, width], added.
pub fn positions(graph: &mut Graph, name: &str, x: &Value) -> Value {
    let places = graph.parameter(
        format!("{name}.positions"),
        &x.shape,
        Start::Normal(TOKEN_SCALE),
        Role::Weight,
    );
    graph.apply(Offset { width: x.width() }, &[x], &[places], &x.shape)
}
