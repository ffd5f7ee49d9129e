//! Tables for display as bytes, for caches: Arrow IPC, which is read at the speed of memory.

use crate::{
    error::{DataError, Result, guarded},
    table,
};
use aloft_spec::{
    Problem,
    table::{Column as TableColumn, Field, Table, Values},
};
use polars::prelude::*;
use std::io::Cursor;

/// The values of a table as an Arrow IPC file (LZ4). Names and types of the columns aren't among them: whoever keeps
/// the bytes keeps those too.
///
/// # Errors
/// `Unsupported`, where the columns aren't of the same length.
pub fn encode_table(table: &Table) -> std::result::Result<Vec<u8>, Problem> {
    Ok(encode(table)?)
}

/// The table that [`encode_table`] made bytes of, given its columns.
///
/// # Errors
/// `BadValue` or `Unsupported` for bytes that aren't those of such a table.
pub fn decode_table(bytes: &[u8], fields: Vec<Field>, rows: usize) -> std::result::Result<Table, Problem> {
    Ok(decode(bytes, fields, rows)?)
}

fn encode(table: &Table) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    guarded(|| {
        let columns = table.columns.iter().enumerate().map(|(index, column)| {
            let name = PlSmallStr::from(index.to_string());
            match &column.values {
                Values::Boolean(values) => Series::new(name, values.as_slice()),
                Values::Integer(values) => Series::new(name, values.as_slice()),
                Values::Float(values) => Series::new(name, values.as_slice()),
                Values::Text(values) => Series::new(name, values.as_slice()),
            }
            .into_column()
        });
        let mut frame = DataFrame::new(table.rows, columns.collect())?;
        IpcWriter::new(&mut bytes)
            .with_compression(Some(IpcCompression::LZ4))
            .finish(&mut frame)
    })?;
    Ok(bytes)
}

fn decode(bytes: &[u8], fields: Vec<Field>, rows: usize) -> Result<Table> {
    let frame = guarded(|| IpcReader::new(Cursor::new(bytes)).finish())?;
    if frame.width() != fields.len() || (frame.height() != rows && !fields.is_empty()) {
        return Err(DataError::BadValue {
            what: "these are the bytes of another table".into(),
            hint: "make them again".into(),
        });
    }
    let columns = frame.columns().iter().zip(fields).map(|(column, field)| {
        Ok(TableColumn {
            field,
            values: table::values(column.as_materialized_series())?,
        })
    });
    Ok(Table {
        columns: columns.collect::<Result<_>>()?,
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::table::ColumnKind;

    #[test]
    fn a_table_comes_back_as_it_was() {
        let column = |name: &str, values| TableColumn {
            field: Field {
                name: name.into(),
                dtype: "what it says".into(),
                kind: ColumnKind::Other,
            },
            values,
        };
        let table = Table {
            columns: vec![
                column("b", Values::Boolean(vec![Some(true), None])),
                column("i", Values::Integer(vec![Some(i64::MIN), None])),
                column("f", Values::Float(vec![Some(f64::INFINITY), None])),
                column("f", Values::Text(vec![Some("ö\n\0".into()), None])),
                column("nothing", Values::Text(vec![None, None])),
            ],
            rows: 2,
        };
        let fields = |table: &Table| table.columns.iter().map(|column| column.field.clone()).collect();
        let bytes = encode_table(&table).unwrap();
        assert_eq!(decode_table(&bytes, fields(&table), 2).unwrap(), table);
        assert!(decode_table(&bytes, fields(&table), 3).is_err());
        assert!(decode_table(&bytes[..bytes.len() / 2], fields(&table), 2).is_err());
        let empty = Table::default();
        let bytes = encode_table(&empty).unwrap();
        assert_eq!(decode_table(&bytes, vec![], 0).unwrap(), empty);
    }
}
