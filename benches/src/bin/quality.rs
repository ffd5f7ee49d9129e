//! How good the kinds of models are on real tables with their defaults, against scikit-learn, LightGBM,
//! RealMLP, TabM and twins in PyTorch.

use aloft_benches::peers;
use aloft_data::Cancel;
use aloft_spec::{
    Extent,
    inputs::{ForecastSpec, ImageSpec},
    run::{FORMAT, RunData, RunRecord, RunStatus},
    source::DataClass,
    text::significant_digits,
    train::{ModelKind, SplitBy, TrainSpec},
};
use anyhow::{Context, Result, bail};
use clap::Parser;
use polars::prelude::{DataFrame, DataType};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The program that reads the tables and fits the peers.
const PROGRAM: &str = include_str!("quality.py");
const PACKAGES: [&str; 7] = [
    "scikit-learn",
    "lightgbm",
    "pandas",
    "pyarrow",
    "pillow",
    "torch",
    "pytabkit",
];
/// A table, and what is to be said of it.
struct Case {
    name: &'static str,
    target: &'static str,
    /// By which models are compared: the lower, the better.
    metric: &'static str,
    /// Kinds of ours that do it.
    kinds: &'static [ModelKind],
}

const TABLE: &[ModelKind] = &[ModelKind::Trees, ModelKind::Mlp, ModelKind::Linear];
const CASES: [Case; 9] = [
    Case {
        name: "penguins",
        target: "species",
        metric: "log_loss",
        kinds: TABLE,
    },
    Case {
        name: "sex",
        target: "sex",
        metric: "log_loss",
        kinds: TABLE,
    },
    Case {
        name: "cancer",
        target: "target",
        metric: "log_loss",
        kinds: TABLE,
    },
    Case {
        name: "wine",
        target: "target",
        metric: "log_loss",
        kinds: TABLE,
    },
    Case {
        name: "diabetes",
        target: "target",
        metric: "rmse",
        kinds: TABLE,
    },
    Case {
        name: "late",
        target: "late",
        metric: "log_loss",
        kinds: TABLE,
    },
    Case {
        name: "delay",
        target: "arr_delay",
        metric: "rmse",
        kinds: TABLE,
    },
    Case {
        name: "digits",
        target: "label",
        metric: "log_loss",
        kinds: &[ModelKind::Cnn, ModelKind::Mlp],
    },
    Case {
        name: "weather",
        target: "temp",
        metric: "rmse",
        kinds: &[ModelKind::Gru, ModelKind::Mlp, ModelKind::Linear],
    },
];
/// The peer that ratios are of.
const MEASURE: &str = "hist-gradient-boosting";

/// Loss on rows never seen, over several divisions of real tables: ours and peers, all with their defaults.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    /// Divisions of each table
    #[arg(long, default_value_t = 5, value_name = "N")]
    seeds: u64,
    /// Rows of a table at the most
    #[arg(long, default_value_t = 50_000, value_name = "N")]
    rows: usize,
    /// Which cases
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "penguins,sex,cancer,wine,diabetes,late,delay,digits,weather"
    )]
    cases: Vec<String>,
    /// Which kinds of ours
    #[arg(long, value_delimiter = ',', default_value = "trees,mlp,linear,cnn,gru")]
    kinds: Vec<String>,
    /// Which peers
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "lightgbm,hist-gradient-boosting,mlp,realmlp,tabm,torch"
    )]
    peers: Vec<String>,
    /// A Python that has the peers already
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

/// What a model came to on one division.
#[derive(Debug, Clone, Deserialize)]
struct Scored {
    model: String,
    seconds: f64,
    metrics: BTreeMap<String, f64>,
}

/// A line of the result: a model over all divisions of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    case: String,
    model: String,
    metric: String,
    /// Over the divisions.
    mean: f64,
    /// Standard deviation over the divisions.
    deviation: f64,
    /// Mean share of right classes.
    accuracy: Option<f64>,
    /// Mean seconds of a training; ours with reading the rows, evaluating and saving the model.
    seconds: f64,
    /// HistGradientBoosting's mean loss over this one; above 1 this one is better.
    ratio: Option<f64>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => peers::python("quality", &PACKAGES)?,
    };
    let kinds = arguments
        .kinds
        .iter()
        .map(|kind| {
            serde_json::from_value(kind.as_str().into()).with_context(|| format!("there is no kind {kind}"))
        })
        .collect::<Result<Vec<ModelKind>>>()?;
    let mut rows = Vec::new();
    for case in &arguments.cases {
        let Some(case) = CASES.iter().find(|known| known.name == case) else {
            bail!("there is no case {case}");
        };
        let mut scores: Vec<Scored> = Vec::new();
        for seed in 0..arguments.seeds {
            let folder = tempfile::tempdir()?;
            let table = folder.path().join("rows.parquet");
            scores.extend(peers_on(&python, case, seed, &arguments, &table)?);
            for kind in case.kinds.iter().filter(|kind| kinds.contains(kind)) {
                let folder = folder.path().join(kind.word());
                fs::create_dir(&folder)?;
                scores.push(ours_on(&folder, *kind, case, seed, &table)?);
            }
            writeln!(
                io::stderr(),
                "{}: division {} of {} is done",
                case.name,
                seed + 1,
                arguments.seeds
            )?;
        }
        let of_case = summary(case.name, case.metric, &scores)?;
        // A case takes minutes: what is known of it is told.
        if !arguments.json {
            io::stdout().write_all(text(&of_case).as_bytes())?;
        }
        rows.extend(of_case);
    }
    if arguments.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

