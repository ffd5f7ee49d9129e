//! Pictures to predict: as bytes in a table, or as files that a table or a folder names.

use crate::error::{Result, TrainError};
use aloft_data::read_files;
use polars::prelude::*;
use std::path::Path;

/// The name of the paths in a table that is a folder of pictures.
const PATH: &str = "path";

/// The table with its pictures as bytes. They are taken out of `frame`, which is written with the predictions.
pub(super) fn read(frame: &mut DataFrame, column: &str, input: &Path) -> Result<DataFrame> {
    let name = match frame.column(column) {
        Ok(_) => column,
        Err(_) if input.is_dir() => PATH,
        Err(_) => {
            return Err(TrainError::MissingColumns {
                names: vec![column.to_owned()],
            });
        }
    };
    let pictures = frame.column(name)?.clone();
    let root = match input.is_dir() {
        true => input,
        false => input.parent().unwrap_or(Path::new("")),
    };
    let bytes = match pictures.dtype() {
        DataType::String => read_files(&pictures, root)?,
        _ => {
            *frame = frame.drop(name)?;
            pictures
        }
    };
    Ok(DataFrame::new(bytes.len(), vec![bytes.with_name(column.into())])?)
}
