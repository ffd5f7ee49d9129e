//! From a table and a specification to what the first step needs: target, parts, fitted preprocessing, encoded rows.

mod check;
mod weights;

use crate::{
    architecture::Architecture,
    batch::{Batch, Encoded, batch_size},
    error::{Result, TrainError},
    inputs::{Examples, Inputs, Unit, images::Pictures, text::Texts, windows::Windows},
    metrics::Truth,
    predict,
    preprocess::{Form, Preprocessing, mean_and_deviation, quantile},
    split::Split,
    stored::Stored,
    table::{Place, Table, require, whole},
    task::{Target, Task, Values},
};
use aloft_spec::{
    inputs::{ForecastSpec, TextSpec},
    text::thousands,
    train::{CategoryEncoding, ModelKind, ModelSpec, TrainSpec},
};
use check::{check, features};
use polars::prelude::*;
use weights::{class_weights, numbers, outcomes};

/// A prepared training.
#[derive(Debug)]
pub struct Prepared {
    /// The task, a number's mean and deviation fitted.
    pub task: Task,
    /// What was fitted on the training part.
    pub inputs: Inputs,
    /// The model's shape.
    pub architecture: Architecture,
    /// The rows that have a target, encoded.
    pub rows: Box<dyn Examples>,
    /// Their targets.
    pub targets: Values,
    /// Their places in the table.
    pub table_rows: Vec<u32>,
    /// Their parts.
    pub split: Split,
    /// Those of the validation part that are evaluated after each epoch.
    pub watched: Vec<u32>,
    /// Rows of the table without a target.
    pub dropped: usize,
    /// Rows that go through the model together.
    pub batch_size: usize,
    /// Batches of a step.
    pub accumulate: usize,
    /// Passes over the training part at the most.
    pub epochs: u32,
    /// What a row of each class counts; empty where all count the same.
    pub class_weights: Vec<f32>,
    /// Where quantiles are predicted, those of the training part.
    base_quantiles: Vec<f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Reads the target, divides the rows, fits the preprocessing on the training part and encodes all.
    pub fn new(spec: &TrainSpec, table: &dyn Table) -> Result<Self> {
        check(spec)?;
        if let Some(forecast) = &spec.forecast {
            return Self::windows(spec, forecast, whole(table, "forecasts")?);
        }
        let labelled = Labelled::read(spec, table)?;
        let split = Split::new(&spec.split, table, &labelled.target)?;
        Self::with_split(spec, table, labelled, split)
    }

    /// Refuses columns to learn from that are called as predictions will be: the model could never be asked.
    pub fn check_names(&self, spec: &TrainSpec, table: &dyn Table) -> Result<()> {
        let added = predict::names(&self.task);
        let features = features(spec, table)?;
        match features.iter().find(|name| added.contains(name)) {
            Some(name) => Err(TrainError::bad_value(
                format!("a column to learn from is called `{name}`, as the predictions will be"),
                "give it another name in a query, as in SELECT * RENAME (…), or put it into `ignore`",
            )),
            None => Ok(()),
        }
    }

    /// The trainings of a cross-validation, one after the other: each fold is the test of one. Forecasts have none.
    pub fn folds(spec: &TrainSpec, table: &dyn Table) -> Result<Vec<Split>> {
        Split::folds(&spec.split, table, &Labelled::read(spec, table)?.target)
    }

    /// The same as [`new`](Self::new) for a fold of [`folds`](Self::folds).
    pub fn fold(spec: &TrainSpec, table: &dyn Table, split: Split) -> Result<Self> {
        Self::with_split(spec, table, Labelled::read(spec, table)?, split)
    }

