//! Charts of `chart` cells: panels with their axes, what is drawn in them, and what a pointer reads there.

mod axes;
mod brush;
mod hover;
mod keys;
mod legend;
mod marks;
mod turned;

pub use axes::{X_AXIS, axis, quiet};
pub use brush::Dragged;
pub use legend::{line_legend_ui, sample_line_ui};

use crate::focus;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::view::{Frame, block_id};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::chart::{Brush, ChartData, Panel, Scale};
use aloft_spec::ticks;
use egui::{Role, Sense, Ui, WidgetInfo, vec2};
use egui_plot::{Plot, PlotPoint};
use turned::TurnedNames;

/// Height of a chart of one panel.
const HEIGHT: f32 = 260.0;
/// Room for the labels and the name of a vertical axis, at the least.
const Y_AXIS: f32 = 44.0;
/// Height of a line of a matrix, so that each name can be read.
const MATRIX_LINE: f32 = 19.0;
/// Heights of panels that share the width with others.
const PANEL_HEIGHT: std::ops::RangeInclusive<f32> = 120.0..=200.0;

/// Shows a chart over the whole width; what the pointer chooses in it is asked for.
pub fn chart_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, data: &ChartData) {
    let t = Tokens::of(ui);
    let id = egui::Id::unique(("chart", block));
    let selection = frame.notebook().and_then(|notebook| notebook.selection.as_ref());
    let mut brushing = Brushing {
        block,
        chosen: selection
            .filter(|found| found.chart == block)
            .map(|found| &found.brush),
        dragged: frame.view.dragged,
        // The selected chart takes the arrows without a way to it by Tab.
        has_keys: frame.view.selected == Some(block) && focus::is_in_notebook(ui.ctx(), frame),
        brush: None,
    };
    let across = data.across.max(1);
    let shown = ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, space::XS);
        legend::legend_ui(ui, data, t);
        let width = (ui.available_width() - space::S * (across - 1) as f32) / across as f32;
        for (row, panels) in data.panels.chunks(across).enumerate() {
            ui.horizontal_top(|ui| {
                for (column, panel) in panels.iter().enumerate() {
                    let height = height(data, panel, width);
                    ui.allocate_ui(vec2(width, height), |ui| {
                        ui.vertical(|ui| {
                            let id = id.with((row, column));
                            panel_ui(ui, id, data, panel, [width, height], &mut brushing);
                        });
                    });
                }
            });
        }
    });
    frame.view.dragged = brushing.dragged;
    if let Some(brush) = brushing.brush {
        frame.view.selected = Some(block);
        frame.send(Operation::SelectRows { block, brush });
    }
    let response = ui.interact(shown.response.rect, id.with("chart"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Image, true, format!("Chart {name}: {}", data.description))
    });
}

/// What is chosen in a chart, and what the pointer is about to choose.
struct Brushing<'a> {
    block: BlockId,
    chosen: Option<&'a Brush>,
    dragged: Option<Dragged>,
    /// Whether the arrows are for the next panel that is shown, though it hasn't the focus.
    has_keys: bool,
    brush: Option<Brush>,
}

fn height(data: &ChartData, panel: &Panel, width: f32) -> f32 {
    if data.panels.len() > 1 {
        return (width * 0.75).clamp(*PANEL_HEIGHT.start(), *PANEL_HEIGHT.end());
    }
    match &panel.y.scale {
        Scale::Names(names) => HEIGHT.max(names.len() as f32 * MATRIX_LINE + X_AXIS),
        _ => HEIGHT,
    }
}

