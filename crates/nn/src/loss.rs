//! What training makes small, and its gradient.

use crate::ops::vector::{exp, highest, sum, vectorized};
use candle_core::{D, Result, Tensor};

/// A loss.
#[derive(Debug, Clone, PartialEq)]
pub enum Loss {
    /// Softmax cross-entropy: `-Σ_c t_c ln softmax(logits)_c`, where t is 1 for the row's class, or `1 - smoothing` and
    /// `smoothing / classes` for all (Szegedy et al., 2016).
    CrossEntropy {
        /// Classes.
        classes: usize,
        /// Share that goes to all classes alike, 0 for none.
        smoothing: f32,
        /// A factor for each class; empty for 1.
        weights: Vec<f32>,
    },
    /// Mean over all numbers of `ln(1 + eˣ) - t x`: the log loss of yes or no for each number of a row by itself, where t is 0
    /// or 1 and x the logit of its probability.
    BinaryCrossEntropy {
        /// Numbers of a row.
        width: usize,
    },
    /// Mean square of the differences over all numbers.
    Squares {
        /// Numbers of a row.
        width: usize,
    },
    /// Mean over all numbers of `max(q (y - x), (q - 1) (y - x))`, each with the quantile of its column: smallest where the
    /// share q of the rows stays below x (Koenker and Bassett, 1978).
    Pinball {
        /// A quantile for each number of a row, above 0 and below 1.
        quantiles: Vec<f32>,
    },
    /// The mean of a loss over members that are to say the same, each for itself: [rows, members, width].
    Members {
        /// Members.
        members: usize,
        /// The loss of each.
        each: Box<Loss>,
    },
}

/// What rows should come to.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// A class for each row.
    Classes(&'a [u32]),
    /// Numbers, [rows, width].
    Numbers(&'a [f32]),
}

impl Targets<'_> {
    /// Those of some of the rows.
    pub fn part(&self, rows: std::ops::Range<usize>, width: usize) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(&classes[rows]),
            Self::Numbers(numbers) => Self::Numbers(&numbers[rows.start * width..rows.end * width]),
        }
    }
}

/// The loss and the gradient of a row of logits, for a target's share of each class, `all` of them together.
#[inline(always)]
fn entropy(logits: &[f32], share: impl Fn(usize) -> f32, all: f32, scale: f32, gradient: &mut [f32]) -> f64 {
    let highest = highest(logits);
    for (gradient, logit) in gradient.iter_mut().zip(logits) {
        *gradient = exp(logit - highest);
    }
    let total = sum(gradient);
    let level = f64::from(highest) + f64::from(total).ln();
    let factor = all * scale / total;
    let mut loss = 0.0;
    for (class, (gradient, logit)) in gradient.iter_mut().zip(logits).enumerate() {
        let share = share(class);
        *gradient = *gradient * factor - share * scale;
        loss += f64::from(share) * (level - f64::from(*logit));
    }
    loss
}

impl Loss {
    /// Numbers that a model gives for a row.
    pub fn width(&self) -> usize {
        match self {
            Self::CrossEntropy { classes, .. } => *classes,
            Self::Squares { width } | Self::BinaryCrossEntropy { width } => *width,
            Self::Pinball { quantiles } => quantiles.len(),
            Self::Members { members, each } => members * each.width(),
        }
    }

    /// Numbers of a row of targets where these are numbers.
    pub fn target_width(&self) -> usize {
        match self {
            Self::Members { each, .. } => each.target_width(),
            _ => self.width(),
        }
    }

    /// What the sum over a batch is divided by: its rows, or the weights of their classes.
    pub fn divisor(&self, targets: Targets<'_>) -> f64 {
        match (self, targets) {
            (Self::Members { each, .. }, _) => each.divisor(targets),
            (Self::CrossEntropy { weights, .. }, Targets::Classes(classes)) if !weights.is_empty() => classes
                .iter()
                .map(|class| f64::from(weights[*class as usize]))
                .sum(),
            (_, Targets::Classes(classes)) => classes.len() as f64,
            (_, Targets::Numbers(numbers)) => numbers.len() as f64,
        }
    }

