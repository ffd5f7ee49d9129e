//! `aloft query --sql SQL FILE…`

use crate::{
    Result,
    interrupt::Interrupt,
    param::Parameters,
    screen::Screen,
    source::{SourceOptions, access, named, say_reading},
    table::TextTable,
};
use aloft_data::Relation;
use aloft_spec::{
    Code, Problem,
    table::{Scope, Table, Values},
    text::row_range,
};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The statement; tables are named by the files' stems
    #[arg(long)]
    sql: String,
    /// Data files, folders and addresses; `name=` before one names its table
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print so many rows at most (20 as text, 50,000 as JSON)
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Print from this row on, the first being 1
    #[arg(long, value_name = "ROW", default_value_t = 1)]
    from: u64,
    // Here a value is a number, a date as 2013-06-30, else a text.
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    options: SourceOptions,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let cancel = interrupt.cancel();
        let access = access();
        let mut tables: Vec<(String, Relation)> = Vec::new();
        for file in &self.files {
            let (name, path) = named(file)?;
            if tables.iter().any(|(known, _)| *known == name) {
                return Err(
                    Problem::new(Code::DuplicateName, format!("two files are named `{name}`"))
                        .in_file(file)
                        .with_hint(
                            "a table's name is its file's name without the ending; write `name=` before one of them",
                        ),
                );
            }
            let source = self.options.spec(&path);
            let relation = access.source(&source, &path, Scope::All, &cancel)?;
            if let Some(reading) = relation.reading() {
                say_reading(screen, reading);
            }
            tables.push((name, relation));
        }
        let inputs: Vec<_> = tables
            .iter()
            .map(|(name, relation)| (name.clone(), relation))
            .collect();
        let sql = aloft_notebook::param::bind(&self.sql, &self.parameters.arguments()?)?;
        let relation = aloft_data::query(&sql, &inputs, &cancel)?;
        let rows = self.rows.unwrap_or(aloft_engine::DISPLAY_ROWS);
        let first = self.from.saturating_sub(1);
        let table = &relation.page(first, rows)?;
        // The end of a result says how long it is; else it is counted.
        let extent = relation.extent(match first + table.rows as u64 {
            end if table.rows < rows && table.rows > 0 => end,
            _ => relation.rows()?,
        });
        let document = json!({
            "extent": extent,
            "from": self.from.max(1),
            "readings": tables.iter().map(|(name, relation)| (name.clone(), json!(relation.reading()))).collect::<Map<_, _>>(),
            "columns": table.columns.iter().map(|column| &column.field).collect::<Vec<_>>(),
            "rows": (0..table.rows).map(|row| record(table, row)).collect::<Vec<_>>(),
        });
        screen.result(&document, |screen| {
            let shown = self.rows.unwrap_or(20).min(table.rows);
            for line in TextTable::of(table, shown).lines(screen.width()) {
                screen.line(line);
            }
            if first > 0 {
                screen.line(format_args!("{}", row_range(first, shown as u64, extent.rows)));
            } else if extent.rows > shown as u64 {
                screen.line(format_args!("first {shown} of {extent}"));
            }
        });
        Ok(0)
    }
}

/// A row as a JSON object.
fn record(table: &Table, row: usize) -> Map<String, Value> {
    table
        .columns
        .iter()
        .map(|column| {
            let value = match &column.values {
                Values::Boolean(values) => json!(values.get(row)),
                Values::Integer(values) => json!(values.get(row)),
                Values::Float(values) => json!(values.get(row)),
                Values::Text(values) => json!(values.get(row)),
            };
            (column.field.name.clone(), value)
        })
        .collect()
}
