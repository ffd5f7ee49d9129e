//! `aloft profile FILE`

use crate::{
    Result,
    interrupt::Interrupt,
    screen::Screen,
    source::{SourceOptions, access, say_reading},
    table::TextTable,
};
use aloft_spec::{
    profile::{Association, ColumnProfile, Measure, Profile, Scan},
    reading::Reading,
    source::{SampleMethod, SampleSpec},
    table::{ColumnKind, Scope},
    text,
};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::path::PathBuf;

/// Pairs of columns that are printed, and how strongly they must go together. Among many columns some always do a little.
const MOST_PAIRS: usize = 5;
const LEAST_ASSOCIATION: f64 = 0.3;

#[derive(Args)]
pub struct Arguments {
    /// A file, folder, glob or address: CSV, Parquet, JSON, Arrow, Excel, ODS, SQLite, Delta Lake, pictures
    file: PathBuf,
    /// Look at a sample of so many rows instead of all
    #[arg(long, value_name = "N")]
    sample: Option<u64>,
    /// How the sample is chosen
    #[arg(long, requires = "sample", value_enum, default_value_t = Method::Random)]
    method: Method,
    /// Seed of the sample
    #[arg(long, requires = "sample", value_name = "N", default_value_t = SampleSpec::default().seed)]
    seed: u64,
    /// Columns that a stratified sample looks at, or the column of time; may be repeated
    #[arg(long, requires = "sample", value_name = "COLUMN")]
    by: Vec<String>,
    #[command(flatten)]
    options: SourceOptions,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    reading: Option<&'a Reading>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// Uniform over all rows
    Random,
    /// The first rows
    Head,
    /// In proportion for each value of the columns `--by`, and at least one row of each
    Stratified,
    /// The latest rows by the column `--by`
    Time,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let mut source = self.options.spec(&self.file);
        let mut scope = Scope::All;
        if let Some(rows) = self.sample {
            source.sample = SampleSpec {
                rows,
                seed: self.seed,
                method: match self.method {
                    Method::Random => SampleMethod::Random,
                    Method::Head => SampleMethod::Head,
                    Method::Stratified => SampleMethod::Stratified,
                    Method::Time => SampleMethod::Time,
                },
                by: self.by,
            };
            scope = Scope::Sample;
        }
        let bar = screen.draws().then(ProgressBar::new_spinner);
        let show = |so_far: &Profile| {
            if let Some(bar) = &bar {
                bar.set_style(
                    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
                );
                bar.set_message(so_far.extent.to_string());
                bar.tick();
            }
        };
        let cancel = interrupt.cancel();
        let relation = match scope {
            Scope::All => access().source_to_profile(&source, &self.file, 0, &cancel, &mut |so_far| {
                show(&so_far.profile);
            }),
            _ => access().source(&source, &self.file, scope, &cancel),
        };
        if let (Err(_), Some(bar)) = (&relation, &bar) {
            bar.finish_and_clear();
        }
        let relation = relation?;
        let reading = relation.reading().map(AsRef::as_ref);
        if let Some(reading) = reading {
            let say = || say_reading(screen, reading);
            bar.as_ref().map_or_else(say, |bar| bar.suspend(say));
        }
        let profile = relation.refined_profile(&mut |so_far| show(&so_far));
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        let profile = profile?;
        let document = Document {
            profile: &profile,
            reading,
        };
        screen.result(&document, |screen| {
            screen.line(format_args!("{}: {}", self.file.display(), profile.extent));
            for line in table(&profile).lines(screen.width()) {
                screen.line(line);
            }
            for line in notes(&profile) {
                screen.line(line);
            }
        });
        Ok(0)
    }
}

fn table(profile: &Profile) -> TextTable {
    let mut table = TextTable::new(&["column", "type", ">nulls", ">distinct", "+values"]);
    for column in &profile.columns {
        table.row([
            column.field.name.clone(),
            column.field.dtype.clone(),
            text::thousands(column.nulls),
            format!("{}{}", about(column), text::thousands(column.distinct)),
            values(column),
        ]);
    }
    table
}

