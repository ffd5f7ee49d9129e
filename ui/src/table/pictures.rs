//! Pictures in the rows of a table: asked for where they are in view, and painted small beside the words for their bytes.

use crate::view::Frame;
use aloft_protocol::snapshot::{THUMBNAILS, Thumbnail, Thumbnails};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::table::{Column, Table};
use egui::{
    Color32, ColorImage, Context, Painter, Rect, TextureFilter, TextureHandle, TextureOptions, Vec2, pos2,
    vec2,
};
use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Weak};

/// Stretches of rows whose textures are kept, of all tables.
const KEPT: usize = 16;

/// Pictures that were asked for, and those that are there.
#[derive(Default)]
pub struct Pictures {
    /// By the block that shows the table.
    asked: HashMap<BlockId, Asked>,
    drawn: Vec<Drawn>,
}

/// What was in view when pictures were last asked for.
struct Asked {
    of: Weak<Table>,
    columns: Range<usize>,
    stretches: RangeInclusive<u64>,
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

/// Asks for the pictures of the rows that have come into view. Who goes back to rows whose pictures aren't kept any more asks
/// anew; without going anywhere nothing is asked for twice.
pub fn ask(
    frame: &mut Frame<'_>,
    block: BlockId,
    table: &Arc<Table>,
    columns: Range<usize>,
    rows: Range<usize>,
    before: u64,
    there: &[Arc<Thumbnails>],
) {
    let in_view = table.columns.get(columns.clone()).unwrap_or_default();
    if rows.is_empty() || !in_view.iter().any(may_have) {
        return;
    }
    let stretch = THUMBNAILS as u64;
    let (first, last) = (before + rows.start as u64, before + rows.end as u64 - 1);
    let now = Asked {
        of: Arc::downgrade(table),
        columns,
        stretches: first / stretch..=last / stretch,
    };
    let asked = &mut frame.view.pictures.asked;
    let earlier = asked.get(&block).filter(|earlier| earlier.of.ptr_eq(&now.of));
    let was_asked = |index: usize, number: u64| {
        earlier.is_some_and(|earlier| earlier.columns.contains(&index) && earlier.stretches.contains(&number))
    };
    let mut wanted = Vec::new();
    for (index, column) in now.columns.clone().zip(in_view) {
        let name = &column.field.name;
        for number in now.stretches.clone() {
            let first = number * stretch;
            let is_there = || there.iter().any(|of| of.column == *name && of.first == first);
            if may_have(column) && !was_asked(index, number) && !is_there() {
                wanted.push((name.clone(), first));
            }
        }
    }
    asked.insert(block, now);
    for (column, first) in wanted {
        frame.send(Operation::ShowThumbnails { block, column, first });
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
