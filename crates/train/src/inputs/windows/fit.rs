//! From a table and a specification to windows: what is fitted on the training part, and which windows are in which part.

use super::{
    Layout, Scale, WindowRows, Windows,
    calendar::Cycle,
    clock::Clock,
    series::{Laid, Series, lay_out},
};
use crate::{
    error::{Result, TrainError},
    preprocess::{self, Encoding, FittedColumn, Preprocessing, mean_and_deviation, values},
    split::Split,
};
use aloft_spec::{
    inputs::ForecastSpec,
    text::thousands,
    train::{PreprocessSpec, TrainSpec},
};
use polars::prelude::*;
use std::collections::BTreeMap;

/// Series up to which the model is told which one it sees.
const MOST_KNOWN_SERIES: usize = 32;
/// Values of a category that get a column each in every step.
const MOST_VALUES: usize = 64;
/// Steps that are predicted when nothing is set: a season up to this, and where there is none this.
const HORIZON: (usize, usize) = (48, 12);
/// A window takes this share of the longest series at most when nothing is set.
const LAGS_SHARE: usize = 6;
/// A season has to come so many times in the longest series.
const SEASONS: usize = 4;

/// A table as windows.
#[derive(Debug)]
pub struct Fitted {
    /// What was fitted.
    pub windows: Windows,
    /// The windows, in the order of series and time.
    pub rows: WindowRows,
    /// What each should have predicted, [windows, horizon], in the target's unit.
    pub targets: Vec<f64>,
    /// The parts.
    pub split: Split,
    /// Rows without a time or a target.
    pub dropped: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A window's last step, its series, and its part.
type Window = (usize, usize, Part);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Validation,
    Test,
}

/// When the validation and the test begin.
#[derive(Debug, Clone, Copy)]
struct Borders {
    validation: i64,
    test: i64,
}

impl Windows {
    /// Lays out a table, divides it by time, and fits on the training part. `features` are the columns to learn from.
    pub fn fit(
        spec: &TrainSpec,
        forecast: &ForecastSpec,
        features: &[String],
        frame: &DataFrame,
    ) -> Result<Fitted> {
        let named = [("the time", &forecast.time)].into_iter();
        let named = named.chain(forecast.series.iter().map(|name| ("the series' column", name)));
        for (role, name) in named.chain(forecast.known.iter().map(|name| ("the column known ahead", name))) {
            if frame.column(name).is_err() {
                let names = frame.get_column_names().into_iter().map(PlSmallStr::as_str);
                return Err(TrainError::unknown_column(role, name, names));
            }
        }
        let target = values::numbers(frame.column(&spec.target)?.as_materialized_series())?;
        let Laid {
            series,
            clock,
            timeless,
            mut warnings,
        } = lay_out(frame, &forecast.time, &forecast.series, None)?;
        let borders = Borders::of(spec, &series, &target)?;
        let fits = |time: i64| time < borders.validation;
        let lengths = series
            .iter()
            .map(|series| series.times.iter().filter(|time| fits(**time)).count());
        let longest = lengths.max().unwrap_or_default();
        let (lags, horizon, season) = sizes(forecast, &clock, longest);

        let mut train: Vec<u32> = Vec::new();
        let mut seen = (i64::MAX, i64::MIN);
        for series in &series {
            for (time, row) in series
                .times
                .iter()
                .zip(&series.rows)
                .filter(|(time, _)| fits(**time))
            {
                train.extend(row);
                seen = (seen.0.min(*time), seen.1.max(*time));
            }
        }
        train.sort_unstable();
        let all_past = features.iter().filter(|name| {
            **name != forecast.time && !forecast.series.contains(name) && !forecast.known.contains(name)
        });
        let past = columns(frame, all_past, &train, &spec.preprocess, &mut warnings)?;
        let known = columns(
            frame,
            forecast.known.iter(),
            &train,
            &spec.preprocess,
            &mut warnings,
        )?;
        let keys = series.iter().map(|series| series.key.clone());
        let seen_targets = series.iter().map(|series| {
            let steps = series
                .times
                .iter()
                .zip(&series.rows)
                .filter(|(time, _)| fits(**time));
            steps
                .map(|(_, row)| row.map_or(f64::NAN, |row| target[row as usize]))
                .collect()
        });
        let seen_targets: Vec<Vec<f64>> = seen_targets.collect();
        let mut windows = Self {
            time: forecast.time.clone(),
            series: forecast.series.clone(),
            target: spec.target.clone(),
            clock,
            lags,
            horizon,
            season,
            layout: match spec.model.kind.reads_sequences() {
                true => Layout::Sequence,
                false => Layout::Flat,
            },
            holes: has_holes(&series, &target),
            calendar: match forecast.calendar {
                true => Cycle::of(&clock, seen.1.saturating_sub(seen.0), &seen_targets),
                false => Vec::new(),
            },
            known_series: match series.len() {
                2..=MOST_KNOWN_SERIES => keys.collect(),
                _ => Vec::new(),
            },
            features: past,
            known,
            scale: Scale {
                mean: 0.0,
                deviation: 1.0,
                change: 1.0,
            },
            scales: BTreeMap::new(),
        };
        let found = windows.find(&series, &target, borders);
        windows.fit_scales(&series, &target, &found, borders);
        let steps = windows.encode(frame, &series, &target)?;
        let mut split = Split::default();
        let mut targets = Vec::with_capacity(found.len() * horizon);
        let mut origins = Vec::with_capacity(found.len());
        for (index, &(origin, of, part)) in (0..).zip(&found) {
            let origin = steps.starts[of] + origin;
            origins.push((origin, of));
            targets.extend_from_slice(&steps.seen[origin + 1..=origin + horizon]);
            match part {
                Part::Train => split.train.push(index),
                Part::Validation => split.validation.push(index),
                Part::Test => split.test.push(index),
            }
        }
        windows.check(&split, spec)?;
        let without = target.iter().filter(|value| value.is_nan()).count();
        if without > 0 {
            warnings.push(format!(
                "{} rows have no `{}`",
                thousands(without as u64),
                spec.target
            ));
        }
        Ok(Fitted {
            rows: windows.rows(steps, &series, &origins),
            windows,
            targets,
            split,
            dropped: timeless + without,
            warnings,
        })
    }

