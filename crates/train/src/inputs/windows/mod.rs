//! Windows of series: a model sees the last steps of a series and predicts the next ones, as the change since the last
//! value it has seen.
//!
//! A table is laid out as [`series`] on the steps of a [`clock`]. Each step has numbers: those that are known once its time
//! has come (the target itself and the features), those of its place in time (the [`calendar`], and which series it is),
//! and those that are known before. A step without a row repeats the row before it, and a number says so. Parts are
//! divided by time: what a window predicts lies within one part, and all that is fitted is fitted before the validation
//! begins.

mod calendar;
mod clock;
mod fit;
mod rows;
mod series;

pub use rows::WindowRows;

use super::{Shape, Unit};
use crate::{
    error::{Result, TrainError},
    preprocess::{Preprocessing, values},
};
use aloft_spec::text::thousands;
use calendar::Cycle;
use clock::Clock;
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use series::{Laid, Series};
use std::collections::BTreeMap;

/// What was fitted for windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    /// The column that orders the rows.
    pub time: String,
    /// Columns that tell series apart.
    pub series: Vec<String>,
    /// The column that is predicted.
    pub target: String,
    /// From a row to the next.
    pub clock: Clock,
    /// Steps that a window looks back on.
    pub lags: usize,
    /// Steps that are predicted.
    pub horizon: usize,
    /// Steps after which the series repeats itself; 1 where it doesn't.
    pub season: usize,
    /// How a window is written down.
    pub layout: Layout,
    /// Whether a number says that a step has no row.
    pub holes: bool,
    /// What the model is told of the time.
    pub calendar: Vec<Cycle>,
    /// Series that the model tells apart, by their keys.
    pub known_series: Vec<String>,
    /// Columns that are known once their time has come.
    pub features: Preprocessing,
    /// Columns that are known before.
    pub known: Preprocessing,
    /// The target's scale in all series.
    pub scale: Scale,
    /// Its scale in each, where there are several.
    pub scales: BTreeMap<String, Scale>,
}

/// How a window is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Step by step, for models that read one after the other.
    Sequence,
    /// All at once, with the place in time of the last step alone.
    Flat,
}

/// How large a target is and how much it changes, over the training part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Mean.
    pub mean: f64,
    /// Standard deviation; 1 where that is 0.
    pub deviation: f64,
    /// Root of the mean square of `y[t + h] - y[t]` over all steps h that are predicted; 1 where that is 0.
    pub change: f64,
}

/// The rows that a model would predict, and which they are.
#[derive(Debug)]
pub struct Next {
    /// A window for each series.
    pub rows: WindowRows,
    /// The columns that tell them apart and the column of time: [series, horizon].
    pub columns: Vec<Column>,
}

/// The steps of all series one behind the other.
struct Steps {
    matrix: Vec<f32>,
    /// The target as it is; NaN where there is none.
    seen: Vec<f64>,
    /// The same, the value before where there is none.
    filled: Vec<f64>,
    /// Where each series begins.
    starts: Vec<usize>,
}

