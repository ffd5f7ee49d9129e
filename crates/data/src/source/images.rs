//! Folders of pictures, one folder a class.

use super::{Opened, folder::Folder};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
};
use aloft_spec::{reading::Reading, source::Format, text::thousands};
use image::ImageReader;
use polars::prelude::*;
use std::io::Cursor;

/// Opens a folder of PNG and JPEG files as a table, a row a picture, by path: `path` below the folder, `class` (the
/// name of the first folder; none for pictures outside of one), `width` and `height` in pixels (none where the picture
/// is damaged), `bytes`.
pub(crate) fn open(folder: &Folder<'_>, cancel: &Cancel) -> Result<Opened> {
    let pictures = folder.pictures()?;
    if pictures.is_empty() {
        return Err(DataError::Empty {
            file: folder.shown(),
            what: "the folder has no PNG or JPEG files",
        });
    }
    let paths: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    let sizes: Vec<i64> = pictures.iter().map(|picture| picture.bytes as i64).collect();
    let (dimensions, bytes_read) = dimensions_of(folder, &paths, cancel)?;
    let classes: Vec<Option<&str>> = paths
        .iter()
        .map(|path| path.split_once('/').map(|(class, _)| class))
        .collect();
    let side = |of: fn(Sides) -> u32| -> Vec<Option<i64>> {
        dimensions
            .iter()
            .map(|sides| sides.map(of).map(i64::from))
            .collect()
    };
    let mut reading = Reading::new(
        Format::Images,
        pictures.len() as u64,
        sizes.iter().sum::<i64>() as u64,
    );
    reading.bytes_read = Some(bytes_read);
    reading.pictures = vec!["path".into()];
    let damaged: Vec<&str> = paths
        .iter()
        .zip(&dimensions)
        .filter(|(_, sides)| sides.is_none())
        .map(|(path, _)| *path)
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

/// Width and height in pixels.
type Sides = (u32, u32);

/// Width and height of pictures, in most of which they stand near the beginning; and how many bytes were read to know them.
fn dimensions_of(folder: &Folder<'_>, paths: &[&str], cancel: &Cancel) -> Result<(Vec<Option<Sides>>, u64)> {
    /// So many pictures at once, and bytes of each.
    const AT_ONCE: usize = 256;
    const HEAD: u64 = 64 << 10;
    let (mut all, mut read) = (Vec::with_capacity(paths.len()), 0);
    for some in paths.chunks(AT_ONCE) {
        for (path, head) in some.iter().zip(folder.heads(some, HEAD, cancel)?) {
            let near = dimensions(&head);
            let is_cut = near.is_none() && head.len() as u64 == HEAD;
            let whole = is_cut.then(|| folder.read(path, cancel)).transpose()?;
            read += whole.as_ref().unwrap_or(&head).len() as u64;
            all.push(whole.map_or(near, |whole| dimensions(&whole)));
        }
    }
    Ok((all, read))
}

/// Width and height, by the first bytes of a picture.
fn dimensions(bytes: &[u8]) -> Option<Sides> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}
