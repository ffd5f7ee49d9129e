//! `aloft report RUN`

use crate::{
    Result, locate,
    screen::Screen,
    table::{TextTable, wrap},
};
use aloft_spec::{
    Code, Problem,
    chart::Scale,
    report::{
        Choice, Costs, Dependence, Estimate, Evaluation, Explanation, Forecasts, Report, estimate, headline,
    },
    text::{significant_digits, thousands},
    time,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Bars of importances and residuals are so wide at the most.
const BAR: usize = 30;
/// Columns whose importance is printed, and worst rows.
const MOST: usize = 10;
/// Classes of a confusion matrix that has room.
const CLASSES: usize = 12;
/// Bars of a histogram of residuals.
const BARS: usize = 12;

#[derive(Args)]
pub struct Arguments {
    /// A run: its folder, its id, or the beginning of its id
    run: PathBuf,
    /// What an alarm costs on a row that should not raise one, for the choice of a threshold
    #[arg(long, value_name = "COST", default_value_t = 1.0)]
    false_alarm: f64,
    /// What it costs to miss a row that should have raised one
    #[arg(long, value_name = "COST", default_value_t = 1.0)]
    miss: f64,
    /// The project that the run belongs to, when it is named by its id
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let costs = Costs {
            false_alarm: self.false_alarm,
            miss: self.miss,
        };
        if !(costs.false_alarm >= 0.0 && costs.miss >= 0.0 && costs.false_alarm + costs.miss > 0.0) {
            return Err(Problem::new(
                Code::BadValue,
                "a cost is a number of 0 or more, and not both are 0",
            )
            .with_hint("for instance `--false-alarm 1 --miss 5`"));
        }
        let run_dir = locate::run_dir(&self.run, &self.project)?;
        let Some(report) = aloft_runs::read_report(&run_dir)? else {
            return Err(Problem::new(Code::NotFound, "this run has no report yet")
                .in_file(run_dir)
                .with_hint(
                    "wait until it is done, or start it again if it was stopped before its first epoch",
                ));
        };
        let document = Document {
            report: &report,
            choice: report
                .evaluation
                .as_ref()
                .and_then(|evaluation| choice(evaluation, costs)),
        };
        screen.result(&document, |screen| print(screen, &report, costs));
        Ok(0)
    }
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// The threshold that costs least.
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<Choice>,
}

/// Errors at some steps ahead, and some of the forecasts.
fn print_forecasts(screen: &Screen, report: &Report, forecasts: &Forecasts) {
    let steps = forecasts.errors.len();
    section(
        screen,
        &format!(
            "RMSE of {} by steps ahead, {} forecasts on the {} rows",
            report.target,
            thousands(forecasts.windows),
            forecasts.split
        ),
    );
    let mut titles = vec![">step", ">model"];
    let words: Vec<String> = forecasts
        .base_lines
        .iter()
        .map(|line| format!(">{}", line.words))
        .collect();
    titles.extend(words.iter().map(String::as_str));
    let mut errors = TextTable::new(&titles);
    let number = |value: &f64| significant_digits(*value, 4);
    // All of a few steps, of many some that are evenly far apart, the last one among them.
    for step in (0..steps).filter(|step| (steps - 1 - step).is_multiple_of(steps.div_ceil(MOST))) {
        let mut row = vec![(step + 1).to_string(), number(&forecasts.errors[step])];
        row.extend(forecasts.base_lines.iter().map(|line| number(&line.errors[step])));
        errors.row(row);
    }
    table(screen, &errors);
    section(screen, "Some forecasts");
    let mut some = TextTable::new(&["", "series", "after", ">RMSE"]);
    for trace in &forecasts.traces {
        let label = trace.rank.label().to_owned();
        some.row(vec![
            label,
            trace.series.clone(),
            trace.at.clone(),
            number(&trace.error),
        ]);
    }
    table(screen, &some);
}

fn choice(evaluation: &Evaluation, costs: Costs) -> Option<Choice> {
    evaluation.thresholds.as_ref()?.choice(&evaluation.split, costs)
}

