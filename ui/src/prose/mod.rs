//! Prose: read as rendered Markdown, written as text. A click or Enter begins to write, Esc ends it.

mod markdown;

use crate::editor::{Language, editor_ui};
use crate::fonts;
use crate::tokens::{Tokens, font, radius, space};
use crate::view::{Frame, block_id, editor_id};
use crate::widgets::focus_ring_at;
use aloft_protocol::snapshot::BlockView;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align, Color32, CornerRadius, FontId, OpenUrl, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use markdown::{Node, Span};

/// Lines of prose are no longer than that: the eye must find the next one.
const MEASURE: f32 = 680.0;

/// Shows prose over the whole width.
pub fn prose_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView) {
    if frame.view.writing == Some(block.id) {
        return writing_ui(ui, frame, block);
    }
    let t = Tokens::of(ui);
    let read = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, node) in markdown::parse(&block.text).iter().enumerate() {
            node_ui(ui, node, index == 0);
        }
    });
    let rect = read.response.rect;
    let frame_rect = rect.expand2(vec2(space::S, space::XS));
    if frame.view.selected == Some(block.id) {
        let bar = Rect::from_min_max(
            frame_rect.left_top(),
            pos2(frame_rect.left() + 2.0, frame_rect.bottom()),
        );
        ui.painter().rect_filled(bar, CornerRadius::same(1), t.accent);
    }
    if ui.memory(|memory| memory.has_focus(block_id(block.id))) {
        focus_ring_at(ui, frame_rect, radius::CONTROL);
    }
}

fn writing_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView) {
    let t = Tokens::of(ui);
    let id = editor_id(block.id);
    let focused = ui.memory(|memory| memory.has_focus(id));
    egui::Frame::new()
        .fill(t.raised)
        .stroke(Stroke::new(1.0, t.accent))
        .corner_radius(CornerRadius::same(radius::CARD))
        .show(ui, |ui| {
            editor_ui(ui, frame, block, Language::Prose, "Text in Markdown")
        });
    if focused {
        frame.view.writing_began = true;
    } else if !frame.view.writing_began {
        // The click that began it may take the focus away within its frame, so it is asked for until it is there.
        ui.memory_mut(|memory| memory.request_focus(id));
    } else {
        frame.view.writing = None;
    }
}

fn node_ui(ui: &mut Ui, node: &Node, first: bool) {
    let t = Tokens::of(ui);
    let gap = |ui: &mut Ui, points: f32| {
        if !first {
            ui.add_space(points);
        }
    };
    match node {
        Node::Heading(level, spans) => {
            let (size, above) = match level {
                1 => (font::TITLE, space::L),
                2 => (font::HEADING, space::L),
                _ => (font::PROSE + 1.0, space::M),
            };
            gap(ui, above);
            let line = (size * 1.45).round();
            spans_ui(
                ui,
                spans,
                Face {
                    size,
                    line,
                    color: t.text,
                    strong: true,
                },
                0.0,
            );
        }
        Node::Paragraph(spans) => {
            gap(ui, space::S - 2.0);
            spans_ui(ui, spans, Face::prose(t.dim), 0.0);
        }
        Node::Quote(spans) => {
            gap(ui, space::S);
            let top = ui.cursor().top();
            spans_ui(ui, spans, Face::prose(t.dim), space::L);
            let x = ui.max_rect().left() + 1.0;
            ui.painter()
                .vline(x, top..=ui.min_rect().bottom(), Stroke::new(2.0, t.line));
        }
        Node::Item(depth, marker, spans) => {
            gap(ui, 2.0);
            let indent = *depth as f32 * space::L;
            let top = ui.cursor().top() + font::PROSE_LINE / 2.0;
            let galley = crate::widgets::line(ui, marker, fonts::regular(font::PROSE), t.dim, 40.0);
            crate::widgets::paint_left(ui.painter(), galley, ui.max_rect().left() + indent + 2.0, top);
            spans_ui(ui, spans, Face::prose(t.dim), indent + space::L + 2.0);
        }
        Node::Code(text) => {
            gap(ui, space::S);
            egui::Frame::new()
                .fill(t.code)
                .corner_radius(CornerRadius::same(radius::CONTROL))
                .inner_margin(space::S)
                .show(ui, |ui| {
                    ui.set_width(ui.available_width().min(MEASURE));
                    crate::widgets::text_ui(ui, text, fonts::mono(font::CODE), t.text);
                });
        }
        Node::Rule => {
            ui.add_space(space::S);
            crate::widgets::line_ui(ui);
            ui.add_space(space::S);
        }
    }
}

#[derive(Clone, Copy)]
struct Face {
    size: f32,
    line: f32,
    color: Color32,
    strong: bool,
}

impl Face {
    fn prose(color: Color32) -> Self {
        Self {
            size: font::PROSE,
            line: font::PROSE_LINE,
            color,
            strong: false,
        }
    }

    fn format(self, span: &Span, t: &Tokens) -> TextFormat {
        let font: FontId = match (span.code, span.bold || self.strong) {
            (true, _) => fonts::mono(self.size - 1.0),
            (_, true) => fonts::semibold(self.size),
            _ => fonts::regular(self.size),
        };
        let color = match span {
            Span { link: Some(_), .. } => t.accent,
            Span { bold: true, .. } | Span { code: true, .. } => t.text,
            _ => self.color,
        };
        TextFormat {
            line_height: Some(self.line),
            italics: span.italic,
            background: if span.code { t.code } else { Color32::TRANSPARENT },
            valign: Align::Center,
            ..TextFormat::simple(font, color)
        }
    }
}

fn spans_ui(ui: &mut Ui, spans: &[Span], face: Face, indent: f32) {
    let t = Tokens::of(ui);
    let mut job = LayoutJob {
        wrap: TextWrapping::wrap_at_width(ui.available_width().min(MEASURE) - indent),
        ..LayoutJob::default()
    };
    let mut links = Vec::new();
    let mut at = 0;
    for span in spans {
        let end = at + span.text.chars().count();
        if let Some(address) = &span.link {
            links.push((at..end, address, &span.text));
        }
        at = end;
        job.append(&span.text, 0.0, face.format(span, t));
    }
    let words: String = spans.iter().map(|span| span.text.as_str()).collect();
    let galley = ui.painter().layout_job(job);
    let size = galley.size() + vec2(indent, 0.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    let origin = rect.min + vec2(indent, 0.0);
    for (range, address, name) in links {
        let first = galley.pos_from_cursor(egui::text::CCursor::new(range.start));
        let last = galley.pos_from_cursor(egui::text::CCursor::new(range.end));
        // A link over two lines takes the clicks from its start to the end of the first.
        let right = if last.top() > first.top() {
            galley.rect.right()
        } else {
            last.right()
        };
        let area = Rect::from_min_max(first.min, pos2(right, first.bottom())).translate(origin.to_vec2());
        let link = ui.interact(
            area,
            ui.scope_id().with(("link", range.start, name)),
            Sense::click(),
        );
        link.widget_info(|| WidgetInfo::labeled(Role::Link, true, name));
        if link.hovered() || link.has_focus() {
            ui.painter()
                .hline(area.x_range(), area.bottom() - 2.0, Stroke::new(1.0, t.accent));
        }
        if link
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_text(address)
            .clicked()
        {
            ui.ctx().open_url(OpenUrl::new_tab(address));
        }
    }
    ui.painter().galley(origin, galley, face.color);
}
