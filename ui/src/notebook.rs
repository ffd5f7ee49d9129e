//! The notebook: one column of prose and cells.

use crate::cell::{self, add, cell_ui, finding_ui};
use crate::command::{Command, add_block};
use crate::focus;
use crate::fonts;
use crate::prose;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::{Frame, block_id, cell_of, is_shown};
use crate::widgets::{Button, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::{BlockContent, BlockView, NotebookView};
use aloft_spec::CellKind;
use egui::{Align, EventFilter, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

/// How far beyond the window blocks are painted in full, so that scrolling finds them there.
const MARGIN: f32 = 300.0;

/// Shows the notebook in the middle of the window.
pub fn notebook_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some(notebook) = frame.notebook() else {
        return without_notebook_ui(ui, frame);
    };
    ScrollArea::vertical()
        .id_salt(("notebook", &notebook.path))
        .auto_shrink([false, false])
        // An animated page still stands where it was in the pass after the one that asked it to move, and who asks again
        // then moves it twice.
        .animated(false)
        .show(ui, |ui| {
            page_keys(ui, frame);
            let most = if frame.view.panels.wide {
                f32::INFINITY
            } else {
                size::COLUMN
            };
            column(ui, most, |ui| {
                ui.add_space(space::XL);
                for diagnostic in &notebook.diagnostics {
                    let corner = egui::CornerRadius::same(radius::CONTROL);
                    finding_ui(ui, diagnostic.severity, &diagnostic.problem, corner);
                    ui.add_space(space::S);
                }
                blocks_ui(ui, frame, notebook);
                ui.add_space(space::XL * 3.0);
            });
        });
}

/// Page up and page down, while no text and no button has the keyboard.
fn page_keys(ui: &Ui, frame: &Frame<'_>) {
    if !focus::is_in_notebook(ui.ctx(), frame) {
        return;
    }
    let page = ui.clip_rect().height() * 0.9;
    let pages = ui.input(|input| {
        let pressed = |key| f32::from(u8::from(input.key_pressed(key)));
        pressed(egui::Key::PageUp) - pressed(egui::Key::PageDown)
    });
    if pages != 0.0 {
        ui.scroll_with_delta(vec2(0.0, pages * page));
    }
}

/// The column in the middle, at most so wide.
fn column(ui: &mut Ui, most: f32, add_contents: impl FnOnce(&mut Ui)) {
    let room = ui.available_width();
    let width = (room - 2.0 * space::XL).clamp(280.0, most);
    let left = ((room - width) / 2.0).max(0.0).floor();
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        ui.add_space(left);
        ui.vertical(|ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing = vec2(space::S, 0.0);
            add_contents(ui);
        });
    });
}

fn blocks_ui(ui: &mut Ui, frame: &mut Frame<'_>, notebook: &NotebookView) {
    let mut cells = 0;
    for block in &notebook.blocks {
        if !is_shown(block) && frame.view.writing != Some(block.id) {
            continue;
        }
        cells += usize::from(cell_of(block).is_some());
        block_ui(ui, frame, block);
        add::gap_ui(ui, frame, block.id);
    }
    if cells == 0 {
        empty_ui(ui, frame);
    }
    add::end_ui(ui, frame);
}

fn block_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView) {
    let id = block_id(block.id);
    let height = frame.view.heights.get(&block.id).copied();
    let expected = height.unwrap_or_else(|| cell_of(block).map_or(60.0, cell::expected_height));
    let place = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), expected));
    // The block as a whole lies below what is in it, so it is there first, where it was in the last frame.
    let card = ui.interact(place, id, Sense::click());
    card.widget_info(|| {
        WidgetInfo::selected(
            Role::Group,
            true,
            frame.view.selected == Some(block.id),
            spoken(block),
        )
    });
    if card.has_focus() {
        keep_arrows(ui, id);
    }
    if card.gained_focus() && frame.view.selected != Some(block.id) {
        frame.go_to(block.id);
    }
    if card.clicked() {
        match &block.content {
            BlockContent::Prose => frame.view.write(block.id),
            BlockContent::Cell(_) => {
                frame.view.selected = Some(block.id);
                card.request_focus();
            }
        }
    }
    let is_sought = frame.view.reveal == Some(block.id);
    let near = ui.clip_rect().expand2(vec2(0.0, MARGIN)).intersects(place);
    let has_keyboard = ui.memory(|memory| memory.has_focus(crate::view::editor_id(block.id)));
    if height.is_some() && !near && !has_keyboard && !is_sought {
        ui.allocate_space(place.size());
        return;
    }
    let shown = ui.scope(|ui| match &block.content {
        BlockContent::Prose => prose::prose_ui(ui, frame, block),
        BlockContent::Cell(cell) => cell_ui(ui, frame, block, cell),
    });
    let painted = shown.response.rect;
    frame.view.heights.insert(block.id, painted.height());
    if is_sought {
        reveal(ui, frame, painted);
    } else if frame.view.selected == Some(block.id) && outgrows(ui.clip_rect(), place, painted) {
        frame.view.reveal = Some(block.id);
    }
    if card.has_focus() && cell_of(block).is_some() {
        crate::widgets::focus_ring_at(ui, painted, radius::CARD);
    }
}