impl Windows {
    /// Names of the columns that the model learns from.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.target.clone(), self.time.clone()];
        names.extend(self.series.iter().cloned());
        names.extend(self.features.names());
        names.extend(self.known.names());
        names
    }

    /// What a window looks like to a model.
    pub fn shape(&self) -> Shape {
        let [past, place, known] = self.numbers();
        let width = past + place + known;
        match (self.layout, known) {
            (Layout::Sequence, 0) => Shape::Sequence {
                positions: self.lags,
                inputs: width,
            },
            (Layout::Sequence, _) => Shape::Sequence {
                positions: self.lags + self.horizon,
                inputs: width + 1,
            },
            (Layout::Flat, _) => Shape::Flat {
                numbers: self.lags * past + place + self.horizon * known,
                continuous: Vec::new(),
                categories: Vec::new(),
            },
        }
    }

    /// Numbers of a step; see [`WindowRows::numbers`].
    fn numbers(&self) -> [usize; 3] {
        [
            1 + usize::from(self.holes) + self.features.spread_width(),
            2 * self.calendar.len() + self.known_series.len(),
            self.known.spread_width(),
        ]
    }

    fn scale_of(&self, key: &str) -> Scale {
        self.scales.get(key).copied().unwrap_or(self.scale)
    }

    /// Windows that end at these steps, each with the index of its series.
    fn rows(&self, steps: Steps, series: &[Series], origins: &[(usize, usize)]) -> WindowRows {
        let units = origins.iter().map(|&(origin, of)| Unit {
            start: steps.filled[origin],
            size: self.scale_of(&series[of].key).change,
        });
        WindowRows {
            layout: self.layout,
            lags: self.lags,
            horizon: self.horizon,
            season: self.season,
            numbers: self.numbers(),
            units: units.collect(),
            origins: origins
                .iter()
                .map(|&(origin, of)| (origin as u32, steps.starts[of] as u32))
                .collect(),
            ends: origins
                .iter()
                .map(|&(origin, of)| series[of].times[origin - steps.starts[of]])
                .collect(),
            series: (
                series.iter().map(|series| series.key.clone()).collect(),
                origins.iter().map(|&(_, of)| of as u32).collect(),
            ),
            dated: self.clock.dated,
            matrix: steps.matrix,
            target: steps.filled,
        }
    }

    /// The numbers of each step.
    fn encode(&self, frame: &DataFrame, series: &[Series], target: &[f64]) -> Result<Steps> {
        let features = self.features.spread(frame)?.numeric;
        let known = self.known.spread(frame)?.numeric;
        let (features_width, known_width) = (self.features.spread_width(), self.known.spread_width());
        let count = series.iter().map(|series| series.times.len()).sum();
        let mut steps = Steps {
            matrix: Vec::with_capacity(count * self.numbers().iter().sum::<usize>()),
            seen: Vec::with_capacity(count),
            filled: Vec::with_capacity(count),
            starts: Vec::with_capacity(series.len()),
        };
        for series in series {
            steps.starts.push(steps.seen.len());
            let scale = self.scale_of(&series.key);
            let (mut last_row, mut last) = (None, scale.mean);
            for (time, row) in series.times.iter().zip(&series.rows) {
                last_row = row.or(last_row);
                let value = row.map_or(f64::NAN, |row| target[row as usize]);
                if !value.is_nan() {
                    last = value;
                }
                steps.seen.push(value);
                steps.filled.push(last);
                let out = &mut steps.matrix;
                out.push(((last - scale.mean) / scale.deviation) as f32);
                if self.holes {
                    out.push(f32::from(u8::from(value.is_nan())));
                }
                push_row(&features, features_width, last_row, out);
                for cycle in &self.calendar {
                    out.extend(cycle.place(*time));
                }
                out.extend(
                    self.known_series
                        .iter()
                        .map(|key| f32::from(u8::from(*key == series.key))),
                );
                push_row(&known, known_width, last_row, out);
            }
        }
        Ok(steps)
    }

    /// The last window of each series of a table, and the steps that follow it. Rows after the last one with a target are
    /// what is known ahead.
    ///
    /// # Errors
    /// `MissingColumns`; `EmptyData` where a series is shorter than a window, or less is known ahead than is predicted.
    pub fn next(&self, frame: &DataFrame) -> Result<Next> {
        let present = |name: &String| frame.column(name).is_ok();
        let missing: Vec<String> = self.names().into_iter().filter(|name| !present(name)).collect();
        if !missing.is_empty() {
            return Err(TrainError::MissingColumns { names: missing });
        }
        let target = values::numbers(frame.column(&self.target)?.as_materialized_series())?;
        let Laid { mut series, .. } = series::lay_out(frame, &self.time, &self.series, Some(self.clock))?;
        let mut lasts = Vec::new();
        for series in &mut series {
            lasts.push(self.last(series, &target)?);
        }
        if series.is_empty() {
            return Err(TrainError::EmptyData {
                message: "the table has no rows to predict from".into(),
                hint: "give it the rows before those that are to be predicted".into(),
            });
        }
        let columns = self.columns(frame, &series, &lasts)?;
        let steps = self.encode(frame, &series, &target)?;
        let origins: Vec<(usize, usize)> = lasts
            .iter()
            .enumerate()
            .map(|(of, last)| (steps.starts[of] + last, of))
            .collect();
        Ok(Next {
            rows: self.rows(steps, &series, &origins),
            columns,
        })
    }

    /// The last step of a series that has a target; the series has a whole horizon after it then.
    fn last(&self, series: &mut Series, target: &[f64]) -> Result<usize> {
        let name = match series.key.as_str() {
            "" => "the table".to_owned(),
            key => format!("the series `{key}`"),
        };
        let seen = |row: &Option<u32>| row.is_some_and(|row| !target[row as usize].is_nan());
        let (first, last) = (
            series.rows.iter().position(seen),
            series.rows.iter().rposition(seen),
        );
        let length = match (first, last) {
            (Some(first), Some(last)) => last + 1 - first,
            _ => 0,
        };
        let Some(last) = last.filter(|_| length >= self.lags) else {
            return Err(TrainError::EmptyData {
                message: format!(
                    "{name} has {} steps with a `{}`, and the model looks back on {}",
                    thousands(length as u64),
                    self.target,
                    thousands(self.lags as u64)
                ),
                hint: "give it more rows, or train with smaller `lags` in `[forecast]`".into(),
            });
        };
        let ahead = series.rows.len() - last - 1;
        if self.known.spread_width() > 0 && ahead < self.horizon {
            return Err(TrainError::EmptyData {
                message: format!(
                    "{name} goes on for {ahead} steps after the last `{}`, and {} are predicted",
                    self.target, self.horizon
                ),
                hint: format!(
                    "add rows with {} and no `{}` for the steps to predict",
                    self.known.names().join(", "),
                    self.target
                ),
            });
        }
        series.rows.resize(last + 1 + self.horizon, None);
        series.times.truncate(series.rows.len());
        let (from, at) = (series.times.len() - 1, series.times[series.times.len() - 1]);
        let further = (from + 1..series.rows.len()).map(|step| self.clock.after(at, step - from));
        let further: Vec<i64> = further.collect();
        series.times.extend(further);
        Ok(last)
    }

    /// Which steps are predicted, as columns of the types that the table has.
    fn columns(&self, frame: &DataFrame, series: &[Series], lasts: &[usize]) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        let rows: Vec<IdxSize> = series
            .iter()
            .zip(lasts)
            .flat_map(|(series, last)| {
                let row = series.rows[*last].unwrap_or_default() as IdxSize;
                std::iter::repeat_n(row, self.horizon)
            })
            .collect();
        let rows = IdxCa::from_vec("rows".into(), rows);
        for name in &self.series {
            columns.push(frame.column(name)?.take(&rows)?);
        }
        let ahead = series
            .iter()
            .zip(lasts)
            .flat_map(|(series, last)| series.times[last + 1..].to_vec());
        let times = Column::new(self.time.as_str().into(), ahead.collect::<Vec<i64>>());
        let dtype = match frame.column(&self.time)?.dtype() {
            DataType::String => DataType::Datetime(TimeUnit::Milliseconds, None),
            dtype => dtype.clone(),
        };
        columns.push(match self.clock.dated {
            false => times.cast(&dtype)?,
            true => {
                let zone = match &dtype {
                    DataType::Datetime(_, zone) => zone.clone(),
                    _ => None,
                };
                times
                    .cast(&DataType::Datetime(TimeUnit::Milliseconds, zone))?
                    .cast(&dtype)?
            }
        });
        Ok(columns)
    }
}

fn push_row(numbers: &[f32], width: usize, row: Option<u32>, out: &mut Vec<f32>) {
    match row {
        Some(row) => out.extend_from_slice(&numbers[row as usize * width..][..width]),
        None => out.extend(std::iter::repeat_n(0.0, width)),
    }
}

#[cfg(test)]
mod tests;