/// Lets Python write the rows of a division, and fit the peers.
fn peers_on(
    python: &Path,
    case: &Case,
    seed: u64,
    arguments: &Arguments,
    table: &Path,
) -> Result<Vec<Scored>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM, case.name]).arg(examples);
    command
        .args([seed.to_string(), arguments.rows.to_string()])
        .arg(table);
    command
        .args(&arguments.peers)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().context("Python can't be started")?;
    if !output.status.success() {
        bail!("the peers ended with {}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Case {
    /// Whether ours learn from a table without the rows of the test, as peers do, and divide it as they like.
    fn is_table(&self) -> bool {
        !matches!(self.name, "digits" | "weather")
    }
}

/// Share of the rows that is the test, which are the last ones; as in `quality.py`.
const TEST: f64 = 0.2;

/// What is to be trained: a kind's defaults, with the test at the end of the rows or of the time, or without one.
fn train_spec(kind: ModelKind, case: &Case, seed: u64) -> TrainSpec {
    let mut train = TrainSpec::new("rows", case.target);
    train.model.kind = kind;
    train.seed = seed;
    if case.name == "weather" {
        train.forecast = Some(ForecastSpec {
            series: vec!["origin".into()],
            horizon: Some(24),
            lags: Some(48),
            ..ForecastSpec::new("time_hour")
        });
        // As in the example, and in the twin.
        train.epochs = Some(8);
        return train;
    }
    train.ignore = vec!["place".into()];
    if case.is_table() {
        // A tenth of all rows.
        train.split.validation /= 1.0 - TEST;
        train.split.test = 0.0;
        return train;
    }
    train.image = Some(ImageSpec::default());
    train.epochs = Some(12);
    train.split.by = SplitBy::Time;
    train.split.column = Some("place".into());
    train
}

/// A run with the defaults of a kind, and what its model makes of the test.
fn ours_on(folder: &Path, kind: ModelKind, case: &Case, seed: u64, table: &Path) -> Result<Scored> {
    let (name, train) = (kind.word(), train_spec(kind, case, seed));
    let all = aloft_data::read_frame(table)?;
    let (seen, test) = (folder.join("seen.parquet"), folder.join("test.parquet"));
    let border = all.height() - (all.height() as f64 * TEST).round() as usize;
    aloft_data::write_table(&all.slice(0, border), &seen)?;
    aloft_data::write_table(&all.slice(border as i64, all.height()), &test)?;
    let table = if case.is_table() { &seen } else { table };
    let rows = aloft_data::read_frame(table)?.height() as u64;
    let record = RunRecord {
        format: FORMAT,
        id: "run".into(),
        cell: name.into(),
        notebook: "quality.aloft.md".into(),
        created_at: "2026-01-01T00:00:00Z".into(),
        aloft: env!("CARGO_PKG_VERSION").into(),
        status: RunStatus::Created,
        device: None,
        code_hash: "0".repeat(64),
        data: RunData {
            hash: "0".repeat(64),
            bytes: fs::metadata(table)?.len(),
            rows,
            columns: Vec::new(),
            extent: Extent::all(rows),
            class: DataClass::Public,
        },
        train,
        sweep: None,
        thresholds: Default::default(),
        policy: Default::default(),
        lineage: BTreeMap::default(),
        forecast: None,
        outcome: None,
        metrics: BTreeMap::default(),
        problem: None,
    };
    let run_dir = aloft_runs::create(folder, record, table)?;
    let status = aloft_train::execute(&run_dir)?;
    let record = aloft_runs::read(&run_dir)?;
    if let Some(problem) = record.problem {
        bail!("{name} on {}: {problem}", case.name);
    }
    let metrics = match case.is_table() {
        true => {
            let scored = folder.join("scored.parquet");
            aloft_train::predict(&run_dir, &test, &scored, &Cancel::new(), &mut |_, _| ())?;
            Some(judged(&aloft_data::read_frame(&scored)?, case)?)
        }
        false => record.metrics.get("test").cloned(),
    };
    Ok(Scored {
        model: format!("aloft {name}"),
        seconds: record
            .outcome
            .with_context(|| format!("{name} on {} is {status:?}", case.name))?
            .seconds,
        metrics: metrics.context("the test has no metrics")?,
    })
}

/// Loss and accuracy of rows that are predicted.
fn judged(rows: &DataFrame, case: &Case) -> Result<BTreeMap<String, f64>> {
    let truth = rows.column(case.target)?;
    if case.metric == "rmse" {
        let (truth, said) = (truth.cast(&DataType::Float64)?, rows.column("prediction")?);
        let differences = (&truth - said)?;
        let squares: Vec<f64> = differences.f64()?.iter().flatten().map(|d| d * d).collect();
        let mean = mean(&squares);
        return Ok(BTreeMap::from([("rmse".to_owned(), mean.sqrt())]));
    }
    let (truth, said) = (
        truth.cast(&DataType::String)?,
        rows.column("prediction")?.cast(&DataType::String)?,
    );
    let (mut loss, mut right) = (0.0, 0.0);
    for (row, (truth, said)) in truth.str()?.iter().zip(said.str()?.iter()).enumerate() {
        let class = truth.context("a row of the test has no class")?;
        let probability = rows.column(&format!("probability_{class}"))?.f64()?.get(row);
        // As scikit-learn does: a probability of 0 has a loss.
        loss -= probability
            .context("a row has no probability")?
            .max(f64::EPSILON)
            .ln();
        right += f64::from(said == Some(class));
    }
    let count = rows.height() as f64;
    Ok(BTreeMap::from([
        ("log_loss".to_owned(), loss / count),
        ("accuracy".to_owned(), right / count),
    ]))
}

/// A row for each model, in the order in which they came.
fn summary(case: &str, metric: &str, scores: &[Scored]) -> Result<Vec<Row>> {
    let mut models: Vec<&str> = Vec::new();
    for score in scores {
        if !models.contains(&score.model.as_str()) {
            models.push(&score.model);
        }
    }
    let mut rows = Vec::new();
    for model in models {
        let own = || scores.iter().filter(|score| score.model == model);
        let values = |name: &str| -> Vec<f64> {
            own()
                .filter_map(|score| score.metrics.get(name).copied())
                .collect()
        };
        let losses = values(metric);
        if losses.is_empty() {
            bail!("{model} on {case} has no {metric}");
        }
        let (average, accuracies) = (mean(&losses), values("accuracy"));
        let squares: Vec<f64> = losses.iter().map(|loss| (loss - average).powi(2)).collect();
        rows.push(Row {
            case: case.into(),
            model: model.into(),
            metric: metric.into(),
            mean: average,
            deviation: mean(&squares).sqrt(),
            accuracy: (!accuracies.is_empty()).then(|| mean(&accuracies)),
            seconds: mean(&own().map(|score| score.seconds).collect::<Vec<f64>>()),
            ratio: None,
        });
    }
    let measure = rows.iter().find(|row| row.model == MEASURE).map(|row| row.mean);
    for row in &mut rows {
        row.ratio = measure.map(|measure| measure / row.mean);
    }
    rows.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    Ok(rows)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The rows of a case as text, the best first.
fn text(rows: &[Row]) -> String {
    let number = |value: f64| significant_digits(value, 4);
    let optional = |value: Option<f64>| value.map(number).unwrap_or_default();
    let mut text = String::from(
        "| case | model | loss | spread | accuracy | seconds | ratio |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let cells = [
            row.case.clone(),
            row.model.clone(),
            format!("{} {}", row.metric, number(row.mean)),
            number(row.deviation),
            optional(row.accuracy),
            number(row.seconds),
            optional(row.ratio),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_model_stands_first_and_ratios_are_of_gradient_boosting() {
        let scored = |model: &str, loss: f64| Scored {
            model: model.into(),
            seconds: 1.0,
            metrics: BTreeMap::from([("rmse".to_owned(), loss)]),
        };
        let scores = [
            scored(MEASURE, 2.0),
            scored("aloft trees", 0.5),
            scored(MEASURE, 4.0),
            scored("aloft trees", 2.5),
        ];
        let rows = summary("delay", "rmse", &scores).unwrap();
        assert_eq!(
            text(&rows).lines().skip(2).collect::<Vec<_>>(),
            [
                "| delay | aloft trees | rmse 1.5 | 1 |  | 1 | 2 |",
                "| delay | hist-gradient-boosting | rmse 3 | 1 |  | 1 | 1 |"
            ]
        );
        assert!(summary("late", "log_loss", &scores).is_err());
    }
}
