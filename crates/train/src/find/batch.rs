//! The largest batch that costs no speed: sizes are doubled for as long as they fit and rows go through no slower.

use crate::{
    error::{Result, TrainError},
    feed,
    prepare::Prepared,
    trainer::NetworkTrainer,
};
use aloft_spec::{text::thousands, train::TrainSpec};
use candle_core::Device;
use std::time::Instant;

/// Rows of the smallest and the largest batch that are tried.
const SIZES: (usize, usize) = (16, 8192);
/// Steps of an epoch that a batch leaves at the least: a model that moves less often learns less from as many epochs.
const LEAST_STEPS: usize = 16;
/// Steps of a trial that only warm up, and steps that are measured at the least.
const STEPS: (usize, usize) = (2, 5);
/// Seconds that steps of a trial are measured for at the least.
const SECONDS: f64 = 0.05;
/// A batch costs no speed when rows go through this fast, as a share of the fastest.
const AS_FAST: f64 = 0.95;
/// Larger batches than one this slow aren't tried.
const SLOW: f64 = 0.8;

/// Rows of a batch, and how many go through a second.
pub type Tried = (usize, f64);

/// Trains with batches of doubled sizes for some steps each.
pub fn try_sizes(
    spec: &TrainSpec,
    prepared: &mut Prepared,
    device: &Device,
    stop: &mut dyn FnMut() -> bool,
) -> Result<Vec<Tried>> {
    let own = prepared.batch_size;
    let most = prepared.split.train.len() / (LEAST_STEPS * prepared.accumulate);
    let mut tried: Vec<Tried> = Vec::new();
    let mut rows = SIZES.0;
    while rows <= SIZES.1.min(most) && !stop() {
        prepared.batch_size = rows;
        let speed = match speed(spec, prepared, device) {
            Ok(speed) => speed,
            // Larger than the memory: the one before is the largest.
            Err(TrainError::OutOfMemory { .. }) if !tried.is_empty() => break,
            Err(error) => {
                prepared.batch_size = own;
                return Err(error);
            }
        };
        tried.push((rows, speed));
        if speed < SLOW * fastest(&tried) {
            break;
        }
        rows *= 2;
    }
    prepared.batch_size = own;
    Ok(tried)
}

/// Rows a second with the batch that is prepared.
fn speed(spec: &TrainSpec, prepared: &Prepared, device: &Device) -> Result<f64> {
    let mut trainer = NetworkTrainer::new(prepared, spec, device)?;
    let mut seconds = Vec::new();
    for epoch in 1.. {
        let order = trainer.begin_epoch(epoch, &[]);
        // Steps with fewer rows, at the end of an epoch, say nothing about whole ones.
        let whole = feed::steps(&order, prepared.step_rows())
            .take_while(|(rows, _)| rows.len() == prepared.step_rows())
            .enumerate();
        for (step, (rows, next)) in whole {
            let start = Instant::now();
            trainer.step(rows, next)?;
            if epoch > 1 || step >= STEPS.0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
            if seconds.len() >= STEPS.1 && seconds.iter().sum::<f64>() >= SECONDS {
                // The median: what else runs on the machine makes some steps slow, and none fast.
                seconds.sort_by(f64::total_cmp);
                return Ok(prepared.step_rows() as f64 / seconds[seconds.len() / 2]);
            }
        }
    }
    unreachable!("epochs don't end before the time is up")
}

fn fastest(tried: &[Tried]) -> f64 {
    tried.iter().fold(0.0, |fastest, (_, speed)| speed.max(fastest))
}

/// The largest of those that cost no speed; `None` where the table is too small for a choice.
pub fn choose(tried: &[Tried]) -> Option<usize> {
    let fastest = fastest(tried);
    let as_fast = tried.iter().filter(|(_, speed)| *speed >= AS_FAST * fastest);
    as_fast.map(|(rows, _)| *rows).max()
}

/// What was measured, in words.
pub fn told(tried: &[Tried]) -> String {
    let each: Vec<String> = tried
        .iter()
        .map(|(rows, speed)| format!("{rows} go through at {} a second", thousands(*speed as u64)))
        .collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_batch_that_is_as_fast_is_chosen() {
        let tried = [(16, 100.0), (32, 180.0), (64, 200.0), (128, 196.0), (256, 150.0)];
        assert_eq!(choose(&tried), Some(128));
        assert_eq!(choose(&tried[..2]), Some(32));
        assert_eq!(choose(&[(16, 100.0)]), Some(16));
        assert_eq!(choose(&[]), None);
        assert!(told(&tried[..2]).ends_with("32 go through at 180 a second"));
    }
}
