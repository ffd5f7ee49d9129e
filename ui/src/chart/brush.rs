//! Choosing rows along the horizontal axis of a chart: a drag chooses a range, a click a bar or a name.

use super::axes::has_names;
use super::marks::To;
use crate::tokens::Tokens;
use aloft_protocol::BlockId;
use aloft_spec::chart::{Bar, Brush, Marks, Panel, Scale};
use aloft_spec::ticks::reading;
use egui::{CursorIcon, Painter, Pos2, Rect, Response, Stroke, Ui, pos2};

/// A shorter drag, in points, was meant as a click.
const SHORTEST: f32 = 4.0;
/// How little is left to see of what isn't chosen.
const COVER: f32 = 0.6;

/// A range that is being dragged, in positions of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dragged {
    /// The chart.
    pub block: BlockId,
    /// Where the pointer was pressed.
    pressed: Pos2,
    from: f64,
    to: f64,
}

impl Dragged {
    /// What would be chosen now.
    pub fn brush(&self) -> Brush {
        Brush::Range {
            low: self.from.min(self.to),
            high: self.from.max(self.to),
        }
    }
}

/// Lets the pointer choose; what was chosen when it lets go. `at` is the position of the axis below a point.
pub fn brush_ui(
    ui: &Ui,
    response: &Response,
    block: BlockId,
    panel: &Panel,
    dragged: &mut Option<Dragged>,
    at: &dyn Fn(Pos2) -> f64,
) -> Option<Brush> {
    let named = has_names(&panel.x);
    response.clone().on_hover_cursor(if named {
        CursorIcon::PointingHand
    } else {
        CursorIcon::Crosshair
    });
    let pointer = response.interact_pointer_pos()?;
    let within = |point: Pos2| at(point).clamp(panel.x.low, panel.x.high);
    if response.clicked() {
        return clicked(panel, within(pointer));
    }
    if named {
        let released = response.drag_stopped();
        return released.then(|| clicked(panel, within(pointer))).flatten();
    }
    if response.drag_started() {
        // Once it is released the pointer doesn't know any more.
        let pressed = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
        *dragged = Some(Dragged {
            block,
            pressed,
            from: within(pressed),
            to: within(pointer),
        });
    }
    let drag = dragged.as_mut().filter(|drag| drag.block == block)?;
    drag.to = within(pointer);
    if !response.drag_stopped() {
        return None;
    }
    let drag = dragged.take()?;
    if (pointer.x - drag.pressed.x).abs() < SHORTEST {
        return clicked(panel, within(pointer));
    }
    Some(drag.brush())
}

/// The bar or the name at a position.
fn clicked(panel: &Panel, position: f64) -> Option<Brush> {
    if has_names(&panel.x) {
        let name = panel.x.name(position)?.to_owned();
        return Some(Brush::Name { name });
    }
    let Marks::Bars { bars } = &panel.marks else {
        return None;
    };
    let bar = bars
        .iter()
        .find(|bar| (bar.left..=bar.right).contains(&position))?;
    let (low, high) = bar_range(bars, bar);
    Some(Brush::Range { low, high })
}

/// Where the rows of one of some bars lie: what is on its right edge is in the next bar, but for the last one.
pub fn bar_range(bars: &[Bar], bar: &Bar) -> (f64, f64) {
    let is_last = bars.iter().all(|other| other.right <= bar.right);
    let high = if is_last {
        bar.right
    } else {
        bar.right - (bar.right - bar.left) * 1e-6
    };
    (bar.left, high)
}

/// Covers what isn't chosen, so that the chosen part stands out.
pub fn shade(painter: &Painter, room: Rect, panel: &Panel, brush: &Brush, to: To<'_>, t: &Tokens) {
    let Some((low, high)) = ends(panel, brush) else {
        return;
    };
    let x = |position: f64| to([position, panel.y.low]).x.clamp(room.left(), room.right());
    let (left, right) = (x(low), x(high));
    let cover = t.raised.gamma_multiply(COVER);
    for (from, until) in [(room.left(), left), (right, room.right())] {
        let outside = Rect::from_min_max(pos2(from, room.top()), pos2(until, room.bottom()));
        painter.rect_filled(outside, 0.0, cover);
    }
    for edge in [left, right] {
        painter.vline(edge, room.y_range(), Stroke::new(1.0, t.accent));
    }
    painter.hline(left..=right, room.bottom() - 1.0, Stroke::new(2.0, t.accent));
}

/// Where a brush begins and ends on the axis of a panel.
pub fn ends(panel: &Panel, brush: &Brush) -> Option<(f64, f64)> {
    match (brush, &panel.x.scale) {
        (Brush::Range { low, high }, _) => Some((*low, *high)),
        (Brush::Name { name }, Scale::Names(names)) => {
            let at = names.iter().position(|known| known == name)? as f64;
            Some((at - 0.5, at + 0.5))
        }
        (Brush::Name { .. }, _) => None,
    }
}

/// A range in words while it is dragged: `200 to 900`.
pub fn words(panel: &Panel, brush: &Brush) -> String {
    match brush {
        Brush::Range { low, high } => format!("{} to {}", reading(&panel.x, *low), reading(&panel.x, *high)),
        Brush::Name { name } => name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::chart::Axis;

    fn axis(scale: Scale) -> Axis {
        Axis {
            label: "distance".into(),
            scale,
            low: -0.5,
            high: 20.0,
        }
    }

    #[test]
    fn a_click_means_a_bar_or_a_name() {
        let bar = |left: f64| Bar {
            left,
            right: left + 10.0,
            bottom: 0.0,
            top: 1.0,
            class: 0,
            value: 1.0,
        };
        let mut panel = Panel {
            title: String::new(),
            x: axis(Scale::Linear),
            y: axis(Scale::Linear),
            marks: Marks::Bars {
                bars: vec![bar(0.0), bar(10.0)],
            },
        };
        let Some(Brush::Range { low, high }) = clicked(&panel, 3.0) else {
            panic!("a bar")
        };
        assert!(
            low == 0.0 && high < 10.0 && high > 9.999,
            "without the next bar's edge"
        );
        assert_eq!(
            clicked(&panel, 12.0),
            Some(Brush::Range {
                low: 10.0,
                high: 20.0
            })
        );
        assert_eq!(clicked(&panel, -0.4), None);
        panel.x = axis(Scale::Names(vec!["AA".into(), "UA".into()]));
        let name = |name: &str| Some(Brush::Name { name: name.into() });
        assert_eq!(clicked(&panel, 0.7), name("UA"));
        assert_eq!(clicked(&panel, 5.0), None);
        assert_eq!(ends(&panel, &name("UA").unwrap()), Some((0.5, 1.5)));
        assert_eq!(ends(&panel, &name("XX").unwrap()), None);
    }
}
