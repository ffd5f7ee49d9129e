//! Pictures in a column, made small enough to be shown in the rows of a table.

use crate::{Picture, Relation, error::guarded, files};
use aloft_spec::Problem;
use image::{ImageReader, Limits};
use polars::prelude::*;
use rayon::prelude::*;
use std::{io::Cursor, path::Path};

/// A picture of more pixels on a side isn't decoded for a thumbnail: it may be made to exhaust the memory.
const LARGEST_SIDE: u32 = 16_384;

impl Relation {
    /// The pictures in a column, at most `side` pixels wide and high, of at most `rows` rows from the row `first` on, which
    /// counts from 0. They are bytes, or files below `folder` that the column names. `None` where there is no PNG or JPEG.
    ///
    /// # Errors
    /// The rows can't be read, or the column has neither bytes nor, with a folder, texts.
    pub fn thumbnails(
        &self,
        column: &str,
        folder: Option<&Path>,
        first: u64,
        rows: usize,
        side: u32,
    ) -> Result<Vec<Option<Picture>>, Problem> {
        let frame = self.select(&[column.to_owned()])?.rows_from(first, rows)?;
        let bytes: Vec<Option<Vec<u8>>> = guarded(|| {
            let values = frame.column(column)?.as_materialized_series();
            Ok(match (values.dtype(), folder) {
                (DataType::String, Some(folder)) => {
                    let paths: Vec<Option<&str>> = values.str()?.iter().collect();
                    // A file that is gone has no picture, and those beside it have theirs.
                    let read = |path: Option<&str>| files::one(folder, path?).ok();
                    paths.into_par_iter().map(read).collect()
                }
                _ => {
                    let values = values.binary()?.iter();
                    values.map(|bytes| bytes.map(<[u8]>::to_vec)).collect()
                }
            })
        })?;
        let pictures = bytes.par_iter().map(|bytes| thumbnail(bytes.as_deref()?, side));
        Ok(pictures.collect())
    }
}

fn thumbnail(bytes: &[u8], side: u32) -> Option<Picture> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    reader.limits(limits);
    let whole = reader.decode().ok()?;
    let small = if whole.width().max(whole.height()) > side {
        whole.thumbnail(side, side)
    } else {
        whole
    };
    let rgba = small.into_rgba8();
    Some(Picture {
        width: rgba.width(),
        height: rgba.height(),
        rgba: rgba.into_raw(),
    })
}
