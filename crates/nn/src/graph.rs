//! A model as a list of ops over values and parameters, written down once: a [`Plan`](crate::plan::Plan) runs it on the
//! CPU, [`by_candle`](crate::by_candle) elsewhere.

use crate::{
    ops::{Op, Slot},
    rng::Random,
};

/// What a model is made of.
#[derive(Debug)]
pub struct Graph {
    input: Vec<usize>,
    steps: Vec<Step>,
    parameters: Vec<Declared>,
    output: Value,
}

/// A result of a step, or the model's input, and the shape of a row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// 0 for the input, else the step's index and one.
    pub index: usize,
    /// The shape of a row.
    pub shape: Vec<usize>,
}

impl Value {
    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same numbers in another shape; nothing is copied.
    pub fn reshape(&self, shape: &[usize]) -> Self {
        let reshaped = Self {
            index: self.index,
            shape: shape.to_vec(),
        };
        assert_eq!(self.width(), reshaped.width(), "numbers of another shape");
        reshaped
    }
}

/// An op and what it works with.
#[derive(Debug)]
pub struct Step {
    /// The op.
    pub op: Box<dyn Op>,
    /// Values, all of earlier steps.
    pub inputs: Vec<Value>,
    /// Indices of parameters.
    pub parameters: Vec<usize>,
    /// Numbers of a row's result.
    pub width: usize,
    /// Whether something before or in it is trained, so that a gradient has to reach it.
    pub needs_gradient: bool,
}

/// A parameter as a model declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Its name in files: `layers.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first numbers.
    pub start: Start,
    /// How it changes.
    pub role: Role,
    /// What the learning rate is multiplied by for it, 1 unless [`Graph::learn_at`] says otherwise.
    pub rate: f32,
}

impl Declared {
    /// Numbers.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// How a parameter changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// By the optimizer, with weight decay: matrices.
    Weight,
    /// By the optimizer, without weight decay: biases and scales.
    Offset,
    /// By the op that observes the data: running means.
    Observed,
    /// Not at all once who trains has found it, before the first step.
    Fitted,
}

impl Role {
    /// Whether the optimizer moves it.
    pub fn is_learned(self) -> bool {
        matches!(self, Self::Weight | Self::Offset)
    }
}

/// First numbers of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// All the same.
    Constant(f32),
    /// Uniform within ± this.
    Uniform(f32),
    /// Normal around 0 with this deviation.
    Normal(f32),
    /// 1 or -1.
    Signs,
    /// The vectors of categories: normal with this deviation, each slot's bucket of unknown values zero.
    Categories(Vec<Slot>, f32),
}

impl Start {
    /// Uniform within ±1/√inputs, as PyTorch starts linear maps, convolutions and recurrent layers (Kaiming-uniform with
    /// a = √5).
    pub fn for_inputs(inputs: usize) -> Self {
        Self::Uniform(1.0 / (inputs.max(1) as f32).sqrt())
    }

    /// Draws `count` numbers.
    pub fn draw(&self, count: usize, random: &mut Random) -> Vec<f32> {
        match self {
            Self::Constant(number) => vec![*number; count],
            Self::Uniform(bound) => (0..count).map(|_| (random.unit() * 2.0 - 1.0) * bound).collect(),
            Self::Normal(deviation) => (0..count).map(|_| random.normal() * deviation).collect(),
            Self::Signs => (0..count)
                .map(|_| if random.unit() < 0.5 { -1.0 } else { 1.0 })
                .collect(),
            Self::Categories(slots, deviation) => {
                let mut numbers = Vec::with_capacity(count);
                for slot in slots {
                    if let Slot::Embedding {
                        values, dimension, ..
                    } = *slot
                    {
                        numbers.extend(std::iter::repeat_n(0.0, dimension));
                        numbers.extend((0..(values - 1) * dimension).map(|_| random.normal() * deviation));
                    }
                }
                numbers
            }
        }
    }
}

impl Graph {
    /// A graph that gives its input back: numbers of this shape a row.
    pub fn new(input: &[usize]) -> Self {
        Self {
            input: input.to_vec(),
            steps: Vec::new(),
            parameters: Vec::new(),
            output: Value {
                index: 0,
                shape: input.to_vec(),
            },
        }
    }

    /// The input.
    pub fn input(&self) -> Value {
        Value {
            index: 0,
            shape: self.input.clone(),
        }
    }

    /// Declares a parameter; its index.
    pub fn parameter(&mut self, name: impl Into<String>, shape: &[usize], start: Start, role: Role) -> usize {
        self.parameters.push(Declared {
            name: name.into(),
            shape: shape.to_vec(),
            start,
            role,
            rate: 1.0,
        });
        self.parameters.len() - 1
    }

    /// Lets a parameter learn at so many times the learning rate.
    pub fn learn_at(&mut self, parameter: usize, rate: f32) {
        self.parameters[parameter].rate = rate;
    }

    /// Appends an op; its result, which has this shape and is the graph's output until there is a later one.
    pub fn apply(
        &mut self,
        op: impl Op + 'static,
        inputs: &[&Value],
        parameters: &[usize],
        shape: &[usize],
    ) -> Value {
        for (index, input) in inputs.iter().enumerate() {
            assert!(input.index <= self.steps.len(), "a value of this graph");
            // A gradient has one writer at a time.
            let again = inputs[..index].iter().any(|earlier| earlier.index == input.index);
            assert!(!again, "inputs of an op are different values");
        }
        let trained = parameters
            .iter()
            .any(|parameter| self.parameters[*parameter].role.is_learned());
        let needs_gradient = trained || inputs.iter().any(|input| self.needs_gradient(input));
        self.steps.push(Step {
            op: Box::new(op),
            inputs: inputs.iter().map(|input| (*input).clone()).collect(),
            parameters: parameters.to_vec(),
            width: shape.iter().product(),
            needs_gradient,
        });
        self.output = Value {
            index: self.steps.len(),
            shape: shape.to_vec(),
        };
        self.output.clone()
    }

    /// Whether a gradient has to reach a value.
    pub fn needs_gradient(&self, value: &Value) -> bool {
        value.index > 0 && self.steps[value.index - 1].needs_gradient
    }

    /// The ops in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The parameters in order.
    pub fn parameters(&self) -> &[Declared] {
        &self.parameters
    }

    /// The result.
    pub fn output(&self) -> &Value {
        &self.output
    }

    /// Numbers of a row of a value, by its index.
    pub fn width(&self, index: usize) -> usize {
        match index {
            0 => self.input.iter().product(),
            index => self.steps[index - 1].width,
        }
    }

    /// Numbers of all values of a row.
    pub fn numbers_per_row(&self) -> usize {
        (0..=self.steps.len()).map(|index| self.width(index)).sum()
    }

    /// Multiply-adds of a row's forward pass, roughly.
    pub fn work_per_row(&self) -> usize {
        self.steps.iter().map(|step| step.op.work()).sum()
    }

    /// Fresh numbers for all parameters, drawn in their order.
    pub fn draw(&self, random: &mut Random) -> Vec<Vec<f32>> {
        self.parameters
            .iter()
            .map(|parameter| parameter.start.draw(parameter.size(), random))
            .collect()
    }
}