    fn with_split(spec: &TrainSpec, table: &dyn Table, labelled: Labelled, split: Split) -> Result<Self> {
        let Labelled { mut target, pictures } = labelled;
        let mut base_quantiles = Vec::new();
        if let (Task::Multilabel { labels, shares, .. }, Values::Numbers(values)) =
            (&mut target.task, &target.values)
        {
            let width = labels.len();
            let yes = |label: usize| -> f64 {
                let train = split.train.iter();
                train.map(|row| values[*row as usize * width + label]).sum()
            };
            *shares = (0..width)
                .map(|label| yes(label) / split.train.len() as f64)
                .collect();
        }
        if let (
            Task::Regression { mean, deviation } | Task::Quantiles { mean, deviation, .. },
            Values::Numbers(values),
        ) = (&mut target.task, &target.values)
        {
            let train = split.train.iter().map(|row| values[*row as usize]);
            (*mean, *deviation) = mean_and_deviation(train.clone());
            let mut rising: Vec<f64> = train.collect();
            rising.sort_by(f64::total_cmp);
            base_quantiles = spec
                .quantiles
                .iter()
                .map(|share| quantile(&rising, *share))
                .collect();
        }
        let read = match (pictures, &spec.text) {
            (Some(pictures), _) => Read::pictures(pictures, &target, &split),
            (None, Some(text)) => Read::texts(spec, text, whole(table, "texts")?, &target, &split)?,
            _ if spec.model.kind == ModelKind::Autoencoder => {
                let frame = whole(table, "autoencoders")?;
                let (read, numbers) = Read::themselves(spec, frame, &split)?;
                target.task = Task::Anomaly {
                    numbers,
                    threshold: 0.0,
                };
                read
            }
            _ => Read::table(spec, table, &target, &split)?,
        };
        Ok(Self {
            base_quantiles,
            ..Self::of(spec, target, split, read)?
        })
    }

    /// The rows are windows of series.
    fn windows(spec: &TrainSpec, forecast: &ForecastSpec, frame: &DataFrame) -> Result<Self> {
        require(frame, "the target", &spec.target)?;
        let fitted = Windows::fit(spec, forecast, &features(spec, frame)?, frame)?;
        let target = Target {
            task: Task::Forecast {
                horizon: fitted.windows.horizon,
                mean: fitted.windows.scale.mean,
            },
            rows: Vec::new(),
            values: Values::Numbers(fitted.targets),
            dropped: fitted.dropped,
        };
        let read = Read {
            inputs: Inputs::Windows(fitted.windows),
            rows: Box::new(fitted.rows),
            warnings: fitted.warnings,
        };
        let prepared = Self::of(spec, target, fitted.split, read)?;
        let numbers = prepared.architecture.graph().width(0);
        Ok(Self {
            architecture: prepared.architecture.beside_line(&spec.model, numbers),
            ..prepared
        })
    }

    /// What all kinds of rows have in common once they are encoded: the model, the batch.
    fn of(spec: &TrainSpec, target: Target, split: Split, read: Read) -> Result<Self> {
        let Read {
            inputs,
            rows,
            warnings,
        } = read;
        let watched = TrainSpec::watched_rows(split.train.len() as u64, split.validation.len() as u64);
        let model = ModelSpec {
            numbers: Some(spec.numbers_for(split.train.len() as u64)),
            ..spec.model.clone()
        };
        Ok(Self {
            watched: split.watched(&target.values, spec.split.seed, watched as usize),
            architecture: Architecture::new(&model, &inputs.shape(), target.task.outputs())?,
            class_weights: class_weights(spec, &target, &split.train)?,
            task: target.task,
            inputs,
            rows,
            targets: target.values,
            table_rows: target.rows,
            dropped: target.dropped,
            batch_size: step_rows(spec, split.train.len()),
            accumulate: match spec.model.kind {
                ModelKind::Trees => 1,
                _ => spec.optimizer.accumulate,
            },
            epochs: spec.epochs_for(split.train.len() as u64),
            split,
            base_quantiles: Vec::new(),
            warnings,
        })
    }

    /// The fitted columns where a row of the model is a row of the table, with a target: what a linear base line,
    /// explanations and trees read. `None` for windows, pictures, texts and autoencoders.
    pub fn preprocessing(&self) -> Option<&Preprocessing> {
        match &self.inputs {
            Inputs::Table(preprocessing) => Some(preprocessing),
            _ => None,
        }
    }

    /// Some rows of a table as the model reads them.
    pub fn encoded(&self, preprocessing: &Preprocessing, rows: &[u32]) -> Result<Encoded> {
        Encoded::gathered(self.rows.as_ref(), preprocessing.widths(), rows)
    }

