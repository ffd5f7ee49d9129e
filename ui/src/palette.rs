//! The command palette: everything by its name.

mod fuzzy;

use crate::command::{Command, show_tab};
use crate::fonts;
use crate::inspector::Tab;
use crate::navigation::short_name;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::{Frame, block_id, cell_of};
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::output::Output;
use egui::{
    Context, CornerRadius, Id, Key, Margin, Modal, Modifiers, Role, Sense, Stroke, Ui, WidgetInfo, vec2,
};

const WIDTH: f32 = 560.0;
const SHOWN: usize = 60;

/// What is typed and which entry is chosen.
#[derive(Debug, Default)]
pub struct Palette {
    query: String,
    chosen: usize,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    Command(Command),
    Cell(BlockId),
    Notebook(String),
    Example(String),
    Column(BlockId, String),
    Run(String),
    Recent(std::path::PathBuf),
}

struct Entry {
    text: String,
    /// What it is, and where: grey after the text.
    about: String,
    keys: String,
    choice: Choice,
}

/// Shows the palette while it is open.
pub fn palette_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let Some(mut palette) = frame.view.palette.take() else {
        return;
    };
    let t = Tokens::of_ctx(ctx);
    let entries = matching(entries(ctx, frame), &palette.query);
    palette.chosen = palette.chosen.min(entries.len().saturating_sub(1));
    move_choice(ctx, &mut palette, entries.len());
    let id = Id::unique("palette");
    let area = Modal::default_area(id)
        .accessible_name("Run a command")
        .anchor(egui::Align2::CENTER_TOP, vec2(0.0, 72.0));
    let face = egui::Frame::popup(&ctx.style_of(ctx.theme()))
        .fill(t.raised)
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(CornerRadius::same(radius::CARD))
        .inner_margin(Margin::same(6));
    let mut chosen = None;
    let modal = Modal::new(id).area(area).frame(face).backdrop_color(t.backdrop);
    let shown = modal.show(ctx, |ui| {
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 40.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        if query_ui(ui, &mut palette) {
            palette.chosen = 0;
        }
        ui.add_space(space::XS);
        chosen = list_ui(ui, &entries, palette.chosen);
    });
    let entered = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let index = chosen.or(entered.then_some(palette.chosen));
    match index.and_then(|index| entries.into_iter().nth(index)) {
        Some(entry) => perform(ctx, frame, entry.choice),
        None if shown.should_close() => {}
        None => frame.view.palette = Some(palette),
    }
}

fn move_choice(ctx: &Context, palette: &mut Palette, count: usize) {
    let (up, down) = ctx.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
        (
            count(Key::ArrowUp) + 8 * count(Key::PageUp),
            count(Key::ArrowDown) + 8 * count(Key::PageDown),
        )
    });
    palette.chosen = (palette.chosen + down)
        .saturating_sub(up)
        .min(count.saturating_sub(1));
}

fn query_ui(ui: &mut Ui, palette: &mut Palette) -> bool {
    let t = Tokens::of(ui);
    let id = Id::unique("palette query");
    let hint = egui::RichText::new("Find a command, cell, column, notebook or example").color(t.dim);
    let response = egui::TextEdit::singleline(&mut palette.query)
        .id(id)
        .font(fonts::regular(font::PROSE))
        .hint_text(hint)
        .frame(egui::Frame::new().inner_margin(Margin::symmetric(8, 6)))
        .desired_width(f32::INFINITY)
        .show(ui)
        .response
        .response
        .accessible_name("Find a command");
    ui.memory_mut(|memory| memory.request_focus(id));
    let y = response.rect.bottom() + 1.0;
    ui.painter()
        .hline(response.rect.x_range(), y, Stroke::new(1.0, t.line));
    response.changed()
}

fn list_ui(ui: &mut Ui, entries: &[Entry], chosen: usize) -> Option<usize> {
    let t = Tokens::of(ui);
    if entries.is_empty() {
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), size::ROW + space::S), Sense::hover());
        let words = line(
            ui,
            "Nothing has that name",
            fonts::regular(font::BODY),
            t.dim,
            rect.width(),
        );
        paint_left(ui.painter(), words, rect.left() + space::S, rect.center().y);
        return None;
    }
    let mut clicked = None;
    let room = ui.ctx().content_rect().height() - 180.0;
    egui::ScrollArea::vertical()
        .max_height(room.clamp(100.0, 420.0))
        .auto_shrink([false, true])
        .animated(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, entry) in entries.iter().enumerate() {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), size::CONTROL), Sense::click());
                let selected = index == chosen;
                response
                    .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, &entry.text));
                if selected {
                    ui.painter()
                        .rect_filled(rect, CornerRadius::same(radius::CONTROL), t.selected);
                    if !ui.clip_rect().contains_rect(rect) {
                        ui.scroll_to_rect(rect, None);
                    }
                } else if response.hovered() {
                    ui.painter()
                        .rect_filled(rect, CornerRadius::same(radius::CONTROL), t.hovered);
                }
                entry_ui(ui, rect, entry);
                if response.clicked() {
                    clicked = Some(index);
                }
            }
        });
    clicked
}