fn print(screen: &Screen, report: &Report, costs: Costs) {
    screen.line(wrap(&report.conclusion, 0, screen.width()));
    if let Some(forecasts) = &report.forecasts {
        print_forecasts(screen, report, forecasts);
    }
    let Some(evaluation) = &report.evaluation else {
        return;
    };
    section(
        screen,
        &format!(
            "Metrics on {} {} rows, {}",
            thousands(evaluation.rows),
            evaluation.split,
            evaluation.extent
        ),
    );
    table(screen, &metrics(report, evaluation));
    if let Some(confusion) = report.confusion.get(&evaluation.split)
        && report.classes.len() <= CLASSES
    {
        section(screen, "Rows of each class (down) taken for each (across)");
        let titles: Vec<String> = report.classes.iter().map(|class| format!(">{class}")).collect();
        let titles: Vec<&str> = ["!"]
            .into_iter()
            .chain(titles.iter().map(String::as_str))
            .collect();
        let mut matrix = TextTable::new(&titles);
        for (class, row) in report.classes.iter().zip(&confusion.counts) {
            matrix.row(
                [class.clone()]
                    .into_iter()
                    .chain(row.iter().map(|count| thousands(*count))),
            );
        }
        table(screen, &matrix);
    }
    thresholds(screen, evaluation, costs);
    reliability(screen, report, evaluation);
    residuals(screen, evaluation);
    worst(screen, evaluation);
    if let Some(explanation) = &report.explanation {
        explain(screen, report, explanation);
    }
}

fn section(screen: &Screen, title: &str) {
    screen.line("");
    screen.line(wrap(title, 0, screen.width()));
}

fn table(screen: &Screen, table: &TextTable) {
    for line in table.lines(screen.width() - 2) {
        screen.line(format_args!("  {line}"));
    }
}

/// A row a metric: the model with its interval, and what the base lines have.
fn metrics(report: &Report, evaluation: &Evaluation) -> TextTable {
    let baselines: Vec<String> = evaluation
        .baselines
        .iter()
        .map(|baseline| format!(">{}", baseline.kind.label()))
        .collect();
    let mut titles = vec!["!", ">model", "!95 % interval"];
    titles.extend(baselines.iter().map(String::as_str));
    let mut table = TextTable::new(&titles);
    let cell = |metrics: &[Estimate], name: &str, digits: usize| {
        estimate(metrics, name).map_or(String::new(), |found| significant_digits(found.value, digits))
    };
    for own in &evaluation.metrics {
        let others = evaluation
            .baselines
            .iter()
            .map(|baseline| cell(&baseline.metrics, &own.name, 3));
        let own = [
            own.name.clone(),
            significant_digits(own.value, 4),
            own.interval_text(),
        ];
        table.row(own.into_iter().chain(others));
    }
    let main = headline(&report.task);
    let gains = evaluation
        .baselines
        .iter()
        .map(|baseline| estimate(&baseline.gains, main).map_or(String::new(), Estimate::interval_text));
    let head = [format!("gain in {main}"), String::new(), String::new()];
    table.row(head.into_iter().chain(gains));
    table
}

fn thresholds(screen: &Screen, evaluation: &Evaluation, costs: Costs) {
    let (Some(thresholds), Some(cheapest)) = (&evaluation.thresholds, choice(evaluation, costs)) else {
        return;
    };
    section(
        screen,
        &format!(
            "Thresholds, where a false alarm costs {} and a miss {}",
            costs.false_alarm, costs.miss
        ),
    );
    let half = thresholds
        .half()
        .and_then(|index| thresholds.at(index, &evaluation.split, costs));
    let mut rows = TextTable::new(&["!", ">threshold", ">false alarms", ">misses", ">cost a row"]);
    for (name, choice) in [("a half", half), ("cheapest", Some(cheapest))] {
        if let Some(choice) = choice {
            rows.row([
                name.to_owned(),
                significant_digits(choice.threshold, 3),
                thousands(choice.false_alarms),
                thousands(choice.misses),
                significant_digits(choice.cost, 3),
            ]);
        }
    }
    table(screen, &rows);
    let note = format!(
        "An alarm says `{}`. The threshold was chosen on the {} rows; the mistakes are those of the {} rows.",
        thresholds.positive,
        thresholds.chosen_on().unwrap_or_default(),
        evaluation.split
    );
    screen.line(format_args!("  {}", wrap(&note, 2, screen.width())));
}

fn reliability(screen: &Screen, report: &Report, evaluation: &Evaluation) {
    let title = match report.task.as_str() {
        "regression" => "Predicted and true, by tenths of the prediction",
        "binary" => "Probability of the second class, and how often it was true",
        _ => "Probability of the likeliest class, and how often it was true",
    };
    section(screen, title);
    let mut rows = TextTable::new(&[">rows", ">predicted", ">true", "!95 % interval"]);
    for bin in &evaluation.reliability {
        let number = |value: f64| significant_digits(value, 3);
        rows.row([
            thousands(bin.rows),
            number(bin.predicted),
            number(bin.actual),
            format!("{} to {}", number(bin.low), number(bin.high)),
        ]);
    }
    table(screen, &rows);
}

