//! Pictures of digits, as the example has them.

use aloft_data::{Cancel, Relation, source};
use aloft_spec::{source::SourceSpec, table::Scope};
use anyhow::{Context, Result};
use polars::prelude::DataType;
use std::path::Path;

/// The pixels of the first `count` digits from 0 for black to 1, [count, 784], and which digits they are.
///
/// # Errors
/// When the example's file can't be read.
pub fn digits(count: usize) -> Result<(Vec<f32>, Vec<u32>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/data/digits.parquet");
    let spec = SourceSpec::new(file.to_string_lossy());
    let cancel = Cancel::new();
    let frame = source(&spec, &file, Scope::All, &cancel)
        .and_then(|table: Relation| table.collect())?
        .head(Some(count));
    let mut pixels = Vec::new();
    for picture in frame.column("image")?.binary()?.iter() {
        let picture = image::load_from_memory(picture.context("a digit has no picture")?)?.into_luma8();
        pixels.extend(picture.as_raw().iter().map(|value| f32::from(*value) / 255.0));
    }
    let labels = frame.column("label")?.cast(&DataType::UInt32)?;
    Ok((pixels, labels.u32()?.into_no_null_iter().collect()))
}