    /// All windows whose targets are there and lie within one part.
    fn find(&self, series: &[Series], target: &[f64], borders: Borders) -> Vec<Window> {
        let mut found = Vec::new();
        for (of, series) in series.iter().enumerate() {
            let seen: Vec<bool> = series
                .rows
                .iter()
                .map(|row| row.is_some_and(|row| !target[row as usize].is_nan()))
                .collect();
            let Some(first) = seen.iter().position(|seen| *seen) else {
                continue;
            };
            for origin in first + self.lags - 1..seen.len().saturating_sub(self.horizon) {
                let ahead = origin + 1..=origin + self.horizon;
                if seen[ahead.clone()].iter().all(|seen| *seen)
                    && let Some(part) = borders.part(series.times[*ahead.start()], series.times[*ahead.end()])
                {
                    found.push((origin, of, part));
                }
            }
        }
        found
    }

    /// Scales of the target over the training part, for all series together and for each that has enough of it.
    fn fit_scales(&mut self, series: &[Series], target: &[f64], found: &[Window], borders: Borders) {
        let value =
            |of: usize, step: usize| series[of].rows[step].map_or(f64::NAN, |row| target[row as usize]);
        let mut levels: Vec<Vec<f64>> = vec![Vec::new(); series.len()];
        for (of, levels) in levels.iter_mut().enumerate() {
            let times = series[of].times.iter().enumerate();
            let train = times.filter(|(_, time)| **time < borders.validation);
            levels.extend(
                train
                    .map(|(step, _)| value(of, step))
                    .filter(|value| !value.is_nan()),
            );
        }
        let mut changes: Vec<(f64, f64)> = vec![(0.0, 0.0); series.len()];
        for &(origin, of, part) in found {
            let start = value(of, origin);
            if part == Part::Train && !start.is_nan() {
                for ahead in 1..=self.horizon {
                    changes[of].0 += (value(of, origin + ahead) - start).powi(2);
                    changes[of].1 += 1.0;
                }
            }
        }
        let scale = |levels: &[f64], (squares, count): (f64, f64)| {
            let (mean, deviation) = mean_and_deviation(levels.iter().copied());
            let change = (squares / count.max(1.0)).sqrt();
            Scale {
                mean,
                deviation,
                change: if change > 0.0 { change } else { 1.0 },
            }
        };
        let all = changes
            .iter()
            .fold((0.0, 0.0), |all, own| (all.0 + own.0, all.1 + own.1));
        self.scale = scale(&levels.concat(), all);
        if series.len() > 1 {
            for ((series, levels), changes) in series.iter().zip(&levels).zip(changes) {
                if changes.1 > 0.0 {
                    self.scales.insert(series.key.clone(), scale(levels, changes));
                }
            }
        }
    }