fn residuals(screen: &Screen, evaluation: &Evaluation) {
    let Some(residuals) = &evaluation.residuals else {
        return;
    };
    section(screen, "Predicted minus true");
    let together = residuals.counts.len().div_ceil(BARS).max(1);
    let counts: Vec<u64> = residuals
        .counts
        .chunks(together)
        .map(|some| some.iter().sum())
        .collect();
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let mut rows = TextTable::new(&[">from", ">rows", "!"]);
    for (index, count) in counts.iter().enumerate() {
        let from = residuals.edges.get(index * together).copied().unwrap_or_default();
        rows.row([
            significant_digits(from, 3),
            thousands(*count),
            bar(*count as f64 / most as f64),
        ]);
    }
    table(screen, &rows);
    if residuals.below + residuals.above > 0 {
        let (below, above) = (thousands(residuals.below), thousands(residuals.above));
        screen.line(format_args!(
            "  {below} rows are further below and {above} further above."
        ));
    }
}

fn worst(screen: &Screen, evaluation: &Evaluation) {
    let worst = &evaluation.worst;
    section(screen, "The worst rows, by their place in the run's data.parquet");
    let mut titles = vec![">row", "!true", "!predicted", ">error"];
    titles.extend(
        worst
            .table
            .columns
            .iter()
            .map(|column| column.field.name.as_str()),
    );
    let mut rows = TextTable::new(&titles);
    for (at, row) in worst.rows.iter().enumerate().take(MOST) {
        let values = worst
            .table
            .columns
            .iter()
            .map(|column| column.values.format(at).unwrap_or_else(|| "–".into()));
        let own = [
            thousands(*row),
            worst.actual[at].clone(),
            worst.predicted[at].clone(),
            significant_digits(worst.errors[at], 3),
        ];
        rows.row(own.into_iter().chain(values));
    }
    table(screen, &rows);
}

fn explain(screen: &Screen, report: &Report, explanation: &Explanation) {
    section(
        screen,
        &format!(
            "What the model looks at: how much {} rises when a column is shuffled",
            explanation.metric
        ),
    );
    let most = explanation
        .importance
        .first()
        .map_or(1.0, |first| first.mean)
        .max(f64::MIN_POSITIVE);
    let mut rows = TextTable::new(&["column", ">rises by", ">±", "!"]);
    for found in explanation.importance.iter().take(MOST) {
        rows.row([
            found.column.clone(),
            significant_digits(found.mean, 3),
            significant_digits(found.deviation, 2),
            bar(found.mean / most),
        ]);
    }
    table(screen, &rows);
    let mut notes = Vec::new();
    if explanation.importance.len() > MOST {
        notes.push(format!(
            "{} more columns matter less",
            explanation.importance.len() - MOST
        ));
    }
    if explanation.unreached > 0 {
        notes.push(format!(
            "{} columns weren't reached in time",
            thousands(explanation.unreached)
        ));
    }
    notes.push(format!(
        "over {} {} rows",
        thousands(explanation.rows),
        explanation.split
    ));
    screen.line(format_args!("  {}", notes.join("; ")));
    if explanation.dependence.is_empty() {
        return;
    }
    let of = match report.task.as_str() {
        "regression" => format!("Mean prediction of {}", report.target),
        _ => format!("Mean probability of {}", explanation.outputs.join(", ")),
    };
    section(screen, &format!("{of} if a column were the same in all rows"));
    let mut rows = TextTable::new(&["column", "at …: predicted"]);
    for curve in &explanation.dependence {
        rows.row([curve.column.clone(), points(curve)]);
    }
    table(screen, &rows);
}

/// A curve in a few points.
fn points(curve: &Dependence) -> String {
    let count = curve.at.len();
    let shown: Vec<usize> = match &curve.scale {
        Scale::Names(_) => (0..count.min(if curve.predictions.len() > 1 { 2 } else { 3 })).collect(),
        // Of several classes the ends alone have room.
        _ if curve.predictions.len() > 1 => vec![0, count - 1],
        _ => vec![0, count / 2, count - 1],
    };
    let texts = shown.into_iter().map(|point| {
        let at = match &curve.scale {
            Scale::Names(names) => names.get(point).cloned().unwrap_or_default(),
            Scale::Time => time::date(curve.at[point]),
            _ => significant_digits(curve.at[point], 3),
        };
        let means = curve.predictions.iter().filter_map(|curve| curve.get(point));
        let means: Vec<String> = means.take(3).map(|mean| significant_digits(*mean, 2)).collect();
        format!("{at}: {}", means.join("/"))
    });
    texts.collect::<Vec<_>>().join("  ")
}

fn bar(share: f64) -> String {
    "▪".repeat((share.clamp(0.0, 1.0) * BAR as f64).round() as usize)
}
