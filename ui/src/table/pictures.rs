//! Pictures in the rows of a table: asked for where they are in view, and painted small beside what the column says.

use super::body::Body;
use crate::view::Frame;
use aloft_protocol::snapshot::{THUMBNAILS, Thumbnail, Thumbnails};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::table::Table;
use egui::{
    Color32, ColorImage, Context, Painter, Rect, TextureFilter, TextureHandle, TextureOptions, Vec2, pos2,
    vec2,
};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Weak};

/// Stretches of rows whose textures are kept of all tables, where fewer are in view; the latest seen stay.
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
    columns: Vec<String>,
    stretches: RangeInclusive<u64>,
}

/// The pictures of some rows, as textures where the rows have been in view.
struct Drawn {
    of: Arc<Thumbnails>,
    textures: Vec<Option<TextureHandle>>,
    /// The frame that last painted one of them.
    seen: u64,
}

/// The pictures of a table in the columns and rows that are in view; those that aren't there are asked for.
pub fn shown(
    ctx: &Context,
    frame: &mut Frame<'_>,
    body: &Body<'_>,
    columns: Range<usize>,
    rows: Range<usize>,
) -> Shown {
    let columns = body.table.columns.get(columns).unwrap_or_default().iter();
    let names = columns.map(|column| &column.field.name);
    let columns: Vec<String> = names
        .filter(|name| body.pictures.contains(name))
        .cloned()
        .collect();
    if columns.is_empty() || rows.is_empty() {
        return Shown::default();
    }
    let rows = body.first + rows.start as u64..body.first + rows.end as u64;
    ask(frame, body, &columns, rows.clone());
    let in_view = body.thumbnails.iter().filter(|of| {
        columns.contains(&of.column)
            && of.first < rows.end
            && rows.start < of.first + of.pictures.len() as u64
    });
    frame.view.pictures.textures(ctx, in_view, rows.clone())
}

/// Asks for the pictures that have come into view. Who goes back to rows whose pictures aren't kept any more asks anew;
/// without going anywhere nothing is asked for twice.
fn ask(frame: &mut Frame<'_>, body: &Body<'_>, columns: &[String], rows: Range<u64>) {
    let (first, last) = (rows.start, rows.end - 1);
    let now = Asked {
        of: Arc::downgrade(body.table),
        columns: columns.to_vec(),
        stretches: first / THUMBNAILS..=last / THUMBNAILS,
    };
    let asked = &mut frame.view.pictures.asked;
    let was_asked = asked.get(&body.block).is_some_and(|earlier| {
        earlier.of.ptr_eq(&now.of) && earlier.columns == now.columns && earlier.stretches == now.stretches
    });
    let is_there = |column: &String, number: u64| {
        let mut there = body.thumbnails.iter();
        there.any(|of| of.column == *column && of.first == number * THUMBNAILS)
    };
    let is_whole = || {
        now.stretches
            .clone()
            .all(|number| columns.iter().all(|column| is_there(column, number)))
    };
    let is_wanted = !was_asked && !is_whole();
    asked.insert(body.block, now);
    if is_wanted {
        frame.send(Operation::ShowThumbnails {
            block: body.block,
            columns: columns.to_vec(),
            first,
            last,
        });
    }
}

impl Pictures {
    /// Textures of these rows. However many are in view in all tables together, none of them is dropped for another.
    fn textures<'a>(
        &mut self,
        ctx: &Context,
        in_view: impl Iterator<Item = &'a Arc<Thumbnails>>,
        rows: Range<u64>,
    ) -> Shown {
        let now = ctx.cumulative_frame_nr();
        let mut shown = Shown::default();
        for of in in_view {
            let known = self.drawn.iter().position(|known| Arc::ptr_eq(&known.of, of));
            let index = known.unwrap_or_else(|| {
                self.drawn.push(Drawn {
                    of: of.clone(),
                    textures: vec![None; of.pictures.len()],
                    seen: now,
                });
                self.drawn.len() - 1
            });
            let Some(drawn) = self.drawn.get_mut(index) else {
                continue;
            };
            drawn.seen = now;
            for ((row, picture), texture) in (of.first..).zip(&of.pictures).zip(&mut drawn.textures) {
                let Some(picture) = picture.as_ref().filter(|_| rows.contains(&row)) else {
                    continue;
                };
                let texture = texture.get_or_insert_with(|| self::texture(ctx, picture));
                shown.0.push((of.column.clone(), row, texture.clone()));
            }
        }
        self.drawn.sort_by_key(|drawn| Reverse(drawn.seen));
        // In this frame other tables may still be to come.
        let in_view = self.drawn.partition_point(|drawn| drawn.seen + 1 >= now);
        self.drawn.truncate(in_view.max(KEPT));
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

/// The pictures of a table that are in view, by column and row of the whole result.
#[derive(Default)]
pub struct Shown(Vec<(String, u64, TextureHandle)>);

impl Shown {
    /// The picture of a row.
    pub fn at(&self, column: &str, row: u64) -> Option<&TextureHandle> {
        let found = self.0.iter().find(|(of, at, _)| *at == row && of == column);
        found.map(|(_, _, texture)| texture)
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