    fn check(&self, split: &Split, spec: &TrainSpec) -> Result<()> {
        let parts = [
            ("training", split.train.len() >= 2),
            ("validation", !split.validation.is_empty()),
            ("test", !split.test.is_empty() || spec.split.test == 0.0),
        ];
        let Some((part, _)) = parts.into_iter().find(|(_, there)| !there) else {
            return Ok(());
        };
        Err(TrainError::EmptyData {
            message: format!(
                "the {part} part holds no window: each looks back on {} steps and predicts {}",
                thousands(self.lags as u64),
                thousands(self.horizon as u64)
            ),
            hint: "make `horizon` or `lags` in `[forecast]` smaller, or the shares of `split` larger; a step without a \
                   target ends a window"
                .into(),
        })
    }
}

impl Borders {
    /// The times at which the shares of the rows with a target are reached.
    fn of(spec: &TrainSpec, series: &[Series], target: &[f64]) -> Result<Self> {
        let shares = &spec.split;
        if !(shares.validation > 0.0 && shares.test >= 0.0 && shares.validation + shares.test < 1.0) {
            return Err(TrainError::bad_value(
                format!(
                    "split has validation = {} and test = {}",
                    shares.validation, shares.test
                ),
                "validation above 0, test 0 or above, and both together below 1, for instance 0.1 and 0.2",
            ));
        }
        let mut times: Vec<i64> = series
            .iter()
            .flat_map(|series| series.times.iter().zip(&series.rows))
            .filter(|(_, row)| row.is_some_and(|row| !target[row as usize].is_nan()))
            .map(|(time, _)| *time)
            .collect();
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share).round() as usize;
            times.get(place).copied().unwrap_or(i64::MAX)
        };
        Ok(Self {
            validation: at(1.0 - shares.validation - shares.test),
            test: at(1.0 - shares.test),
        })
    }

    /// The part that holds all times from one to another; `None` where a border lies between them.
    fn part(self, from: i64, to: i64) -> Option<Part> {
        if to < self.validation {
            Some(Part::Train)
        } else if from >= self.validation && to < self.test {
            Some(Part::Validation)
        } else if from >= self.test {
            Some(Part::Test)
        } else {
            None
        }
    }
}

/// Steps back, ahead, and of a season.
fn sizes(forecast: &ForecastSpec, clock: &Clock, longest: usize) -> (usize, usize, usize) {
    let found = match clock.season() {
        season if season * SEASONS <= longest => season,
        _ => 1,
    };
    let season = forecast.season.unwrap_or(found).max(1);
    let horizon = forecast.horizon.unwrap_or(match season {
        1 => HORIZON.1,
        season => season.min(HORIZON.0),
    });
    let lags = forecast.lags.unwrap_or_else(|| {
        let most = (longest / LAGS_SHARE).max(1);
        (2 * season.max(horizon)).min(most)
    });
    (lags.max(1), horizon.max(1), season)
}

fn has_holes(series: &[Series], target: &[f64]) -> bool {
    let rows = series.iter().flat_map(|series| &series.rows);
    rows.into_iter()
        .any(|row| row.is_none_or(|row| target[row as usize].is_nan()))
}

/// Fits columns on the training rows; those that can't be learned from are left out with a warning.
fn columns<'a>(
    frame: &DataFrame,
    names: impl Iterator<Item = &'a String>,
    train: &[u32],
    spec: &PreprocessSpec,
    warnings: &mut Vec<String>,
) -> Result<Preprocessing> {
    let mut columns: Vec<FittedColumn> = Vec::new();
    for name in names {
        match Preprocessing::fit(frame, std::slice::from_ref(name), train, spec, None) {
            Ok((fitted, said)) => {
                warnings.extend(said);
                columns.extend(fitted.columns);
            }
            // The hint says why the column was left out.
            Err(TrainError::EmptyData { hint, .. }) => warnings.push(hint),
            Err(error) => return Err(error),
        }
    }
    columns.retain(|column| match &column.encoding {
        Encoding::Category(category) if category.values.len() >= MOST_VALUES => {
            warnings.push(format!(
                "column `{}` is left out: it has {} different texts, and each would be a number of every step",
                column.name,
                thousands(category.values.len() as u64)
            ));
            false
        }
        _ => true,
    });
    Ok(Preprocessing {
        version: preprocess::VERSION,
        form: preprocess::Form::Scaled,
        columns,
    })
}