fn entry_ui(ui: &Ui, rect: egui::Rect, entry: &Entry) {
    let t = Tokens::of(ui);
    let y = rect.center().y;
    let keys = line(ui, &entry.keys, fonts::regular(font::SMALL), t.dim, 140.0);
    let end = paint_right(ui.painter(), keys, rect.right() - space::S, y).left() - space::S;
    let text = line(
        ui,
        &entry.text,
        fonts::regular(font::BODY),
        t.text,
        end - rect.left() - space::S,
    );
    let left = paint_left(ui.painter(), text, rect.left() + space::S, y).right() + space::S;
    let about = line(
        ui,
        &entry.about,
        fonts::regular(font::SMALL + 0.5),
        t.dim,
        end - left,
    );
    paint_left(ui.painter(), about, left, y);
}

fn entries(ctx: &Context, frame: &Frame<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |text: String, about: String, keys: String, choice| {
        entries.push(Entry {
            text,
            about,
            keys,
            choice,
        });
    };
    for command in Command::ALL {
        if command != Command::Palette && command.enabled(frame) {
            let keys = command.keys(ctx).unwrap_or_default();
            add(
                command.text().to_owned(),
                String::new(),
                keys,
                Choice::Command(command),
            );
        }
    }
    let blocks = frame.notebook().map_or(&[][..], |notebook| &notebook.blocks);
    for (id, cell) in blocks
        .iter()
        .filter_map(|block| Some((block.id, cell_of(block)?)))
    {
        add(
            cell.name.clone(),
            cell.kind.word().to_owned(),
            String::new(),
            Choice::Cell(id),
        );
    }
    for (id, cell) in blocks
        .iter()
        .filter_map(|block| Some((block.id, cell_of(block)?)))
    {
        if let Some(Output::Table(output)) = &cell.output {
            for column in &output.table.columns {
                let name = column.field.name.clone();
                let about = format!("column of {} · {}", cell.name, column.field.dtype);
                add(name.clone(), about, String::new(), Choice::Column(id, name));
            }
        }
    }
    if let Some(project) = frame.project() {
        for notebook in &project.notebooks {
            let choice = Choice::Notebook(notebook.clone());
            add(
                short_name(notebook).to_owned(),
                "notebook".into(),
                String::new(),
                choice,
            );
        }
        for run in project.runs.iter() {
            add(
                run.id.clone(),
                "run".into(),
                String::new(),
                Choice::Run(run.id.clone()),
            );
        }
    }
    for example in &frame.snapshot.examples {
        let choice = Choice::Example(example.name.clone());
        add(
            example.title.clone(),
            format!("example {}", example.name),
            String::new(),
            choice,
        );
    }
    for recent in frame.snapshot.recent.iter().filter(|recent| recent.exists) {
        let about = format!("recent · {}", recent.path.display());
        add(
            recent.name.clone(),
            about,
            String::new(),
            Choice::Recent(recent.path.clone()),
        );
    }
    entries
}

/// Entries that have the letters of the query in order, best first.
fn matching(entries: Vec<Entry>, query: &str) -> Vec<Entry> {
    let mut scored: Vec<(i32, Entry)> = entries
        .into_iter()
        .filter_map(|entry| {
            let score = fuzzy::score(query, &entry.text).or_else(|| {
                let whole = format!("{} {}", entry.text, entry.about);
                fuzzy::score(query, &whole).map(|score| score - 20)
            });
            let score = score.or_else(|| match entry.choice {
                Choice::Command(command) => fuzzy::score(query, command.also()).map(|score| score - 40),
                _ => None,
            })?;
            Some((score, entry))
        })
        .collect();
    // The sort is stable: equals stay in the order in which they are listed.
    scored.sort_by_key(|(score, _)| -score);
    scored.into_iter().map(|(_, entry)| entry).take(SHOWN).collect()
}

fn perform(ctx: &Context, frame: &mut Frame<'_>, choice: Choice) {
    match choice {
        Choice::Command(command) => command.perform(ctx, frame),
        Choice::Cell(block) => {
            frame.go_to(block);
            ctx.memory_mut(|memory| memory.request_focus(block_id(block)));
        }
        Choice::Column(block, column) => {
            frame.go_to(block);
            frame.view.column = Some((block, column));
            show_tab(frame, Tab::Column);
        }
        Choice::Notebook(notebook) => frame.send(Operation::OpenNotebook { notebook }),
        Choice::Example(name) => frame.send(Operation::OpenExample { name }),
        Choice::Run(run) => {
            frame.view.run = Some(run);
            show_tab(frame, Tab::Run);
        }
        Choice::Recent(path) => frame.send(Operation::Open { path }),
    }
}