/// What is said below the table, a line each.
fn notes(profile: &Profile) -> Vec<String> {
    let mut notes = Vec::new();
    if profile.columns.iter().any(|column| column.distinct_approximate) {
        let errors = profile.columns.iter().filter_map(|column| column.rank_error);
        let quantiles = match errors.fold(0.0, f64::max) {
            0.0 => String::new(),
            error => format!(
                "; the rank of a median within {} %",
                text::significant_digits(error * 100.0, 2)
            ),
        };
        notes.push(format!("~ estimates: distinct within 2 %{quantiles}"));
    }
    let associations = profile.associations.as_ref();
    let strong: Vec<String> = associations
        .iter()
        .flat_map(|associations| &associations.strongest)
        .filter(|pair| pair.value.abs() >= LEAST_ASSOCIATION)
        .take(MOST_PAIRS)
        .map(pair)
        .collect();
    if let Some(associations) = associations
        && !strong.is_empty()
    {
        let of = if associations.rows < profile.extent.rows {
            format!(" (of {} rows)", text::thousands(associations.rows))
        } else {
            String::new()
        };
        notes.push(format!("go together{of}:"));
        notes.extend(strong);
    }
    notes.extend(profile.scan.as_ref().map(read));
    notes
}

fn pair(pair: &Association) -> String {
    let measure = match pair.measure {
        Measure::Pearson => "correlation",
        Measure::CorrelationRatio => "correlation ratio",
        Measure::CramersV => "Cramér's V",
    };
    format!("  {} and {}: {measure} {:.2}", pair.a, pair.b, pair.value)
}

fn read(scan: &Scan) -> String {
    let groups = match (scan.row_groups_read, scan.row_groups) {
        (Some(read), Some(all)) => format!(", {read} of {all} row groups"),
        _ => String::new(),
    };
    format!(
        "read: {} of {}{groups}",
        text::bytes(scan.bytes_read),
        text::bytes(scan.bytes_total)
    )
}

fn about(column: &ColumnProfile) -> &'static str {
    if column.distinct_approximate { "~" } else { "" }
}

/// Numbers by their median and mean (a constant by itself), times by their range and gaps, others by what is most frequent and how long.
fn values(column: &ColumnProfile) -> String {
    let number = |value: f64| text::significant_digits(value, 4);
    let mut parts = Vec::new();
    match (&column.min, &column.max) {
        (Some(min), Some(max)) if min == max && column.distinct == 1 => parts.push(format!("always {min}")),
        (Some(min), Some(max)) if !matches!(column.field.kind, ColumnKind::Text | ColumnKind::Boolean) => {
            match (column.quantiles, column.mean) {
                (Some([_, _, median, _, _]), Some(mean)) => {
                    let about = if column.rank_error.is_some() { "~" } else { "" };
                    parts.push(format!("{min} … {about}{} … {max}", number(median)));
                    parts.push(format!("mean {}", number(mean)));
                }
                _ => parts.push(range(min, max)),
            }
        }
        _ => parts.extend(top(column)),
    }
    if let Some(gaps) = &column.gaps
        && gaps.missing > 0
    {
        let days = text::thousands(gaps.days);
        parts.push(format!(
            "{} of {days} days missing",
            text::thousands(gaps.missing)
        ));
    }
    if let Some(lengths) = &column.lengths {
        parts.push(match (lengths.min, lengths.max) {
            (1, 1) => "1 letter".to_owned(),
            (min, max) if min == max => format!("{} letters", text::thousands(max)),
            (min, max) => format!("{}–{} letters", text::thousands(min), text::thousands(max)),
        });
    }
    parts.join(", ")
}

/// The ends of a range; of points in time on different days, these days.
fn range(min: &str, max: &str) -> String {
    let day = |time: &str| Some(time.split_once(' ')?.0.to_owned());
    match (day(min), day(max)) {
        (Some(first), Some(last)) if first != last => format!("{first} … {last}"),
        _ => format!("{min} … {max}"),
    }
}

fn top(column: &ColumnProfile) -> Vec<String> {
    let values = column.top.iter().take(3);
    values
        .map(|top| format!("{} ({})", top.value, text::thousands(top.count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_as_short_as_can_be() {
        let (morning, evening) = ("2013-01-01 10:00:00", "2013-01-01 18:00:00");
        assert_eq!(range(morning, evening), format!("{morning} … {evening}"));
        assert_eq!(range(morning, "2013-12-31 04:00:00"), "2013-01-01 … 2013-12-31");
        assert_eq!(range("2013-01-01", "2013-01-02"), "2013-01-01 … 2013-01-02");
    }
}