fn panel_ui(
    ui: &mut Ui,
    id: egui::Id,
    data: &ChartData,
    panel: &Panel,
    [width, height]: [f32; 2],
    brushing: &mut Brushing<'_>,
) {
    let t = Tokens::of(ui);
    let mut height = height;
    if !panel.title.is_empty() {
        let title = egui::RichText::new(&panel.title)
            .font(fonts::regular(font::SMALL))
            .color(t.text);
        ui.add(egui::Label::new(title).truncate());
        height -= font::BODY_LINE;
    }
    let (x, y) = (panel.x.clone(), panel.y.clone());
    let (x_ticks, y_ticks) = (panel.x.clone(), panel.y.clone());
    let mut x_axis = axes::of(egui_plot::AxisHints::new_x(), &panel.x, t).min_thickness(X_AXIS);
    let y_axis = axes::of(egui_plot::AxisHints::new_y(), &panel.y, t).min_thickness(Y_AXIS);
    let turned = TurnedNames::of(ui, panel, width - Y_AXIS, t);
    if let Some(turned) = &turned {
        // The marks keep their height.
        height += turned.room() - X_AXIS;
        x_axis = x_axis
            .min_thickness(turned.room())
            .formatter(|_, _| String::new());
    }
    let mut plot = quiet(Plot::new(id), t)
        .width(width)
        .height(height)
        .show_grid([
            panel.x.scale == Scale::Degrees,
            !matches!(panel.y.scale, Scale::Names(_)),
        ])
        .set_margin_fraction(egui::Vec2::ZERO)
        .sense(if data.mark.has_brush() {
            Sense::click_and_drag()
        } else {
            Sense::hover()
        })
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .x_grid_spacer(move |input| {
            axes::grid(ticks::between(&x_ticks.scale, input.bounds.0, input.bounds.1))
        })
        .y_grid_spacer(move |input| {
            axes::grid(ticks::between(&y_ticks.scale, input.bounds.0, input.bounds.1))
        });
    if panel.x.scale == Scale::Degrees {
        // A degree is as long in both directions (equirectangular projection).
        plot = plot.data_aspect(1.0);
    }
    let shown = plot.show(ui, |plot| {
        plot.set_plot_bounds_x(x.low..=x.high);
        plot.set_plot_bounds_y(y.low..=y.high);
    });
    let to = |[x, y]: [f64; 2]| shown.transform.position_from_point(&PlotPoint::new(x, y));
    let painter = ui
        .painter()
        .with_clip_rect(shown.response.rect.intersect(ui.clip_rect()));
    marks::paint(&painter, data, panel, &to, t);
    if let Some(turned) = &turned {
        let bottom = shown.response.rect.bottom();
        turned.paint(ui.painter(), |at| egui::pos2(to([at, panel.y.low]).x, bottom));
    }
    if data.mark.has_brush() {
        let at = |point| shown.transform.value_from_position(point).x;
        let block = brushing.block;
        let brush = brush::brush_ui(ui, &shown.response, block, panel, &mut brushing.dragged, &at);
        if brush.is_some() {
            // From here on the arrows go on.
            ui.memory_mut(|memory| memory.request_focus(block_id(block)));
        }
        let has_keys = std::mem::take(&mut brushing.has_keys);
        let brush = brush.or_else(|| keys::keys_ui(ui, &shown.response, panel, brushing.chosen, has_keys));
        brushing.brush = brushing.brush.take().or(brush);
        shown.response.widget_info(|| {
            let label = format!("Rows by {}, chosen by the arrow keys", panel.x.label);
            WidgetInfo::labeled(Role::Slider, true, label)
        });
        if shown.response.has_focus() {
            let ring = egui::Stroke::new(1.0, t.accent);
            ui.painter()
                .rect_stroke(shown.response.rect, 0.0, ring, egui::StrokeKind::Outside);
        }
    }
    let dragged = brushing.dragged.filter(|drag| drag.block == brushing.block);
    let room = shown.response.rect;
    if let Some(dragged) = dragged.map(|drag| drag.brush()) {
        brush::shade(&painter, room, panel, &dragged, &to, t);
        if shown.response.dragged() {
            let words = brush::words(panel, &dragged);
            let response = &shown.response;
            // At the pointer: below the plot it would lie on the numbers of the axis.
            egui::Tooltip::always_open(
                ui.ctx().clone(),
                response.layer_id,
                response.id,
                egui::PopupAnchor::Pointer,
            )
            .gap(space::L)
            .show(|ui| ui.label(words));
        }
        return;
    }
    if let Some(chosen) = brushing.chosen {
        brush::shade(&painter, room, panel, chosen, &to, t);
    }
    if let Some(pointer) = shown.response.hover_pos()
        && let Some(words) = hover::reading(data, panel, pointer, &to)
    {
        shown.response.on_hover_ui_at_pointer(|ui| {
            ui.label(words);
        });
    }
}
