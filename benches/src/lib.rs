//! What every bench shares: its rows and how they are printed. A bench is a program in `src/bin`, started by `./bench`.

pub mod peers;
pub mod train;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A line of a bench's result: a number of ours against a peer's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub case: String,
    /// Unit of both numbers: `s`, `rows/s`, `MB`.
    pub unit: String,
    /// Our number.
    pub ours: f64,
    /// The peer's number.
    pub peer: f64,
    /// Who the peer is.
    pub peer_name: String,
    /// How much better ours is, whichever way the unit counts; above 1 ours is better.
    pub ratio: f64,
}

/// Prints rows as a table, or as one JSON array.
///
/// # Errors
/// When standard output can't be written.
pub fn print(rows: &[Row], json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, rows)?;
        writeln!(out)?;
    } else {
        out.write_all(table(rows).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Rows as text, in columns.
fn table(rows: &[Row]) -> String {
    let head = ["case", "unit", "ours", "peer", "peer_name", "ratio"].map(str::to_owned);
    let lines = rows.iter().map(|row| {
        let number = |value| aloft_spec::text::significant_digits(value, 4);
        [
            row.case.clone(),
            row.unit.clone(),
            number(row.ours),
            number(row.peer),
            row.peer_name.clone(),
            format!("{:.2}", row.ratio),
        ]
    });
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(lines).collect();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let lengths = lines.iter().map(|line| line[column].chars().count());
        lengths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The program under test: `aloft` beside this one, as `./bench` builds it, or what `ALOFT_PROGRAM` names.
///
/// # Errors
/// When there is none.
pub fn program() -> Result<PathBuf> {
    Ok(aloft_runs::worker_program()?)
}

/// Runs `aloft` with arguments; what it says on standard error is shown.
///
/// # Errors
/// When it can't be started or doesn't end with 0.
pub fn aloft<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Result<()> {
    let mut command = Command::new(program()?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_columns() {
        let row = |case: &str, ours| Row {
            case: case.into(),
            unit: "s".into(),
            ours,
            peer: 1.5,
            peer_name: "outcome".into(),
            ratio: 1.5 / ours,
        };
        let text = table(&[row("penguins species", 1.25), row("late", 10.0)]);
        assert_eq!(
            text,
            "case              unit  ours  peer  peer_name  ratio\n\
             penguins species  s     1.25  1.5   outcome    1.20\n\
             late              s     10    1.5   outcome    0.15\n"
        );
    }
}
