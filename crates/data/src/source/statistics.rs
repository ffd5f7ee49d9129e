//! What the footer of a Parquet file says of the values of its columns, so that they need not be read for that.

use crate::error::{Result, guarded};
use polars::{
    io::parquet::{
        metadata::{ParquetStatistics, deserialize},
        read::infer_schema,
    },
    prelude::*,
};
use std::{fs::File, iter, path::Path};

/// The smallest and the largest values of the row groups of a file in a column of numbers, dates or times, as its writer
/// has noted them. `None` where that isn't noted of every row group that has values.
pub(crate) fn ends(file: &Path, column: &str, dtype: &DataType) -> Result<Option<Series>> {
    if !dtype.is_primitive_numeric() && !dtype.is_temporal() {
        return Ok(None);
    }
    guarded(|| {
        let mut reader = ParquetReader::new(File::open(file)?);
        let metadata = reader.get_metadata()?;
        let schema = infer_schema(metadata)?;
        let Some(field) = schema.get(column) else {
            return Ok(None);
        };
        let mut ends = Series::new_empty(PlSmallStr::EMPTY, dtype);
        for group in &metadata.row_groups {
            let mut columns = group.parquet_columns().iter();
            let Some(chunk) = columns.find(|chunk| chunk.descriptor().path_in_schema[..] == [column]) else {
                return Ok(None);
            };
            let Some(ParquetStatistics::Column(noted)) =
                deserialize(field, &mut iter::once(chunk), &metadata.footer_buf)?
            else {
                return Ok(None);
            };
            let noted = noted.into_arrow()?;
            let (Some(low), Some(high)) = (noted.min_value, noted.max_value) else {
                if noted.null_count == Some(group.num_rows() as u64) {
                    continue;
                }
                return Ok(None);
            };
            for value in [low, high] {
                let value = Series::from_arrow(PlSmallStr::EMPTY, value)?;
                if value.dtype() != dtype || value.null_count() > 0 {
                    return Ok(None);
                }
                ends.append(&value)?;
            }
        }
        Ok((!ends.is_empty()).then_some(ends))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_noted_of_each_row_group() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.parquet");
        let days = Series::new("day".into(), [Some(3), None, None, None, Some(1), Some(7)]);
        let mut frame = df!(
            "whole" => [5_i64, -2, 9, 0, 1, 3],
            "real" => [0.5, 1.0, -1.5, 2.0, 8.0, f64::INFINITY],
            // What is noted beside it is left to who writes; polars notes nothing.
            "nan" => [0.5, f64::NAN, -1.5, 2.0, 8.0, 9.0],
            "text" => ["a", "b", "c", "d", "e", "f"],
        )
        .unwrap();
        frame
            .with_column(days.cast(&DataType::Date).unwrap().into())
            .unwrap();
        let write = |frame: &mut DataFrame, statistics| {
            let writer = ParquetWriter::new(File::create(&file).unwrap());
            let writer = writer.with_row_group_size(Some(2)).with_statistics(statistics);
            writer.finish(frame).unwrap();
        };
        write(&mut frame, StatisticsOptions::default());
        let of = |column: &str| {
            let ends = ends(&file, column, frame.column(column).unwrap().dtype()).unwrap()?;
            let ends = ends.to_physical_repr().cast(&DataType::Float64).unwrap();
            Some((ends.min::<f64>().unwrap(), ends.max::<f64>().unwrap()))
        };
        assert_eq!(of("whole"), Some((Some(-2.0), Some(9.0))));
        assert_eq!(of("real"), Some((Some(-1.5), Some(f64::INFINITY))));
        assert_eq!(of("nan"), None);
        // Its second row group has no values.
        assert_eq!(of("day"), Some((Some(1.0), Some(7.0))));
        assert_eq!(of("text"), None);
        assert!(ends(&file, "whole", &DataType::Int32).unwrap().is_none());
        write(&mut frame.clone(), StatisticsOptions::empty());
        assert_eq!(of("whole"), None);
    }
}
