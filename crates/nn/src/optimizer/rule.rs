//! The rules by which parameters move.

use crate::ops::vector::vectorized;
use serde::{Deserialize, Serialize};

/// A kind of optimizer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    Adamw,
    /// Kingma and Ba, 2015; weight decay is added to the gradient.
    Adam,
    /// Stochastic gradient descent; weight decay is added to the gradient.
    Sgd {
        /// Share of the last step in the next one; 0 for none.
        momentum: f64,
        /// Whether the gradient counts as of after the momentum (Nesterov, 1983).
        nesterov: bool,
    },
    /// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023; wants a tenth of AdamW's learning rate.
    Lion,
    /// Tieleman and Hinton, 2012; weight decay is added to the gradient.
    Rmsprop,
}

/// A kind, and what all kinds have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The kind.
    pub kind: Kind,
    /// Weight decay, on matrices only.
    pub weight_decay: f64,
    /// The longest gradient, all parameters taken as one vector; longer ones are shortened (Pascanu et al., 2013).
    pub clip: Option<f64>,
}

/// Shares of the old in running means of the gradient and of its square.
pub const ADAM: (f64, f64) = (0.9, 0.999);
/// The same in Lion, where the first is for the step and the second for what is kept.
pub const LION: (f64, f64) = (0.9, 0.99);
/// The same of the square in RMSprop.
pub const RMSPROP: f64 = 0.99;
/// Added to a deviation before dividing by it.
pub const EPSILON: f64 = 1e-8;

impl Kind {
    /// Names of what is kept for each parameter, as checkpoints have them.
    pub fn state(self) -> &'static [&'static str] {
        match self {
            Self::Adamw | Self::Adam => &["first", "second"],
            Self::Sgd { momentum: 0.0, .. } => &[],
            Self::Sgd { .. } | Self::Lion => &["first"],
            Self::Rmsprop => &["second"],
        }
    }
}

/// The numbers of one step that are the same for all parameters.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    /// The kind.
    pub kind: Kind,
    /// The learning rate.
    pub rate: f32,
    /// Weight decay, of what decays.
    pub decay: f32,
    // Factor of the gradient.
    factor: f32,
    /// Of running means that began with zeros: Adam's corrections.
    pub corrections: (f32, f32),
    /// Whether no step was before.
    pub first_step: bool,
}

impl Update {
    /// Those of a step, counted from 1.
    pub fn new(rule: Rule, step: u64, learning_rate: f64) -> Self {
        let steps = i32::try_from(step).unwrap_or(i32::MAX);
        Self {
            kind: rule.kind,
            rate: learning_rate as f32,
            decay: rule.weight_decay as f32,
            factor: 1.0,
            corrections: (
                (1.0 / (1.0 - ADAM.0.powi(steps))) as f32,
                (1.0 / (1.0 - ADAM.1.powi(steps)).sqrt()) as f32,
            ),
            first_step: step == 1,
        }
    }

    /// Shortens a gradient of this norm to `highest`.
    pub fn clip(&mut self, norm: f64, highest: f64) {
        if norm > highest {
            self.factor = (highest / norm) as f32;
        }
    }

    /// The same at so many times the learning rate.
    pub fn at_rate(&self, factor: f32) -> Self {
        Self {
            rate: self.rate * factor,
            ..*self
        }
    }

    /// Moves values and state by one gradient.
    pub fn apply(&self, values: &mut [f32], gradient: &[f32], mut state: Vec<&mut [f32]>, decays: bool) {
        let decay = if decays { self.decay } else { 0.0 };
        let (rate, factor, epsilon) = (self.rate, self.factor, EPSILON as f32);
        match (self.kind, &mut state[..]) {
            (Kind::Adamw | Kind::Adam, [first, second]) => {
                // AdamW takes the decay off the values, Adam adds it to the gradient.
                let (keep, into) = match self.kind {
                    Kind::Adamw => (1.0 - rate * decay, 0.0),
                    _ => (1.0, decay),
                };
                let (beta1, beta2) = (ADAM.0 as f32, ADAM.1 as f32);
                let (step, scale) = (rate * self.corrections.0, self.corrections.1);
                vectorized!(for (((value, gradient), first), second) in values
                    .iter_mut()
                    .zip(gradient)
                    .zip(first.iter_mut())
                    .zip(second.iter_mut())
                {
                    let gradient = gradient * factor + into * *value;
                    *first = beta1 * *first + (1.0 - beta1) * gradient;
                    *second = beta2 * *second + (1.0 - beta2) * gradient * gradient;
                    *value = *value * keep - step * *first / (second.sqrt() * scale + epsilon);
                });
            }
            (Kind::Sgd { momentum, nesterov }, [velocity]) => {
                let momentum = momentum as f32;
                // PyTorch's: the first step sets the velocity to the gradient.
                let keep = if self.first_step { 0.0 } else { momentum };
                let (of_gradient, of_velocity) = if nesterov {
                    (rate, rate * momentum)
                } else {
                    (0.0, rate)
                };
                vectorized!(for ((value, gradient), velocity) in
                    values.iter_mut().zip(gradient).zip(velocity.iter_mut())
                {
                    let gradient = gradient * factor + decay * *value;
                    *velocity = keep * *velocity + gradient;
                    *value -= of_gradient * gradient + of_velocity * *velocity;
                });
            }
            (Kind::Sgd { .. }, _) => vectorized!(for (value, gradient) in values.iter_mut().zip(gradient) {
                *value -= rate * (gradient * factor + decay * *value);
            }),
            (Kind::Lion, [first]) => {
                let (now, kept) = (LION.0 as f32, LION.1 as f32);
                let keep = 1.0 - rate * decay;
                vectorized!(for ((value, gradient), first) in
                    values.iter_mut().zip(gradient).zip(first.iter_mut())
                {
                    let gradient = gradient * factor;
                    let direction = now * *first + (1.0 - now) * gradient;
                    let up = if direction > 0.0 { 1.0 } else { 0.0 };
                    let down = if direction < 0.0 { 1.0 } else { 0.0 };
                    *value = *value * keep - rate * (up - down);
                    *first = kept * *first + (1.0 - kept) * gradient;
                });
            }
            (Kind::Rmsprop, [second]) => {
                let kept = RMSPROP as f32;
                vectorized!(for ((value, gradient), second) in
                    values.iter_mut().zip(gradient).zip(second.iter_mut())
                {
                    let gradient = gradient * factor + decay * *value;
                    *second = kept * *second + (1.0 - kept) * gradient * gradient;
                    *value -= rate * gradient / (second.sqrt() + epsilon);
                });
            }
            _ => unreachable!("the state is that of the kind"),
        }
    }
}
