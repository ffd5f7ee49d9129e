//! Choosing rows along the horizontal axis of a chart by keys: the arrows go from bar to bar, with Shift they make the
//! range wider and narrower.

use super::axes::has_names;
use super::brush::{bar_range, ends};
use aloft_spec::chart::{Brush, Marks, Panel, Scale};
use egui::{Event, EventFilter, Key, Modifiers, Response, Ui};

/// Stretches of an axis that has neither bars nor names.
const STRETCHES: usize = 20;

/// What the keys choose in a panel that has the focus, or that they are for without it; `chosen` is what was chosen
/// before. `None` where they choose nothing else.
pub fn keys_ui(
    ui: &Ui,
    response: &Response,
    panel: &Panel,
    chosen: Option<&Brush>,
    without_focus: bool,
) -> Option<Brush> {
    if response.has_focus() {
        let arrows = EventFilter {
            horizontal_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    } else if !without_focus {
        return None;
    }
    let steps: Vec<(bool, bool)> = ui.input(|input| input.events.iter().filter_map(step).collect());
    let mut at = chosen.cloned();
    for (right, wider) in steps {
        at = moved(panel, at.as_ref(), right, wider);
    }
    // Behind the last bar there is none; the same choice once more would take it back.
    at.filter(|at| Some(at) != chosen)
}

/// Where an arrow goes: whether to the right, and whether it moves only the right end.
fn step(event: &Event) -> Option<(bool, bool)> {
    let Event::Key {
        key,
        pressed: true,
        modifiers,
        ..
    } = event
    else {
        return None;
    };
    let right = match key {
        Key::ArrowRight => true,
        Key::ArrowLeft => false,
        _ => return None,
    };
    let is_plain = modifiers.is_none() || modifiers.matches_exact(Modifiers::SHIFT);
    is_plain.then_some((right, modifiers.shift))
}

/// The choice after one step to the right or to the left; `wider` moves its right end alone.
fn moved(panel: &Panel, chosen: Option<&Brush>, right: bool, wider: bool) -> Option<Brush> {
    let stops = stops(panel);
    let last_stop = stops.len().checked_sub(1)?;
    // A stop is chosen where its middle is.
    let is_chosen = |stop: &Stop| {
        let (low, high) = chosen.and_then(|brush| ends(panel, brush))?;
        let middle = f64::midpoint(stop.low, stop.high);
        (low..=high).contains(&middle).then_some(())
    };
    let first = stops.iter().position(|stop| is_chosen(stop).is_some());
    let last = stops.iter().rposition(|stop| is_chosen(stop).is_some());
    let (from, to) = match (first, last) {
        (Some(first), Some(last)) => {
            let end = if right {
                (last + 1).min(last_stop)
            } else if wider {
                last.saturating_sub(1).max(first)
            } else {
                first.saturating_sub(1)
            };
            if wider && !has_names(&panel.x) {
                (first, end)
            } else {
                (end, end)
            }
        }
        _ if right => (0, 0),
        _ => (last_stop, last_stop),
    };
    if let Scale::Names(names) = &panel.x.scale {
        return Some(Brush::Name {
            name: names.get(to)?.clone(),
        });
    }
    Some(Brush::Range {
        low: stops[from].low,
        high: stops[to].high,
    })
}

/// A stretch of the axis that is chosen at once.
struct Stop {
    low: f64,
    high: f64,
}

fn stops(panel: &Panel) -> Vec<Stop> {
    if let Scale::Names(names) = &panel.x.scale {
        let at = |index: usize| Stop {
            low: index as f64 - 0.5,
            high: index as f64 + 0.5,
        };
        return (0..names.len()).map(at).collect();
    }
    if let Marks::Bars { bars } = &panel.marks {
        // Bars of several classes stand on each other.
        let mut stops: Vec<Stop> = Vec::new();
        for bar in bars {
            if stops.last().is_none_or(|stop| stop.low < bar.left) {
                let (low, high) = bar_range(bars, bar);
                stops.push(Stop { low, high });
            }
        }
        return stops;
    }
    let width = (panel.x.high - panel.x.low) / STRETCHES as f64;
    let at = |index: usize| Stop {
        low: panel.x.low + width * index as f64,
        high: panel.x.low + width * (index + 1) as f64,
    };
    (0..STRETCHES).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::chart::{Axis, Bar};

    fn panel(scale: Scale, marks: Marks) -> Panel {
        let axis = |scale| Axis {
            label: String::new(),
            scale,
            low: 0.0,
            high: 40.0,
        };
        Panel {
            title: String::new(),
            x: axis(scale),
            y: axis(Scale::Linear),
            marks,
        }
    }

    /// Where a choice begins and ends after some steps: `>` and `<` go on, `+` and `-` change its end.
    fn after(panel: &Panel, steps: &str) -> Option<(f64, f64)> {
        let mut chosen = None;
        for step in steps.chars() {
            chosen = moved(
                panel,
                chosen.as_ref(),
                matches!(step, '>' | '+'),
                matches!(step, '+' | '-'),
            );
        }
        let (low, high) = ends(panel, &chosen?)?;
        Some((low, high.ceil()))
    }

    #[test]
    fn arrows_go_from_bar_to_bar() {
        let bar = |left: f64, class| Bar {
            left,
            right: left + 10.0,
            bottom: 0.0,
            top: 1.0,
            class,
            value: 1.0,
        };
        let bars = [0.0, 10.0, 20.0, 30.0].into_iter();
        let bars = bars.flat_map(|left| [bar(left, 0), bar(left, 1)]).collect();
        let panel = panel(Scale::Linear, Marks::Bars { bars });
        assert_eq!(after(&panel, ">"), Some((0.0, 10.0)));
        assert_eq!(after(&panel, ">>"), Some((10.0, 20.0)));
        assert_eq!(after(&panel, "<"), Some((30.0, 40.0)));
        assert_eq!(after(&panel, "<>"), Some((30.0, 40.0)), "there is none behind");
        assert_eq!(after(&panel, ">++"), Some((0.0, 30.0)));
        assert_eq!(after(&panel, ">++-"), Some((0.0, 20.0)));
        assert_eq!(after(&panel, ">----"), Some((0.0, 10.0)));
        assert_eq!(after(&panel, ">++>"), Some((30.0, 40.0)));
    }

    #[test]
    fn names_are_chosen_one_at_a_time_and_lines_by_stretches() {
        let names = Scale::Names(vec!["AA".into(), "UA".into(), "WN".into()]);
        let bars = panel(names, Marks::Bars { bars: Vec::new() });
        assert_eq!(after(&bars, ">>"), Some((0.5, 2.0)));
        assert_eq!(after(&bars, ">+"), Some((0.5, 2.0)));
        let line = panel(
            Scale::Linear,
            Marks::Lines {
                lines: Vec::new(),
                filled: false,
            },
        );
        assert_eq!(after(&line, ">>+"), Some((2.0, 6.0)));
        let nothing = panel(Scale::Names(Vec::new()), Marks::Bars { bars: Vec::new() });
        assert_eq!(after(&nothing, ">"), None);
    }
}
