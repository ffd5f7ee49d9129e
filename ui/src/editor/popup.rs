//! The list of suggestions below the cursor, and the keys that choose from it.

use super::complete::{Known, Suggestions, suggest};
use crate::fonts;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::{Frame, cell_of};
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::CellView;
use aloft_spec::CellKind;
use aloft_spec::output::Output;
use egui::{
    Area, Context, CornerRadius, Id, Key, Modifiers, Order, Pos2, Rect, Role, ScrollArea, Sense, Stroke, Ui,
    WidgetInfo, vec2,
};

const WIDTH: f32 = 320.0;
const ROWS_IN_VIEW: f32 = 9.0;

/// An open list.
#[derive(Debug)]
pub struct Popup {
    /// The cell.
    pub block: BlockId,
    suggestions: Suggestions,
    chosen: usize,
    /// Whether the chosen one is to be brought into view.
    moved: bool,
}

/// What a key or a click asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// Put the chosen one in.
    Take,
    /// Close the list.
    Close,
}

impl Popup {
    /// A list for the cursor at a byte of a text, where there is something to suggest.
    pub fn open(block: BlockId, text: &str, cursor: usize, frame: &Frame<'_>, asked: bool) -> Option<Self> {
        let cell = frame.block(block).and_then(cell_of)?;
        let known = known(frame, block);
        Some(Self {
            block,
            suggestions: suggest(&cell.kind, text, cursor, &known, asked)?,
            chosen: 0,
            moved: true,
        })
    }

    /// Whether it is about the word that ends at a byte of the text.
    pub fn ends_at(&self, cursor: usize) -> bool {
        self.suggestions.range.end == cursor
    }

    /// Takes the keys that choose out of the input, before the text sees them.
    pub fn keys(&mut self, ui: &Ui) -> Option<Choice> {
        let count = self.suggestions.items.len();
        let page = ROWS_IN_VIEW as usize - 1;
        let before = self.chosen;
        let choice = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            if pressed(Key::ArrowDown) {
                self.chosen = (self.chosen + 1) % count;
            }
            if pressed(Key::ArrowUp) {
                self.chosen = (self.chosen + count - 1) % count;
            }
            if pressed(Key::PageDown) {
                self.chosen = (self.chosen + page).min(count - 1);
            }
            if pressed(Key::PageUp) {
                self.chosen = self.chosen.saturating_sub(page);
            }
            if pressed(Key::Escape) {
                return Some(Choice::Close);
            }
            let take = pressed(Key::Enter) | pressed(Key::Tab);
            take.then_some(Choice::Take)
        });
        self.moved |= self.chosen != before;
        choice
    }

    /// The text with the chosen one in it, and the byte where the cursor stands then.
    pub fn taken(&self, text: &str) -> Option<(String, usize)> {
        let item = self.suggestions.items.get(self.chosen)?;
        let range = self.suggestions.range.clone();
        let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
        Some((
            format!("{before}{}{after}", item.insert),
            range.start + item.insert.len(),
        ))
    }

    /// Shows the list below `cursor`; a click takes what it is on. `editor` is the text that keeps the keyboard.
    pub fn ui(&mut self, ctx: &Context, editor: Id, cursor: Rect) -> Option<Choice> {
        let t = Tokens::of_ctx(ctx);
        let count = self.suggestions.items.len();
        let height = size::ROW * (count as f32).min(ROWS_IN_VIEW);
        let room = ctx.content_rect();
        let below = cursor.bottom() + 4.0;
        let top = if below + height > room.bottom() {
            cursor.top() - 4.0 - height - 2.0 * space::XS
        } else {
            below
        };
        let mut choice = None;
        Area::new(Id::unique("suggestions"))
            .order(Order::Foreground)
            .fixed_pos(Pos2::new(cursor.left() - space::S, top))
            .constrain(true)
            .show(ctx, |ui| {
                egui::Frame::popup(ui.style())
                    .fill(t.raised)
                    .stroke(Stroke::new(1.0, t.line))
                    .corner_radius(CornerRadius::same(radius::CONTROL))
                    .inner_margin(space::XS)
                    .show(ui, |ui| {
                        ui.set_width(WIDTH);
                        ui.spacing_mut().item_spacing.y = 0.0;
                        ScrollArea::vertical()
                            .animated(false)
                            .max_height(height)
                            .show(ui, |ui| {
                                for index in 0..count {
                                    if self.row_ui(ui, index, editor) {
                                        choice = Some(Choice::Take);
                                    }
                                }
                            });
                    });
            });
        self.moved = false;
        choice
    }

    /// One suggestion; true when it was clicked.
    fn row_ui(&mut self, ui: &mut Ui, index: usize, editor: Id) -> bool {
        let t = Tokens::of(ui);
        let item = &self.suggestions.items[index];
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
        let chosen = index == self.chosen;
        response.widget_info(|| {
            let name = format!("{}, {}", item.text, item.detail);
            WidgetInfo::selected(Role::ListBoxOption, true, chosen, name)
        });
        if chosen {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(radius::CONTROL), t.selected);
            if self.moved {
                ui.scroll_to_rect(rect, None);
            }
            // The keyboard stays in the text; a screen reader follows the choice.
            let id = response.id.accesskit_id();
            ui.ctx()
                .accesskit_node_builder(editor, |node| node.set_active_descendant(id));
        } else if response.hovered() {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(radius::CONTROL), t.hovered);
        }
        let y = rect.center().y;
        let detail = line(
            ui,
            &item.detail,
            fonts::regular(font::SMALL),
            t.dim,
            rect.width() * 0.4,
        );
        let end = paint_right(ui.painter(), detail, rect.right() - space::S, y).left();
        let text = line(
            ui,
            &item.text,
            fonts::mono(font::CODE),
            t.text,
            end - rect.left() - 2.0 * space::S,
        );
        paint_left(ui.painter(), text, rect.left() + space::S, y);
        if response.clicked() {
            self.chosen = index;
        }
        response.clicked()
    }
}

/// What a cell of the notebook can name. A cell doesn't read itself, but a source's keys name its own columns.
fn known<'a>(frame: &Frame<'a>, own: BlockId) -> Known<'a> {
    let mut known = Known::default();
    if let Some(project) = frame.project() {
        known.files = project.files.iter().map(|file| file.path.as_str()).collect();
    }
    for block in frame.notebook().map_or(&[][..], |notebook| &notebook.blocks) {
        let Some(cell) = cell_of(block) else { continue };
        if block.id == own {
            known.own = columns(cell);
        } else if let Some(param) = &cell.param {
            known.params.push((&cell.name, param.value.to_string()));
        } else if matches!(cell.kind, CellKind::Source | CellKind::Query) {
            known.tables.push((&cell.name, columns(cell)));
        } else if cell.kind == CellKind::Train {
            known.trains.push(&cell.name);
        }
    }
    known
}

/// The columns that a cell shows: name and type.
fn columns(cell: &CellView) -> Vec<(&str, &str)> {
    let Some(Output::Table(output)) = &cell.output else {
        return Vec::new();
    };
    let columns = output.table.columns.iter();
    columns
        .map(|column| (column.field.name.as_str(), column.field.dtype.as_str()))
        .collect()
}
