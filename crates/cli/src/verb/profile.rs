//! `aloft profile FILE`

use crate::{Result, interrupt::Interrupt, screen::Screen, table::TextTable};
use aloft_spec::{
    profile::ColumnProfile,
    source::{SampleSpec, SourceSpec},
    table::Scope,
    text,
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A CSV, TSV, Parquet, JSON Lines or Arrow file
    file: PathBuf,
    /// Look at a random sample of so many rows instead of all
    #[arg(long, value_name = "N")]
    sample: Option<u64>,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let mut source = SourceSpec::new(self.file.to_string_lossy());
        let mut scope = Scope::All;
        if let Some(rows) = self.sample {
            source.sample = SampleSpec {
                rows,
                ..SampleSpec::default()
            };
            scope = Scope::Sample;
        }
        let relation = aloft_data::source(&source, &self.file, scope, &interrupt.cancel())?;
        let profile = relation.profile()?;
        screen.result(&profile, |screen| {
            screen.line(format_args!("{}: {}", self.file.display(), profile.extent));
            let mut table = TextTable::new(&["column", "type", ">nulls", ">distinct", "values"]);
            for column in &profile.columns {
                let about = if column.distinct_approximate { "~" } else { "" };
                table.row([
                    column.field.name.clone(),
                    column.field.dtype.clone(),
                    text::thousands(column.nulls),
                    format!("{about}{}", text::thousands(column.distinct)),
                    values(column),
                ]);
            }
            for line in table.lines(screen.width()) {
                screen.line(line);
            }
        });
        Ok(0)
    }
}

/// Numbers by their quartiles and mean, others by what is most frequent.
fn values(column: &ColumnProfile) -> String {
    let number = |value: f64| text::significant_digits(value, 4);
    if let (Some(min), Some(max)) = (&column.min, &column.max) {
        return match (column.quantiles, column.mean) {
            (Some([_, _, median, _, _]), Some(mean)) => {
                format!("{min} … {} … {max}, mean {}", number(median), number(mean))
            }
            _ if column.top.is_empty() => format!("{min} … {max}"),
            _ => top(column),
        };
    }
    top(column)
}

fn top(column: &ColumnProfile) -> String {
    let values: Vec<String> = column
        .top
        .iter()
        .take(3)
        .map(|top| format!("{} ({})", top.value, text::thousands(top.count)))
        .collect();
    values.join(", ")
}
