//! Messages at the lower right. Good ones go by themselves, problems stay until they are read.

use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, dot, sentence_ui, spoken};
use aloft_protocol::snapshot::Notice;
use aloft_protocol::{NoticeId, Operation};
use egui::{Align, Align2, Context, Id, Layout, Order, Role, Sense, Stroke, Ui, WidgetInfo, vec2};
use std::time::Duration;

/// Seconds that a good message stays.
const STAYS: f64 = 5.0;
const WIDTH: f32 = 340.0;
/// Messages that are shown at once, the latest.
const SHOWN: usize = 4;

/// Shows the messages.
pub fn notices_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let notices = &frame.snapshot.notices;
    frame
        .view
        .notices
        .retain(|id, _| notices.iter().any(|notice| notice.id == *id));
    let now = ctx.input(|input| input.time);
    let mut gone: Vec<NoticeId> = Vec::new();
    for notice in notices.iter().filter(|notice| notice.good) {
        let since = *frame.view.notices.entry(notice.id).or_insert(now);
        let left = since + STAYS - now;
        if left > 0.0 {
            ctx.request_repaint_after(Duration::from_secs_f64(left + 0.01));
        } else if left.is_finite() {
            gone.push(notice.id);
            // It is asked for once; a later snapshot hasn't got the message any more.
            frame.view.notices.insert(notice.id, f64::NEG_INFINITY);
        }
    }
    let latest = notices.len().saturating_sub(SHOWN);
    if !notices.is_empty() {
        let offset = vec2(-space::L, -(size::STATUS_BAR + space::M));
        egui::Area::new(Id::unique("notices"))
            .order(Order::Foreground)
            .anchor(Align2::RIGHT_BOTTOM, offset)
            .show(ctx, |ui| {
                ui.spacing_mut().item_spacing.y = space::S;
                for notice in &notices[latest..] {
                    if notice_ui(ui, notice) {
                        gone.push(notice.id);
                    }
                }
            });
    }
    for notice in gone {
        frame.send(Operation::DismissNotice { notice });
    }
}

/// One message; true when it was dismissed.
fn notice_ui(ui: &mut Ui, notice: &Notice) -> bool {
    let t = Tokens::of(ui);
    let mut dismissed = false;
    egui::Frame::popup(ui.style())
        .fill(t.raised)
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(egui::CornerRadius::same(radius::CARD))
        .inner_margin(space::M)
        .show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.horizontal_top(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(size::DOT, font::BODY_LINE), Sense::hover());
                let mark = if notice.good { t.ok } else { t.bad };
                dot(ui.painter(), rect.center() - vec2(0.0, 1.0), mark);
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    let name = format!("Dismiss: {}", notice.message);
                    dismissed = ui.add(Button::icon_only(Icon::Close, &name)).clicked();
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        ui.spacing_mut().item_spacing.y = 2.0;
                        let message = sentence_ui(ui, &notice.message, t.text);
                        let words = || WidgetInfo::labeled(Role::Label, true, spoken(&notice.message));
                        message.widget_info(words);
                        if let Some(hint) = &notice.hint {
                            sentence_ui(ui, hint, t.dim);
                        }
                    });
                });
            });
        });
    dismissed
}
