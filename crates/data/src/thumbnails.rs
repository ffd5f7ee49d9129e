//! Pictures in columns of bytes, made small enough to be shown in the rows of a table.

use crate::{Picture, Relation, error::guarded};
use aloft_spec::Problem;
use image::{ImageReader, Limits};
use rayon::prelude::*;
use std::io::Cursor;

/// A picture of more pixels on a side isn't decoded for a thumbnail: it may be made to exhaust the memory.
const LARGEST_SIDE: u32 = 16_384;

impl Relation {
    /// The pictures in a column of bytes, at most `side` pixels wide and high, of at most `rows` rows from the row `first`
    /// on, which counts from 0. `None` where there are no bytes, or no PNG or JPEG in them.
    ///
    /// # Errors
    /// The rows can't be read, or the column isn't one of bytes.
    pub fn thumbnails(
        &self,
        column: &str,
        first: u64,
        rows: usize,
        side: u32,
    ) -> Result<Vec<Option<Picture>>, Problem> {
        let frame = self.select(&[column.to_owned()])?.rows_from(first, rows)?;
        let bytes: Vec<Option<Vec<u8>>> = guarded(|| {
            let values = frame.column(column)?.as_materialized_series().binary()?;
            Ok(values.iter().map(|bytes| bytes.map(<[u8]>::to_vec)).collect())
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
