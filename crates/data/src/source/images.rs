//! Folders of pictures, one folder a class.

use super::{Opened, columnar, location};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
};
use aloft_spec::{reading::Reading, source::Format, text::thousands};
use image::ImageReader;
use polars::prelude::*;
use rayon::prelude::*;
use std::path::Path;

/// Opens a folder of PNG and JPEG files as a table, a row a picture, by path: `path` below the folder, `class` (the
/// name of the first folder; none for pictures outside of one), `width` and `height` in pixels (none where the picture
/// is damaged), `bytes`.
pub(crate) fn open(folder: &Path, cancel: &Cancel) -> Result<Opened> {
    let mut files = location::walk(folder, location::is_picture)?;
    if files.is_empty() {
        return Err(DataError::Empty {
            file: folder.to_owned(),
            what: "the folder has no PNG or JPEG files",
        });
    }
    files.sort();
    let pictures = files
        .par_iter()
        .map(|file| {
            cancel.step()?;
            Ok((columnar::size(file)? as i64, dimensions(file)))
        })
        .collect::<Result<Vec<_>>>()?;
    let below = |file: &Path| file.strip_prefix(folder).unwrap_or(file).to_path_buf();
    let paths: Vec<String> = files
        .iter()
        .map(|file| below(file).to_string_lossy().replace('\\', "/"))
        .collect();
    let classes: Vec<Option<&str>> = paths
        .iter()
        .map(|path| path.split_once('/').map(|(class, _)| class))
        .collect();
    let (sizes, dimensions): (Vec<i64>, Vec<Option<(u32, u32)>>) = pictures.into_iter().unzip();
    let side = |of: fn((u32, u32)) -> u32| -> Vec<Option<i64>> {
        dimensions
            .iter()
            .map(|sides| sides.map(of).map(i64::from))
            .collect()
    };
    let mut reading = Reading::new(
        Format::Images,
        files.len() as u64,
        sizes.iter().sum::<i64>() as u64,
    );
    let damaged: Vec<&str> = paths
        .iter()
        .zip(&dimensions)
        .filter(|(_, sides)| sides.is_none())
        .map(|(path, _)| path.as_str())
        .collect();
    if let Some(first) = damaged.first() {
        let pictures = if damaged.len() == 1 {
            "picture is"
        } else {
            "pictures are"
        };
        let count = thousands(damaged.len() as u64);
        reading
            .warnings
            .push(format!("{count} {pictures} damaged, the first is `{first}`"));
    }
    let frame = guarded(|| {
        df!(
            "path" => &paths,
            "class" => &classes,
            "width" => side(|(width, _)| width),
            "height" => side(|(_, height)| height),
            "bytes" => &sizes,
        )
    })?;
    Ok(Opened {
        rows: frame.height() as u64,
        plan: frame.lazy(),
        reading,
        layout: None,
        row_groups: None,
    })
}

/// Width and height in pixels, by the first bytes of a picture.
fn dimensions(file: &Path) -> Option<(u32, u32)> {
    let reader = ImageReader::open(file).ok()?.with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}