    /// The sum over some rows, over the whole batch's `divisor`; the gradient by `out` goes to `gradient`.
    pub fn evaluate(&self, out: &[f32], targets: Targets<'_>, divisor: f64, gradient: &mut [f32]) -> f64 {
        let scale = (1.0 / divisor) as f32;
        let sum = match (self, targets) {
            (Self::Members { members, each }, _) => {
                let repeated = Repeated::new(targets, *members, each.target_width());
                let divisor = divisor * *members as f64;
                return each.evaluate(out, repeated.targets(), divisor, gradient);
            }
            (Self::Pinball { quantiles }, Targets::Numbers(targets)) => {
                let mut sum = 0.0;
                let quantiles = quantiles.iter().cycle();
                for (((gradient, out), target), quantile) in
                    gradient.iter_mut().zip(out).zip(targets).zip(quantiles)
                {
                    let above = target - out;
                    let slope = if above < 0.0 { *quantile - 1.0 } else { *quantile };
                    *gradient = -slope * scale;
                    sum += f64::from(slope * above);
                }
                sum
            }
            (
                Self::CrossEntropy {
                    classes,
                    smoothing,
                    weights,
                },
                Targets::Classes(targets),
            ) => {
                let rows = out
                    .chunks_exact(*classes)
                    .zip(gradient.chunks_exact_mut(*classes));
                let mut sum = 0.0;
                for ((logits, gradient), &target) in rows.zip(targets) {
                    sum += match weights.is_empty() && *smoothing == 0.0 {
                        true => {
                            let share = |class: usize| f32::from(u8::from(class == target as usize));
                            vectorized!(entropy(logits, share, 1.0, scale, gradient))
                        }
                        false => {
                            let share = |class| shares(class, target as usize, *classes, *smoothing, weights);
                            let all = (0..*classes).map(share).sum();
                            vectorized!(entropy(logits, share, all, scale, gradient))
                        }
                    };
                }
                sum
            }
            (Self::BinaryCrossEntropy { .. }, Targets::Numbers(targets)) => {
                let mut sum = 0.0;
                for ((gradient, out), target) in gradient.iter_mut().zip(out).zip(targets) {
                    let small = exp(-out.abs());
                    let probability = if *out < 0.0 { small } else { 1.0 } / (1.0 + small);
                    *gradient = (probability - target) * scale;
                    sum += f64::from(out.max(0.0) - target * out) + f64::from(small).ln_1p();
                }
                sum
            }
            (Self::Squares { .. }, Targets::Numbers(targets)) => {
                let mut sum = 0.0;
                for ((gradient, out), target) in gradient.iter_mut().zip(out).zip(targets) {
                    let difference = out - target;
                    *gradient = 2.0 * difference * scale;
                    sum += f64::from(difference * difference);
                }
                sum
            }
            _ => unreachable!("classes have a cross-entropy, numbers the other losses"),
        };
        sum / divisor
    }

    /// The same in candle's ops, a scalar.
    pub fn by_candle(&self, out: &Tensor, targets: Targets<'_>) -> Result<Tensor> {
        let divisor = self.divisor(targets);
        match (self, targets) {
            (Self::Members { members, each }, _) => {
                let repeated = Repeated::new(targets, *members, each.target_width());
                each.by_candle(&out.reshape(((), each.width()))?, repeated.targets())
            }
            (Self::Pinball { quantiles }, Targets::Numbers(targets)) => {
                let targets =
                    Tensor::from_slice(targets, out.shape(), out.device())?.to_dtype(out.dtype())?;
                let quantiles = Tensor::from_slice(quantiles, (1, quantiles.len()), out.device())?;
                let quantiles = quantiles.to_dtype(out.dtype())?;
                let above = (targets - out)?;
                // `q d` above and `(q - 1) d` below, which is `q d - min(d, 0)`.
                let each = (above.broadcast_mul(&quantiles)? + above.neg()?.relu()?)?;
                each.sum_all()? / divisor
            }
            (
                Self::CrossEntropy {
                    classes,
                    smoothing,
                    weights,
                },
                Targets::Classes(targets),
            ) => {
                let shares: Vec<f32> = targets
                    .iter()
                    .flat_map(|target| {
                        (0..*classes)
                            .map(|class| shares(class, *target as usize, *classes, *smoothing, weights))
                    })
                    .collect();
                let shares = Tensor::from_vec(shares, (targets.len(), *classes), out.device())?;
                let each =
                    candle_nn::ops::log_softmax(out, D::Minus1)?.mul(&shares.to_dtype(out.dtype())?)?;
                each.neg()?.sum_all()? / divisor
            }
            (Self::BinaryCrossEntropy { .. }, Targets::Numbers(targets)) => {
                let targets =
                    Tensor::from_slice(targets, out.shape(), out.device())?.to_dtype(out.dtype())?;
                let soft = (out.abs()?.neg()?.exp()? + 1.0)?.log()?;
                ((out.relu()? - targets.mul(out)?)? + soft)?.sum_all()? / divisor
            }
            (Self::Squares { .. }, Targets::Numbers(targets)) => {
                let targets = Tensor::from_slice(targets, out.shape(), out.device())?;
                (out - targets.to_dtype(out.dtype())?)?.sqr()?.sum_all()? / divisor
            }
            _ => candle_core::bail!("classes have a cross-entropy, numbers the other losses"),
        }
    }
}

/// Targets that each of several members has.
enum Repeated {
    Classes(Vec<u32>),
    Numbers(Vec<f32>),
}

impl Repeated {
    fn new(targets: Targets<'_>, members: usize, width: usize) -> Self {
        match targets {
            Targets::Classes(classes) => {
                let each = |class: &u32| std::iter::repeat_n(*class, members);
                Self::Classes(classes.iter().flat_map(each).collect())
            }
            Targets::Numbers(numbers) => {
                let rows = numbers.chunks_exact(width);
                Self::Numbers(rows.flat_map(|row| row.repeat(members)).collect())
            }
        }
    }

