//! The linear map beside a network: a ridge regression on the training part, whose penalty is the one that the validation
//! part likes best. A series that repeats itself is to a large part linear in what it did last, and a network that has to
//! learn that part step by step takes long: of flights an hour it is off by 4.1 after eight epochs, beside a line by 2.6.
//! Of a series that is mostly chance a line learns some of it by heart, and what it leaves isn't what there is to learn: of
//! temperatures a network by itself is as good (off by 5.33 and 5.37). So the line has to explain a good deal.

use crate::{batch::Batch, error::Result, prepare::Prepared};
use aloft_nn::{
    model::LINE,
    network::Network,
    ridge::{Line, Ridge},
};

/// Penalties to choose from, see [`Ridge::solve`].
const PENALTIES: [f64; 5] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];
/// Multiplications that fitting may take: about a second. With more rows than they allow, every so many-th is taken.
const MULTIPLICATIONS: usize = 40_000_000_000;
/// Squares that a line may leave of those that saying nothing leaves, where the network is to stand beside it. It leaves
/// half of hourly temperatures' and less than a tenth of hourly flights'.
const MOST_LEFT: f64 = 0.25;
/// Rows that are in memory at a time.
const AT_ONCE: usize = 1024;

/// The network with its line fitted; one without a line as it is.
pub fn with_line(network: Network, prepared: &Prepared) -> Result<Network> {
    let of_line = format!("{LINE}.");
    let is_of_line = |name: &str| name.starts_with(&of_line);
    if !network
        .graph()
        .parameters()
        .iter()
        .any(|parameter| is_of_line(&parameter.name))
    {
        return Ok(network);
    }
    let Some(line) = fit(prepared, network.graph().width(0))? else {
        return Ok(network);
    };
    let mut weights = network.weights()?;
    for weights in weights.iter_mut().filter(|weights| is_of_line(&weights.name)) {
        let numbers = match weights.shape.len() {
            2 => &line.weights,
            _ => &line.offsets,
        };
        // The members of an ensemble have the same one.
        let members = weights.numbers.len() / numbers.len().max(1);
        weights.numbers = numbers.repeat(members);
    }
    Ok(Network::from_weights(
        prepared.architecture.graph(),
        weights,
        network.device(),
    )?)
}

/// The line of a row's `numbers` that says the validation part best; `None` where none says enough.
fn fit(prepared: &Prepared, numbers: usize) -> Result<Option<Line>> {
    let (rows, width) = (prepared.rows.as_ref(), prepared.task.target_width());
    let targets = prepared.in_units();
    let most = (MULTIPLICATIONS / (numbers * numbers).max(1)).max(1);
    let mut batch = Batch::default();
    let mut ridge = Ridge::new(numbers, width);
    for some in sampled(&prepared.split.train, most).chunks(AT_ONCE) {
        rows.gather(some, &mut batch)?;
        ridge.add(batch.rows().numbers, &chosen(&targets, width, some));
    }
    let lines: Vec<Line> = PENALTIES
        .iter()
        .filter_map(|penalty| ridge.solve(*penalty))
        .collect();
    let (mut losses, mut without) = (vec![0.0; lines.len()], 0.0);
    for some in sampled(&prepared.split.validation, most).chunks(AT_ONCE) {
        rows.gather(some, &mut batch)?;
        let truth = chosen(&targets, width, some);
        without += squares(&truth, &vec![0.0; truth.len()]);
        for (loss, line) in losses.iter_mut().zip(&lines) {
            *loss += squares(&truth, &line.predict(batch.rows().numbers));
        }
    }
    let best = losses.into_iter().zip(lines).min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(best
        .filter(|(loss, _)| *loss < MOST_LEFT * without)
        .map(|(_, line)| line))
}

/// All rows, or every so many-th.
fn sampled(rows: &[u32], most: usize) -> Vec<u32> {
    rows.iter()
        .step_by(rows.len().div_ceil(most).max(1))
        .copied()
        .collect()
}

/// What is to be said of some rows.
fn chosen(targets: &[f32], width: usize, rows: &[u32]) -> Vec<f32> {
    rows.iter()
        .flat_map(|row| &targets[*row as usize * width..][..width])
        .copied()
        .collect()
}

fn squares(truth: &[f32], said: &[f32]) -> f64 {
    let errors = truth
        .iter()
        .zip(said)
        .map(|(truth, said)| f64::from(truth - said));
    errors.map(|error| error * error).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::NetworkTrainer;
    use aloft_spec::{
        inputs::ForecastSpec,
        train::{ModelKind, TrainSpec},
    };
    use candle_core::Device;
    use polars::prelude::*;

    /// Of a fresh network for a series, the line's weights and its squares on the validation part beside those of saying nothing.
    fn fresh(kind: ModelKind, value: impl Fn(usize) -> f64) -> (Vec<f32>, f64, f64) {
        let times: Vec<i64> = (0..900).collect();
        let values: Vec<f64> = (0..900).map(value).collect();
        let frame = df!("time" => times, "value" => values).unwrap();
        let mut spec = TrainSpec {
            forecast: Some(ForecastSpec {
                horizon: Some(4),
                lags: Some(20),
                ..ForecastSpec::new("time")
            }),
            ..TrainSpec::new("t", "value")
        };
        spec.model.kind = kind;
        spec.model.members = 3;
        let prepared = Prepared::new(&spec, &frame).unwrap();
        let trainer = NetworkTrainer::new(&prepared, &spec, &Device::Cpu).unwrap();
        let weights = trainer.network().weights().unwrap();
        let of_line = weights.iter().filter(|weights| weights.name.starts_with(LINE));
        let of_line = of_line.flat_map(|weights| weights.numbers.clone()).collect();
        let validation = &prepared.split.validation;
        let truth = chosen(&prepared.in_units(), 4, validation);
        let without = squares(&truth, &vec![0.0; truth.len()]) / truth.len() as f64;
        (of_line, trainer.evaluate(validation).unwrap().loss, without)
    }

    fn noise(step: usize) -> f64 {
        (step * 7919 % 1009) as f64 / 1009.0 - 0.5
    }

    #[test]
    fn a_series_that_repeats_itself_has_a_line_before_the_first_step() {
        let wave = |step: usize| (step as f64 / 7.0 * std::f64::consts::TAU).sin();
        for kind in [ModelKind::Gru, ModelKind::Temporal, ModelKind::Mlp] {
            let (line, loss, without) = fresh(kind, |step| 10.0 * wave(step) + noise(step));
            assert!(line.iter().any(|number| *number != 0.0), "{kind:?}");
            assert!(
                loss < 0.3 * without,
                "{kind:?}: {loss} where saying nothing has {without}"
            );
            assert_eq!(
                line,
                fresh(kind, |step| 10.0 * wave(step) + noise(step)).0,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn chance_has_none() {
        let walk: Vec<f64> = (0..900)
            .scan(0.0, |at, step| {
                *at += noise(step * step + 3);
                Some(*at)
            })
            .collect();
        let (line, ..) = fresh(ModelKind::Gru, |step| walk[step]);
        assert!(!line.is_empty() && line.iter().all(|number| *number == 0.0));
        let (line, ..) = fresh(ModelKind::Linear, |step| walk[step]);
        assert!(line.is_empty(), "a linear model is one itself");
    }
}
