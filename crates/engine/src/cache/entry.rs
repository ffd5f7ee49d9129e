//! An output as the bytes of one file.
//!
//! A mark and a checksum of the rest come first, so that a file that was cut, changed or written by another version is
//! told at once; then a length and the head as JSON; then the table's values as Arrow IPC, which is read in a fraction of
//! the time that JSON would take.

use crate::resolved::json;
use aloft_spec::{
    Extent, Output, Problem,
    chart::ChartData,
    output::TableOutput,
    profile::Profile,
    reading::Reading,
    table::{Field, Table, Values},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first bytes of an entry; the number grows when their meaning changes.
const MARK: &[u8; 8] = b"ALOFTC01";

/// An output with what it took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub output: Output,
    /// Seconds that its evaluation took.
    pub seconds: f64,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Head {
    seconds: f64,
    output: Shape,
}

/// An output without the values of its table.
#[derive(Serialize, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Table {
        fields: Vec<Field>,
        rows: usize,
        profile: Arc<Profile>,
        extent: Extent,
        #[serde(default)]
        reading: Option<Arc<Reading>>,
    },
    Chart {
        data: Arc<ChartData>,
    },
}

impl Entry {
    /// Its bytes; `None` for an output that wouldn't come back the same.
    pub fn encode(&self) -> Result<Option<Vec<u8>>, Problem> {
        let (shape, values) = match &self.output {
            Output::Table(output) => (
                Shape::Table {
                    fields: output
                        .table
                        .columns
                        .iter()
                        .map(|column| column.field.clone())
                        .collect(),
                    rows: output.table.rows,
                    profile: output.profile.clone(),
                    extent: output.extent.clone(),
                    reading: output.reading.clone(),
                },
                aloft_data::encode_table(&output.table)?,
            ),
            Output::Chart(data) => (Shape::Chart { data: data.clone() }, Vec::new()),
        };
        let head = Head {
            seconds: self.seconds,
            output: shape,
        };
        let text = json(&head)?;
        // JSON has no NaN and no infinity: what holds one is computed again rather than shown changed.
        if !serde_json::from_str::<Head>(&text).is_ok_and(|back| back == head) {
            return Ok(None);
        }
        let mut rest = (text.len() as u64).to_le_bytes().to_vec();
        rest.extend_from_slice(text.as_bytes());
        rest.extend_from_slice(&values);
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(blake3::hash(&rest).as_bytes());
        bytes.extend_from_slice(&rest);
        Ok(Some(bytes))
    }

    /// From its bytes; `None` where they aren't those of an entry.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (sum, rest) = bytes.strip_prefix(MARK)?.split_at_checked(blake3::OUT_LEN)?;
        if blake3::hash(rest).as_bytes() != sum {
            return None;
        }
        let (length, rest) = rest.split_at_checked(size_of::<u64>())?;
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (head, values) = rest.split_at_checked(length)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let output = match head.output {
            Shape::Table {
                fields,
                rows,
                profile,
                extent,
                reading,
            } => Output::Table(TableOutput {
                table: Arc::new(aloft_data::decode_table(values, fields, rows).ok()?),
                profile,
                extent,
                reading,
            }),
            Shape::Chart { data } => Output::Chart(data),
        };
        Some(Self {
            output,
            seconds: head.seconds,
        })
    }

    /// Bytes of memory that it takes, roughly.
    pub fn memory_bytes(&self) -> u64 {
        match &self.output {
            Output::Table(output) => table_bytes(&output.table),
            // Never more marks than pixels.
            Output::Chart(_) => 256 << 10,
        }
    }
}

fn table_bytes(table: &Table) -> u64 {
    let of_column = |values: &Values| match values {
        Values::Boolean(values) => size_of_val(values.as_slice()),
        Values::Integer(values) => size_of_val(values.as_slice()),
        Values::Float(values) => size_of_val(values.as_slice()),
        Values::Text(values) => {
            let letters: usize = values.iter().flatten().map(String::len).sum();
            size_of_val(values.as_slice()) + letters
        }
    };
    table
        .columns
        .iter()
        .map(|column| of_column(&column.values) as u64)
        .sum()
}