    /// Rows of a step; the last one of an epoch may have fewer.
    pub fn step_rows(&self) -> usize {
        self.batch_size * self.accumulate
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.split.train.len().div_ceil(self.step_rows())
    }

    /// Steps of a training that isn't stopped early.
    pub fn steps(&self) -> u64 {
        u64::from(self.epochs) * self.steps_per_epoch() as u64
    }

    /// The numbers of some rows themselves, [rows, numbers], where a model gives them back.
    pub fn numbers(&self, rows: &[u32]) -> Result<Vec<f32>> {
        let mut batch = Batch::default();
        self.rows.gather(rows, &mut batch)?;
        Ok(batch.rows().numbers.to_vec())
    }

    /// The numbers of all rows as a model learns them, in the units of their rows, [rows, [`Task::target_width`]]; nothing for
    /// classes, and where a row is its own target.
    pub fn in_units(&self) -> Vec<f32> {
        let Values::Numbers(values) = &self.targets else {
            return Vec::new();
        };
        let rows = (0u32..).zip(values.chunks_exact(self.task.target_width()));
        let in_units = rows.flat_map(|(row, values)| {
            let Unit { start, size } = self.task.unit(self.rows.as_ref(), row);
            values.iter().map(move |value| ((value - start) / size) as f32)
        });
        in_units.collect()
    }

    /// The true values of some rows.
    pub fn truth(&self, rows: &[u32]) -> Result<Truth> {
        let values: Vec<f64> = match &self.targets {
            Values::Classes(classes) => {
                let classes = rows.iter().map(|row| classes[*row as usize]);
                return Ok(Truth::Classes(classes.collect()));
            }
            Values::Inputs => self.numbers(rows)?.into_iter().map(f64::from).collect(),
            Values::Numbers(values) => {
                let width = self.task.target_width();
                let of_row = |row: &u32| &values[*row as usize * width..][..width];
                rows.iter().flat_map(of_row).copied().collect()
            }
        };
        Ok(match &self.task {
            Task::Quantiles { quantiles, .. } => Truth::Quantiles {
                values,
                quantiles: quantiles.clone(),
                base: self.base_quantiles.clone(),
            },
            Task::Multilabel { shares, .. } => Truth::Labels {
                values,
                shares: shares.clone(),
            },
            task => Truth::Numbers {
                values,
                base: task.mean(),
            },
        })
    }
}

/// A table whose target is read, before it is divided.
struct Labelled {
    target: Target,
    /// The pictures, where the rows are some.
    pictures: Option<Pictures>,
}

impl Labelled {
    fn read(spec: &TrainSpec, table: &dyn Table) -> Result<Self> {
        check(spec)?;
        if spec.model.kind == ModelKind::Autoencoder {
            let target = Target {
                task: Task::Anomaly {
                    numbers: 0,
                    threshold: 0.0,
                },
                rows: (0..table.height() as u32).collect(),
                values: Values::Inputs,
                dropped: 0,
            };
            return Ok(Self {
                target,
                pictures: None,
            });
        }
        let mut target = match spec.labels.is_empty() {
            true => {
                require(table, "the target", &spec.target)?;
                Target::read(&table.column(&spec.target)?, spec.task, &spec.quantiles)?
            }
            false => {
                let column = |name: &String| {
                    require(table, "the label", name)?;
                    table.column(name)
                };
                Target::of_labels(&spec.labels.iter().map(column).collect::<Result<Vec<_>>>()?)?
            }
        };
        let pictures = match &spec.image {
            None => None,
            Some(image) => {
                require(table, "the column of pictures", &image.column)?;
                let pictures = Pictures::read(image, whole(table, "pictures")?)?;
                target.retain(|row| pictures.readable[row as usize]);
                Some(pictures)
            }
        };
        Ok(Self { target, pictures })
    }
}

/// Rows as a model reads them, by what was fitted on the training part.
struct Read {
    inputs: Inputs,
    rows: Box<dyn Examples>,
    warnings: Vec<String>,
}