/// Whether a block that ended in sight doesn't any more, because it has grown: a result came, or a line was written.
fn outgrows(room: Rect, before: Rect, now: Rect) -> bool {
    now.height() > before.height() + 1.0
        && room.y_range().contains(before.bottom())
        && now.bottom() > room.bottom()
}

/// Brings the block that is sought into view. Blocks on the way there may have grown since they were painted, so this
/// goes on until it is there, or the page can't go further; who scrolls meanwhile ends it.
fn reveal(ui: &Ui, frame: &mut Frame<'_>, painted: Rect) {
    let (room, place) = (ui.clip_rect(), painted.expand(space::M));
    let is_tall = place.height() > room.height();
    let is_there = match is_tall {
        true => (place.top() - room.top()).abs() <= space::M,
        false => room.contains_rect(place.shrink(1.0)),
    };
    let is_elsewhere = ui.input(|input| input.smooth_scroll_delta().y != 0.0);
    let is_stuck = frame.view.revealed_at.replace(place.top()) == Some(place.top());
    if is_there || is_elsewhere || is_stuck {
        frame.view.reveal = None;
        frame.view.revealed_at = None;
    } else {
        ui.scroll_to_rect(place, is_tall.then_some(Align::TOP));
    }
}

/// Arrows move the selection, or choose rows in a chart; they don't wander to the widget that happens to be nearest.
fn keep_arrows(ui: &Ui, id: egui::Id) {
    let filter = EventFilter {
        vertical_arrows: true,
        horizontal_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
}

fn spoken(block: &BlockView) -> String {
    match cell_of(block) {
        Some(cell) => {
            let state = cell::state_word(&cell.state);
            let pause = if state.is_empty() { "" } else { ", " };
            format!("Cell {}, {}{pause}{state}", cell.name, cell.kind.word())
        }
        None => format!("Text: {}", block.text.trim().lines().next().unwrap_or_default()),
    }
}

/// A notebook without cells says how to begin.
fn empty_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let t = Tokens::of(ui);
    let files = frame.project().map_or(&[][..], |project| &project.files);
    egui::Frame::new()
        .fill(t.raised)
        .stroke(egui::Stroke::new(1.0, t.line))
        .corner_radius(egui::CornerRadius::same(radius::CARD))
        .inner_margin(space::L)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = space::S;
            text_ui(ui, "Begin with a table", fonts::semibold(font::PROSE + 1.0), t.text);
            let words = "A source reads a file, a query asks it questions in SQL, a chart shows it, a training learns to \
                         predict one of its columns.";
            text_ui(ui, words, fonts::regular(font::BODY), t.dim);
            for file in files.iter().take(6) {
                let name = format!("Read {}", file.path);
                let root = frame.project().map(|project| project.root.clone()).unwrap_or_default();
                if ui.add(Button::new(&name)).clicked() {
                    let paths = vec![root.join(&file.path)];
                    frame.add(Operation::Drop { paths });
                }
            }
            ui.horizontal(|ui| {
                if ui.add(Button::new(Command::AddData.text())).clicked() {
                    Command::AddData.perform(ui.ctx(), frame);
                }
                if ui.add(Button::new("Add an empty source").quiet()).clicked() {
                    add_block(frame, None, Some(CellKind::Source));
                }
            });
            text_ui(ui, "Or drop a file on the window", fonts::regular(font::BODY), t.dim);
        });
    ui.add_space(space::M);
}

/// A project without an open notebook.
fn without_notebook_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let t = Tokens::of(ui);
    column(ui, size::COLUMN, |ui| {
        ui.add_space(space::XL * 3.0);
        ui.spacing_mut().item_spacing.y = space::S;
        let notebooks = frame.project().map_or(&[][..], |project| &project.notebooks);
        let (title, words) = if notebooks.is_empty() {
            let words = "A notebook is a Markdown file of prose and cells: it reads data, asks questions, draws and trains.";
            ("This project has no notebook yet", words)
        } else {
            ("Choose a notebook", "They are listed at the left, too.")
        };
        text_ui(ui, title, fonts::semibold(font::TITLE), t.text);
        text_ui(ui, words, fonts::regular(font::PROSE), t.dim);
        ui.add_space(space::S);
        for notebook in notebooks {
            if ui.add(Button::new(notebook)).clicked() {
                frame.send(Operation::OpenNotebook {
                    notebook: notebook.clone(),
                });
            }
        }
        if ui
            .add(Button::new(Command::NewNotebook.text()).primary())
            .clicked()
        {
            Command::NewNotebook.perform(ui.ctx(), frame);
        }
        ui.add_space(space::S);
        text_ui(
            ui,
            "Or drop data files on the window",
            fonts::regular(font::BODY),
            t.dim,
        );
    });
}
