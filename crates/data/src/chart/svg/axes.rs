//! Axes: lines at round positions, what stands there, and names.

use super::{DIM, Frame, RULE, names, number, text, width_of};
use aloft_spec::{
    chart::{Panel, Scale},
    ticks,
};
use std::fmt::Write;

/// Room around a panel's marks.
pub(super) struct Room {
    pub left: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Names that are too many to stand beside each other are turned.
fn is_turned(panel: &Panel, width: f64) -> bool {
    let widest = ticks::positions(&panel.x)
        .into_iter()
        .map(|at| width_of(&ticks::label(&panel.x, at)))
        .fold(0.0, f64::max);
    names(&panel.x) > 0 && widest * names(&panel.x) as f64 > width * 0.85
}

/// The room that a panel's axes take.
pub(super) fn room(panel: &Panel, width: f64) -> Room {
    let widest = ticks::positions(&panel.y)
        .into_iter()
        .map(|at| width_of(&ticks::label(&panel.y, at)))
        .fold(0.0, f64::max);
    let name = if panel.y.label.is_empty() { 0.0 } else { 18.0 };
    Room {
        left: widest + name + 8.0,
        top: if panel.title.is_empty() { 6.0 } else { 20.0 },
        bottom: if is_turned(panel, width) { 84.0 } else { 38.0 },
    }
}

/// The axes of a panel.
pub(super) fn axes(panel: &Panel, frame: &Frame) -> String {
    let mut out = String::new();
    let (right, bottom) = (frame.left + frame.width, frame.top + frame.height);
    let mut line = |x1: f64, y1: f64, x2: f64, y2: f64| {
        // Writing into a String never fails.
        let _ = writeln!(
            out,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{RULE}\"/>",
            number(x1),
            number(y1),
            number(x2),
            number(y2)
        );
    };
    let has_names = |scale: &Scale| matches!(scale, Scale::Names(_));
    for at in ticks::positions(&panel.y)
        .into_iter()
        .filter(|_| !has_names(&panel.y.scale))
    {
        let y = frame.y(&panel.y, at);
        line(frame.left, y, right, y);
    }
    // The lines of longitude of a map.
    for at in ticks::positions(&panel.x)
        .into_iter()
        .filter(|_| panel.x.scale == Scale::Degrees)
    {
        let x = frame.x(&panel.x, at);
        line(x, frame.top, x, bottom);
    }
    line(frame.left, bottom, right, bottom);
    for at in ticks::positions(&panel.y) {
        let y = frame.y(&panel.y, at) + 4.0;
        out.push_str(&text(
            frame.left - 6.0,
            y,
            "end",
            DIM,
            &ticks::label(&panel.y, at),
        ));
    }
    let turned = is_turned(panel, frame.width);
    for at in ticks::positions(&panel.x) {
        let (x, y) = (frame.x(&panel.x, at), bottom + 15.0);
        let words = ticks::label(&panel.x, at);
        if turned {
            let turn = format!(
                "transform=\"rotate(-40 {} {})\" text-anchor",
                number(x),
                number(y)
            );
            out.push_str(&text(x, y, "end", DIM, &words).replacen("text-anchor", &turn, 1));
        } else {
            // The last label stays on the page.
            let x = x.min(right + 4.0 - width_of(&words) / 2.0);
            out.push_str(&text(x, y, "middle", DIM, &words));
        }
    }
    let below = bottom + if turned { 78.0 } else { 32.0 };
    if !panel.x.label.is_empty() {
        out.push_str(&text(
            frame.left + frame.width / 2.0,
            below,
            "middle",
            DIM,
            &panel.x.label,
        ));
    }
    if !panel.y.label.is_empty() {
        let widest = room(panel, frame.width).left;
        let (x, y) = (frame.left - widest + 12.0, frame.top + frame.height / 2.0);
        let turn = format!(
            "transform=\"rotate(-90 {} {})\" text-anchor",
            number(x),
            number(y)
        );
        out.push_str(&text(x, y, "middle", DIM, &panel.y.label).replacen("text-anchor", &turn, 1));
    }
    out
}
