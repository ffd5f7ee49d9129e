//! How a source was read: what was found out about it, shown beside its rows. Each part can be set by a key of the
//! source cell.

use crate::{
    source::{Format, Ragged},
    text::{bytes, thousands},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a source was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Its format.
    pub format: Format,
    /// How many files it lies in.
    pub files: u64,
    /// Their size together.
    pub bytes: u64,
    /// How much of that was read to open it; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_read: Option<u64>,
    /// The text of a CSV or JSON file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The dialect of a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The sheet, table or key that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The other sheets, tables or keys that there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_tables: Vec<String>,
    /// The version of a Delta Lake table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Columns whose values come from the names of folders (`year=2024`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<String>,
    /// Columns that hold pictures: bytes, or paths of files below the folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<String>,
    /// What isn't as one may think.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// How letters are written as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding {
    /// Its name on the web: `UTF-8`, `windows-1252`.
    pub name: String,
    /// Whether the text begins with a byte order mark.
    pub byte_order_mark: bool,
}

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Between fields.
    pub separator: char,
    /// Around fields; `None` where quotes are letters like others.
    pub quote: Option<char>,
    /// Whether the first row has the names of the columns.
    pub header: bool,
    /// Before the fraction of a number.
    pub decimal: char,
    /// Texts that mean "no value".
    pub null_values: Vec<String>,
    /// What was done with ragged rows.
    pub ragged: Ragged,
    /// How many rows those were.
    pub ragged_rows: u64,
    /// The lines of the first of them, from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ragged_lines: Vec<u64>,
}

impl Reading {
    /// A source of so many files and bytes, of which nothing else is known yet.
    pub fn new(format: Format, files: u64, bytes: u64) -> Self {
        Self {
            format,
            files,
            bytes,
            bytes_read: None,
            encoding: None,
            dialect: None,
            table: None,
            other_tables: Vec::new(),
            version: None,
            partitions: Vec::new(),
            pictures: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// In a line, the warnings left out: `CSV, 1.2 MB, windows-1252, separator ;, decimal comma, no value: NA`.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if self.files != 1 {
            write!(f, ", {} files", thousands(self.files))?;
        }
        match self.bytes_read {
            Some(read) if read != self.bytes => write!(f, ", {} of {} read", bytes(read), bytes(self.bytes))?,
            _ => write!(f, ", {}", bytes(self.bytes))?,
        }
        if let Some(encoding) = &self.encoding {
            write!(f, ", {}", encoding.name)?;
            if encoding.byte_order_mark {
                write!(f, " with a byte order mark")?;
            }
        }
        if let Some(dialect) = &self.dialect {
            write!(f, ", {dialect}")?;
        }
        if let Some(table) = &self.table {
            write!(f, ", table `{table}`")?;
        }
        if !self.other_tables.is_empty() {
            write!(f, " (there are also {})", names(&self.other_tables))?;
        }
        if let Some(version) = self.version {
            write!(f, ", version {version}")?;
        }
        if !self.partitions.is_empty() {
            write!(f, ", partitioned by {}", names(&self.partitions))?;
        }
        if !self.pictures.is_empty() {
            write!(f, ", pictures in {}", names(&self.pictures))?;
        }
        Ok(())
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.separator {
            '\t' => write!(f, "separator tab")?,
            separator => write!(f, "separator {separator}")?,
        }
        match self.quote {
            Some('"') => {}
            Some(quote) => write!(f, ", quote {quote}")?,
            None => write!(f, ", no quotes")?,
        }
        if !self.header {
            write!(f, ", no header")?;
        }
        if self.decimal == ',' {
            write!(f, ", decimal comma")?;
        }
        if !self.null_values.is_empty() {
            write!(f, ", no value: {}", self.null_values.join(" "))?;
        }
        Ok(())
    }
}

/// At most eight names, and how many there are beside them.
fn names(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_fits_a_line() {
        let mut reading = Reading::new(Format::Csv, 1, 1234);
        reading.bytes_read = Some(1234);
        reading.encoding = Some(Encoding {
            name: "windows-1252".into(),
            byte_order_mark: false,
        });
        reading.dialect = Some(Dialect {
            separator: ';',
            quote: Some('"'),
            header: false,
            decimal: ',',
            null_values: vec!["NA".into(), "-".into()],
            ragged: Ragged::Skip,
            ragged_rows: 3,
            ragged_lines: vec![4, 5, 9],
        });
        assert_eq!(
            reading.to_string(),
            format!(
                "CSV, {}, windows-1252, separator ;, no header, decimal comma, no value: NA -",
                bytes(1234)
            )
        );
        let mut reading = Reading::new(Format::Excel, 1, 10);
        reading.table = Some("Costs".into());
        reading.other_tables = (1..=10).map(|sheet| format!("s{sheet}")).collect();
        assert!(reading.to_string().ends_with(
            "table `Costs` (there are also `s1`, `s2`, `s3`, `s4`, `s5`, `s6`, `s7`, `s8` and 2 more)"
        ));
    }
}
