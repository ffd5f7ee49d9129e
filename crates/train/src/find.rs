//! Numbers that a run finds out by short trials before it trains: the rows of a batch, and the learning rate for them.
//!
//! Both trials train models of their own and throw them away. The learning rate depends on nothing but the
//! specification, the rows and the device, so it is the same each time; the batch is chosen by the clock, so it needn't
//! be. That is why what was found is written into the run's record, from which it goes on.

mod batch;
mod rate;

use crate::{error::Result, prepare::Prepared};
use aloft_spec::{
    text::{significant_digits, thousands},
    train::{Findable, TrainSpec},
};
use candle_core::Device;

/// Finds what the specification asks for and doesn't say yet, and writes it there and into what is prepared. Returns what
/// is to be told about it. Nothing more is found once `stop` says so.
///
/// # Errors
/// Those of a training's first steps: a model that is too large for the memory even with a batch of the fewest rows.
pub fn find(
    spec: &mut TrainSpec,
    prepared: &mut Prepared,
    device: &Device,
    stop: &mut dyn FnMut() -> bool,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    // The rate depends on the batch.
    if spec.is_to_find(Findable::BatchSize) && !stop() {
        let tried = batch::try_sizes(spec, prepared, device, stop)?;
        told.push(match batch::choose(&tried) {
            Some(rows) => {
                spec.batch_size = Some(rows);
                prepared.batch_size = rows;
                format!("found batch_size = {rows}: {}", batch::told(&tried))
            }
            None => format!(
                "there are too few rows for a choice of batch_size, so it is {}",
                prepared.batch_size
            ),
        });
    }
    if spec.is_to_find(Findable::LearningRate) && !stop() {
        let curve = rate::test_range(spec, prepared, device, stop)?;
        let usual = spec.highest_rate(prepared.steps());
        told.push(match rate::choose(&curve) {
            Some(range) => {
                let rate = range.nearest(usual);
                spec.optimizer.learning_rate = Some(rate);
                let why = if rate == usual {
                    "the usual one lies there".to_owned()
                } else {
                    format!("the usual {usual:?} doesn't lie there")
                };
                format!(
                    "found optimizer.learning_rate = {rate:?}: rates from {:?} to {:?} learn well, and {why}",
                    range.low, range.high
                )
            }
            None => format!(
                "no learning rate made the loss fall in {} steps, so it is {usual:?}",
                thousands(curve.len() as u64)
            ),
        });
    }
    Ok(told)
}

/// A number with two significant digits, as a person would write it.
fn rounded(number: f64) -> f64 {
    significant_digits(number, 2).parse().unwrap_or(number)
}