impl Read {
    /// Each row of the table is a row of the model.
    fn table(spec: &TrainSpec, table: &dyn Table, target: &Target, split: &Split) -> Result<Self> {
        let features = features(spec, table)?;
        let train: Vec<u32> = split.train.iter().map(|row| target.rows[*row as usize]).collect();
        let trees = spec.model.kind == ModelKind::Trees;
        let outcomes = (spec.model.categories == CategoryEncoding::Target && !trees)
            .then(|| outcomes(target, &split.train));
        let (preprocessing, mut warnings) =
            Preprocessing::fit(table, &features, &train, &spec.preprocess, outcomes.as_ref())?;
        let preprocessing = match &target.task {
            Task::Regression { .. } | Task::Quantiles { .. } if !trees => {
                preprocessing.straighten(table, &train, &numbers(target, &split.train))?
            }
            _ => preprocessing,
        };
        let preprocessing = preprocessing.in_form(if trees { Form::Plain } else { Form::Scaled });
        if target.dropped > 0 {
            let dropped = thousands(target.dropped as u64);
            let names = spec.targets().join("` or no `");
            let left_out = format!("{dropped} rows have no `{names}` and are left out");
            warnings.insert(0, left_out);
        }
        if outcomes.is_some() {
            // The training rows are encoded once more when all are.
            whole(table, "categories that are encoded by the target")?;
        }
        let rows: Box<dyn Examples> = match table.place() {
            Place::Memory(frame) => {
                let mut rows = match target.dropped {
                    0 => preprocessing.encode(frame)?,
                    _ => preprocessing.encode(&kept(frame, target)?)?,
                };
                if let Some(outcomes) = &outcomes {
                    preprocessing.hide_targets(frame, &train, outcomes, &split.train, &mut rows)?;
                }
                Box::new(rows)
            }
            Place::File(stored) if trees => {
                Box::new(stored.encode_into_memory(&preprocessing, &target.rows)?)
            }
            Place::File(stored) => Box::new(Stored::encode(stored, &preprocessing, &target.rows, split)?),
        };
        Ok(Self {
            inputs: Inputs::Table(preprocessing),
            rows,
            warnings,
        })
    }

    /// Each row of the table is a picture.
    fn pictures(pictures: Pictures, target: &Target, split: &Split) -> Self {
        let warnings = pictures.warnings.clone();
        let rows = pictures.fit(&target.rows, &split.train);
        Self {
            inputs: Inputs::Images(rows.images().clone()),
            rows: Box::new(rows),
            warnings,
        }
    }

    /// Each row of the table is a text.
    fn texts(
        spec: &TrainSpec,
        text: &TextSpec,
        frame: &DataFrame,
        target: &Target,
        split: &Split,
    ) -> Result<Self> {
        require(frame, "the column of texts", &text.column)?;
        let kept = kept(frame, target)?;
        let texts = Texts::fit(text, spec.model.kind, &kept, &split.train)?;
        let rows = Box::new(texts.encode(&kept)?);
        Ok(Self {
            inputs: Inputs::Text(texts),
            rows,
            warnings: Vec::new(),
        })
    }

    /// Each row of the table is to be given back; with how many numbers it has.
    fn themselves(spec: &TrainSpec, frame: &DataFrame, split: &Split) -> Result<(Self, usize)> {
        let features = features(spec, frame)?;
        let (preprocessing, warnings) =
            Preprocessing::fit(frame, &features, &split.train, &spec.preprocess, None)?;
        let rows = preprocessing.spread(frame)?;
        let numbers = rows.numeric_width;
        let read = Self {
            inputs: Inputs::Numbers(preprocessing),
            rows: Box::new(rows),
            warnings,
        };
        Ok((read, numbers))
    }
}

/// Rows of a step out of so many training rows. Trees always learn from all of them.
pub fn step_rows(spec: &TrainSpec, train_rows: usize) -> usize {
    match spec.model.kind {
        ModelKind::Trees => train_rows.max(1),
        _ => batch_size(spec.batch_size, train_rows),
    }
}

/// The rows of a table that have a target.
fn kept(frame: &DataFrame, target: &Target) -> Result<DataFrame> {
    let rows = target.rows.iter().map(|row| *row as IdxSize).collect();
    Ok(frame.take(&IdxCa::from_vec("rows".into(), rows))?)
}

#[cfg(test)]
mod tests;
