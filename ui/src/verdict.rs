//! The verdict in a few words: the chip beside a train button and in the top bar.

use crate::tokens::Tokens;
use crate::view::verdict_of;
use crate::widgets;
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::CellView;
use aloft_spec::text;
use aloft_spec::verdict::{Placement, Range, ReasonKind, ReasonState, Verdict};
use egui::{Color32, Response, Ui};

/// The chip of a cell's verdict; without one it offers to measure.
pub fn chip_ui(ui: &mut Ui, cell: &CellView, rows: Rows) -> Response {
    let t = Tokens::of(ui);
    let Some(verdict) = verdict_of(cell, rows) else {
        let tip = "Take a few steps of the real model and say what the whole run costs";
        return widgets::chip_ui(ui, t.faint, t.panel, "Measure…").on_hover_text(tip);
    };
    let (mark, ground) = colors(verdict, t);
    widgets::chip_ui(ui, mark, ground, &cost(verdict)).on_hover_text(tip(verdict))
}

/// The same with the rows it is about, for the top bar.
pub fn named_chip_ui(ui: &mut Ui, cell: &CellView, rows: Rows) -> Response {
    let t = Tokens::of(ui);
    match verdict_of(cell, rows) {
        Some(verdict) => {
            let (mark, ground) = colors(verdict, t);
            let words = format!("{}: {}", rows_word(rows), cost(verdict));
            widgets::chip_ui(ui, mark, ground, &words).on_hover_text(tip(verdict))
        }
        None => {
            let words = format!("{}: not measured", rows_word(rows));
            widgets::chip_ui(ui, t.faint, t.raised, &words).on_hover_text("Where it runs")
        }
    }
}

/// `Sample`, `All rows`
pub fn rows_word(rows: Rows) -> &'static str {
    match rows {
        Rows::Sample => "Sample",
        Rows::All => "All rows",
    }
}

/// `40 s here`
pub fn cost(verdict: &Verdict) -> String {
    match verdict.placement {
        Placement::Blocked => format!(
            "{} here, may not leave",
            text::duration(verdict.forecast.seconds.mid)
        ),
        _ => format!("{} here", text::duration(verdict.forecast.seconds.mid)),
    }
}

/// `±8 %` of a range, where it is known.
pub fn spread(range: &Range) -> Option<String> {
    if range.mid <= 0.0 || range.high <= range.low {
        return None;
    }
    Some(format!("±{:.0} %", (range.high - range.low) / range.mid * 50.0))
}

fn colors(verdict: &Verdict, t: &Tokens) -> (Color32, Color32) {
    let near = verdict
        .reasons
        .iter()
        .any(|reason| reason.state == ReasonState::Near);
    match verdict.placement {
        Placement::Here if near => (t.warn, t.warn_quiet),
        Placement::Here => (t.ok, t.ok_quiet),
        Placement::Cloud | Placement::Blocked => (t.bad, t.bad_quiet),
    }
}

/// What is over its limit, or that nothing is.
fn tip(verdict: &Verdict) -> String {
    let over: Vec<&str> = verdict.exceeded().map(|reason| reason.text.as_str()).collect();
    if over.is_empty() {
        "Within all limits of this machine".to_owned()
    } else {
        over.join("\n")
    }
}

/// The colour of a reason's dot and bar.
pub fn reason_color(state: ReasonState, t: &Tokens) -> Color32 {
    match state {
        ReasonState::Ok => t.ok,
        ReasonState::Near => t.warn,
        ReasonState::Over => t.bad,
        ReasonState::Unknown => t.faint,
    }
}

/// What a reason is about, in a word.
pub fn reason_word(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Privacy => "Privacy",
        ReasonKind::Storage => "Disk",
        ReasonKind::Memory => "Memory",
        ReasonKind::Time => "Time",
        ReasonKind::Queue => "Parallel work",
        ReasonKind::Stability => "Stability",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_half_the_range() {
        let range = |low, mid, high| Range { low, mid, high };
        assert_eq!(spread(&range(92.0, 100.0, 108.0)).as_deref(), Some("±8 %"));
        assert_eq!(spread(&range(0.0, 0.0, 0.0)), None);
    }
}
