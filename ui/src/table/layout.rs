//! Widths of columns, from what they hold; and which rows and columns are in view.

use super::{PADDING, frequent, header};
use crate::fonts;
use crate::tokens::{font, size};
use crate::view::cell_of;
use crate::widgets::line;
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::{BlockView, ProjectView};
use aloft_spec::output::TableOutput;
use aloft_spec::table::{Column, Table, Values};
use aloft_spec::window::Widths;
use egui::{Color32, Rangef, Ui};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

const NARROWEST: f32 = 96.0;
const WIDEST: f32 = 280.0;
/// A column that is made narrower than this couldn't be taken hold of again.
const LEAST: f32 = 32.0;
/// A column that is made as wide as its values still leaves room for others.
const FITTING: f32 = 900.0;
/// Rows that are looked at for the width.
const LOOKED_AT: usize = 200;
/// More decimals than these are not padded with zeros: they would claim a precision that isn't there.
const MOST_DECIMALS: usize = 3;

/// Widths of the tables that were shown.
#[derive(Default)]
pub struct Layouts {
    /// With the tables and the room that they are of.
    known: HashMap<BlockId, (Arc<Table>, f32, Arc<Layout>)>,
    /// Widths that the user has chosen, by the columns' names: a table that is made anew keeps them.
    chosen: HashMap<BlockId, Widths>,
}

impl Layouts {
    /// With the widths that the tables of the open notebook were given in another session.
    pub fn kept(project: &ProjectView) -> Self {
        let Some(notebook) = &project.notebook else {
            return Self::default();
        };
        let widths = project.window.widths.get(&notebook.path);
        let of_block = |block: &BlockView| {
            let kept = widths?.get(&cell_of(block)?.name)?;
            Some((block.id, kept.clone()))
        };
        Self {
            known: HashMap::new(),
            chosen: notebook.blocks.iter().filter_map(of_block).collect(),
        }
    }

    /// The widths that the user has chosen.
    pub fn chosen(&self, block: BlockId) -> Widths {
        self.chosen.get(&block).cloned().unwrap_or_default()
    }

    /// Makes a column so wide; the others stay as they are.
    pub fn choose(&mut self, block: BlockId, output: &TableOutput, column: &str, width: f32) {
        let Some((_, _, layout)) = self.known.remove(&block) else {
            return;
        };
        let chosen = self.chosen.entry(block).or_default();
        for (index, other) in output.table.columns.iter().enumerate() {
            let now = layout.range(index).span();
            chosen.entry(other.field.name.clone()).or_insert(now);
        }
        chosen.insert(column.to_owned(), width.max(LEAST));
    }
}

/// Where the columns of a table are.
#[derive(Debug, Default, PartialEq)]
pub struct Layout {
    /// Edges of the columns, one more than there are columns.
    edges: Vec<f32>,
    decimals: Vec<usize>,
}

impl Layout {
    /// Columns of these widths; where they leave room, they share it.
    fn new(widths: &[f32], decimals: Vec<usize>, room: f32) -> Self {
        let total: f32 = widths.iter().sum();
        let stretch = if total > 0.0 && total < room {
            room / total
        } else {
            1.0
        };
        let mut edges = vec![0.0];
        let mut edge = 0.0;
        for width in widths {
            edge += width * stretch;
            edges.push(edge.round());
        }
        Self { edges, decimals }
    }