    fn targets(&self) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(classes),
            Self::Numbers(numbers) => Targets::Numbers(numbers),
        }
    }
}

/// What a class counts for a row of class `target`.
#[inline(always)]
fn shares(class: usize, target: usize, classes: usize, smoothing: f32, weights: &[f32]) -> f32 {
    let own = if class == target { 1.0 - smoothing } else { 0.0 };
    let weight = weights.get(class).copied().unwrap_or(1.0);
    (own + smoothing / classes as f32) * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fused::{
            self,
            emulated::{self, Turns},
        },
        rng::{Purpose, Random},
    };
    use candle_core::{DType, Device, Var};
    use proptest::prelude::*;

    fn check(loss: &Loss, rows: usize, targets: Targets<'_>, random: &mut Random) {
        let out: Vec<f32> = (0..rows * loss.width()).map(|_| random.normal() * 3.0).collect();
        let mut gradient = vec![f32::NAN; out.len()];
        let value = loss.evaluate(&out, targets, loss.divisor(targets), &mut gradient);
        let tensor = Tensor::from_slice(&out, (rows, loss.width()), &Device::Cpu).unwrap();
        let var = Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap();
        let expected = loss.by_candle(&var, targets).unwrap();
        assert!((value - expected.to_scalar::<f64>().unwrap()).abs() < 1e-5);
        let gradients = expected.backward().unwrap();
        let expected = gradients
            .get(&var)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f64>()
            .unwrap();
        for (ours, expected) in gradient.iter().zip(&expected) {
            assert!(
                (f64::from(*ours) - expected).abs() < 1e-5,
                "{ours} and {expected}"
            );
        }
        let by_kernels = || {
            let out = tensor.to_device(&emulated::device()).unwrap();
            let (value, gradient) = fused::loss::loss(loss, &out, targets).unwrap();
            let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            (numbers(&value), numbers(&gradient))
        };
        let (fused, fused_gradient) = emulated::on(Turns::Forwards, by_kernels);
        let distance = (f64::from(fused[0]) - value).abs();
        assert!(
            distance < 1e-5 * value.max(1.0),
            "{loss:?}: {fused:?} and {value}"
        );
        for (ours, expected) in fused_gradient.iter().zip(expected) {
            assert!(
                (f64::from(*ours) - expected).abs() < 1e-5,
                "{loss:?}: {ours} and {expected}"
            );
        }
        assert_eq!(
            (fused, fused_gradient),
            emulated::on(Turns::Backwards, by_kernels)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn agrees_with_candle(
            rows in 1..20usize, classes in 2..40usize, smoothing in 0.0f32..0.5, weighted: bool, seed: u64,
        ) {
            let mut random = Random::new(seed, Purpose::Weights, 0);
            let targets: Vec<u32> = (0..rows).map(|_| random.below(classes as u32)).collect();
            let weights = match weighted {
                true => (0..classes).map(|_| random.unit() + 0.1).collect(),
                false => Vec::new(),
            };
            for smoothing in [0.0, smoothing] {
                let loss = Loss::CrossEntropy { classes, smoothing, weights: weights.clone() };
                check(&loss, rows, Targets::Classes(&targets), &mut random);
                let members = Loss::Members { members: 3, each: Box::new(loss) };
                check(&members, rows, Targets::Classes(&targets), &mut random);
            }
            let numbers: Vec<f32> = (0..rows * classes).map(|_| random.normal()).collect();
            let quantiles = (0..classes).map(|column| (column as f32 + 0.5) / classes as f32).collect();
            for loss in [Loss::Squares { width: classes }, Loss::Pinball { quantiles }] {
                check(&loss, rows, Targets::Numbers(&numbers), &mut random);
                let members = Loss::Members { members: 2, each: Box::new(loss) };
                check(&members, rows, Targets::Numbers(&numbers), &mut random);
            }
            let yes: Vec<f32> = numbers.iter().map(|number| f32::from(u8::from(*number > 0.3))).collect();
            let loss = Loss::BinaryCrossEntropy { width: classes };
            check(&loss, rows, Targets::Numbers(&yes), &mut random);
            let members = Loss::Members { members: 2, each: Box::new(loss) };
            check(&members, rows, Targets::Numbers(&yes), &mut random);
        }
    }

    #[test]
    fn large_logits_stay_finite() {
        let loss = Loss::CrossEntropy {
            classes: 2,
            smoothing: 0.0,
            weights: Vec::new(),
        };
        let mut gradient = [0.0; 4];
        let value = loss.evaluate(
            &[1e4, -1e4, 3e4, 2e4],
            Targets::Classes(&[0, 0]),
            2.0,
            &mut gradient,
        );
        assert!(
            value.abs() < 1e-30 && gradient.iter().all(|number| number.abs() < 1e-30),
            "{value}"
        );
    }
}
