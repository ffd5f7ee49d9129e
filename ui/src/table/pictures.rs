//! Pictures in the rows of a table: asked for where they are in view, and painted small beside the words for their bytes.

use crate::view::Frame;
use aloft_protocol::snapshot::{THUMBNAILS, Thumbnail, Thumbnails};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::table::{Column, Table};
use egui::{
    Color32, ColorImage, Context, Painter, Rect, TextureFilter, TextureHandle, TextureOptions, Vec2, pos2,
    vec2,
};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Stretches of rows whose textures are kept, of all tables.
const KEPT: usize = 16;
/// Stretches that are remembered as asked for.
const REMEMBERED: usize = 4096;

/// Pictures that were asked for, and those that are there.
#[derive(Default)]
pub struct Pictures {
    /// By the table as it lies in memory: another output asks anew.
    asked: HashSet<(usize, String, u64)>,
    drawn: Vec<Drawn>,
}

/// The pictures of some rows as textures.
#[derive(Clone)]
struct Drawn {
    of: Arc<Thumbnails>,
    textures: Arc<[Option<TextureHandle>]>,
}

/// Whether a column may have pictures.
pub fn may_have(column: &Column) -> bool {
    column.field.dtype == "binary"
}

/// Asks once for the pictures of the rows in view.
pub fn ask(
    frame: &mut Frame<'_>,
    block: BlockId,
    table: &Table,
    columns: Range<usize>,
    rows: Range<usize>,
    before: u64,
) {
    let stretch = THUMBNAILS as u64;
    for column in table.columns.get(columns).unwrap_or_default() {
        if !may_have(column) || rows.is_empty() {
            continue;
        }
        let (first, last) = (before + rows.start as u64, before + rows.end as u64 - 1);
        for number in first / stretch..=last / stretch {
            let asked = &mut frame.view.pictures.asked;
            if asked.len() > REMEMBERED {
                asked.clear();
            }
            let name = column.field.name.clone();
            if asked.insert((std::ptr::from_ref(table) as usize, name.clone(), number)) {
                frame.send(Operation::ShowThumbnails {
                    block,
                    column: name,
                    first: number * stretch,
                });
            }
        }
    }
}

impl Pictures {
    /// Those of some rows that are there, ready to be painted.
    pub fn of(&mut self, ctx: &Context, thumbnails: &[Arc<Thumbnails>]) -> Shown {
        let shown = thumbnails.iter().map(|of| {
            if let Some(known) = self.drawn.iter().find(|known| Arc::ptr_eq(&known.of, of)) {
                return known.clone();
            }
            let textures = of
                .pictures
                .iter()
                .map(|picture| Some(texture(ctx, picture.as_ref()?)));
            let drawn = Drawn {
                of: of.clone(),
                textures: textures.collect(),
            };
            self.drawn.push(drawn.clone());
            drawn
        });
        let shown = Shown(shown.collect());
        let more = self.drawn.len().saturating_sub(KEPT);
        self.drawn.drain(..more);
        shown
    }
}

fn texture(ctx: &Context, picture: &Thumbnail) -> TextureHandle {
    let image = ColorImage::from_rgba_unmultiplied(picture.size, &picture.rgba);
    let options = TextureOptions {
        // Pixels of small pictures stay pixels.
        magnification: TextureFilter::Nearest,
        ..TextureOptions::LINEAR
    };
    ctx.load_texture("thumbnail", image, options)
}

/// The pictures of a table that can be painted.
pub struct Shown(Vec<Drawn>);

impl Shown {
    /// The picture of a row, which counts in the whole result.
    pub fn at(&self, column: &str, row: u64) -> Option<&TextureHandle> {
        let of = self.0.iter().find(|drawn| {
            let rows = drawn.of.first..drawn.of.first + drawn.textures.len() as u64;
            drawn.of.column == column && rows.contains(&row)
        })?;
        of.textures.get((row - of.of.first) as usize)?.as_ref()
    }
}

/// Paints a picture so high, its left edge at `x` and centred at `y`; where it ends.
pub fn paint(painter: &Painter, texture: &TextureHandle, x: f32, y: f32, height: f32) -> f32 {
    let size = fitted(texture.size_vec2(), vec2(4.0 * height, height));
    let place = Rect::from_min_size(pos2(x, y - size.y / 2.0), size);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(texture.id(), place, whole, Color32::WHITE);
    place.right()
}

/// The largest size of the same shape within a room.
pub fn fitted(size: Vec2, room: Vec2) -> Vec2 {
    let scale = (room.x / size.x.max(1.0)).min(room.y / size.y.max(1.0));
    size * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape() {
        assert_eq!(fitted(vec2(28.0, 28.0), vec2(80.0, 20.0)), vec2(20.0, 20.0));
        assert_eq!(fitted(vec2(400.0, 50.0), vec2(80.0, 20.0)), vec2(80.0, 10.0));
    }
}