    /// Width of all columns.
    pub fn total(&self) -> f32 {
        self.edges.last().copied().unwrap_or_default()
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// From where to where a column reaches.
    pub fn range(&self, column: usize) -> Rangef {
        match self.edges.get(column..column + 2) {
            Some(&[min, max]) => Rangef::new(min, max),
            _ => Rangef::NOTHING,
        }
    }

    /// Decimals that all numbers of a column get.
    pub fn decimals(&self, column: usize) -> usize {
        self.decimals.get(column).copied().unwrap_or_default()
    }

    /// The columns that a stretch touches.
    pub fn visible(&self, stretch: Rangef) -> Range<usize> {
        let first = self
            .edges
            .partition_point(|edge| *edge <= stretch.min)
            .saturating_sub(1);
        let end = self.edges.partition_point(|edge| *edge < stretch.max);
        first.min(self.columns())..end.min(self.columns())
    }
}

/// The rows that a stretch touches, out of so many.
pub fn visible(stretch: Rangef, rows: usize) -> Range<usize> {
    let first = (stretch.min / size::TABLE_ROW).floor().max(0.0) as usize;
    let end = (stretch.max / size::TABLE_ROW).ceil().max(0.0) as usize;
    first.min(rows)..end.min(rows)
}

/// The layout of a table, worked out again only when the table or the room is another one.
pub fn of(
    ui: &Ui,
    layouts: &mut Layouts,
    block: BlockId,
    output: &TableOutput,
    pictures: &[String],
    room: f32,
) -> Arc<Layout> {
    if let Some((table, width, layout)) = layouts.known.get(&block)
        && Arc::ptr_eq(table, &output.table)
        && *width == room
    {
        return layout.clone();
    }
    let columns = output.table.columns.iter();
    let decimals = columns.clone().map(decimals).collect();
    let own = |index| {
        natural(ui, output, pictures, index)
            .clamp(NARROWEST, WIDEST)
            .ceil()
    };
    let layout = Arc::new(match layouts.chosen.get(&block) {
        None => {
            let widths: Vec<f32> = (0..columns.len()).map(own).collect();
            Layout::new(&widths, decimals, room)
        }
        Some(chosen) => {
            let width = |(index, column): (usize, &Column)| {
                let width = chosen.get(&column.field.name).copied();
                width
                    .filter(|width| width.is_finite())
                    .map_or_else(|| own(index), |width| width.max(LEAST))
            };
            let widths: Vec<f32> = columns.enumerate().map(width).collect();
            Layout::new(&widths, decimals, 0.0)
        }
    });
    layouts
        .known
        .insert(block, (output.table.clone(), room, layout.clone()));
    layout
}

/// The width of a column with room for its values.
pub fn fitting(ui: &Ui, output: &TableOutput, pictures: &[String], column: &str) -> f32 {
    let columns = &output.table.columns;
    let index = columns.iter().position(|found| found.field.name == column);
    index.map_or(NARROWEST, |index| {
        natural(ui, output, pictures, index).min(FITTING).ceil()
    })
}

/// Room for the name, what the header says of the values, and the longest one of a column.
fn natural(ui: &Ui, output: &TableOutput, pictures: &[String], index: usize) -> f32 {
    let Some(column) = output.table.columns.get(index) else {
        return NARROWEST;
    };
    let measure = |text: &str, face| line(ui, text, face, Color32::PLACEHOLDER, f32::INFINITY).size().x;
    let top = header::profile_of(output, index).map_or(0.0, |profile| {
        let rows = output.profile.extent.rows;
        let summary = measure(&header::summary(profile, rows), header::summary_font());
        frequent::width(ui, profile, rows).max(summary)
    });
    let picture = match pictures.contains(&column.field.name) {
        true => size::TABLE_ROW + PADDING,
        false => 0.0,
    };
    let name = measure(&column.field.name, fonts::mono(font::CODE));
    let dtype = measure(&column.field.dtype, fonts::mono(font::SMALL));
    let head = name + PADDING + dtype;
    let values = (0..LOOKED_AT).filter_map(|row| column.values.format(row));
    let longest = values.max_by_key(|text| text.chars().count()).unwrap_or_default();
    let value = measure(super::one_line(&longest), fonts::regular(font::BODY - 0.5));
    head.max(picture + value).max(top) + 2.0 * PADDING + 2.0
}

fn decimals(column: &Column) -> usize {
    if !matches!(column.values, Values::Float(_)) {
        return 0;
    }
    let most = (0..LOOKED_AT)
        .filter_map(|row| column.values.format(row))
        .filter_map(|text| Some(text.split_once('.')?.1.len()))
        .max()
        .unwrap_or_default();
    if most <= MOST_DECIMALS { most } else { 0 }
}

/// A number with zeros up to so many decimals; what isn't a plain number stays as it is.
pub fn with_decimals(mut text: String, decimals: usize) -> String {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if decimals == 0 || !plain || text.is_empty() {
        return text;
    }
    let present = text.split_once('.').map(|(_, after)| after.len());
    if present.is_none() {
        text.push('.');
    }
    for _ in present.unwrap_or_default()..decimals {
        text.push('0');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_view_are_named() {
        let stretch = Rangef::new(size::TABLE_ROW * 1000.0, size::TABLE_ROW * 1010.5);
        assert_eq!(visible(stretch, 50_000), 1000..1011);
        assert_eq!(visible(stretch, 1005), 1000..1005);
        assert_eq!(visible(stretch, 3), 3..3);
        assert_eq!(visible(Rangef::new(-30.0, 1.0), 3), 0..1);
    }

    #[test]
    fn only_columns_in_view_are_named() {
        let layout = Layout::new(&[100.0, 50.0, 100.0], vec![], 0.0);
        assert_eq!(layout.visible(Rangef::new(0.0, 100.0)), 0..1);
        assert_eq!(layout.visible(Rangef::new(99.0, 101.0)), 0..2);
        assert_eq!(layout.visible(Rangef::new(150.0, 900.0)), 2..3);
        assert_eq!(Layout::default().visible(Rangef::new(0.0, 10.0)), 0..0);
    }

    #[test]
    fn columns_share_the_room_they_leave() {
        let layout = Layout::new(&[100.0, 300.0], vec![], 800.0);
        assert_eq!((layout.range(0).max, layout.total()), (200.0, 800.0));
    }

    #[test]
    fn numbers_of_a_column_line_up() {
        let pad = |text: &str| with_decimals(text.to_owned(), 2);
        assert_eq!(pad("14"), "14.00");
        assert_eq!(pad("-0.5"), "-0.50");
        assert_eq!(pad("1.2e-7"), "1.2e-7");
        assert_eq!(pad("∞"), "∞");
        assert_eq!(pad("null"), "null");
    }
}
