//! The curves of a run's loss.

use crate::chart::{X_AXIS, axis, quiet};
use crate::tokens::{Tokens, space};
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::TrainingView;
use aloft_spec::text;
use egui::{Margin, Role, Ui, WidgetInfo};
use egui_plot::{AxisHints, HLine, HoverPosition, Line, LineStyle, Plot, PlotPoints, Points};
use std::ops::RangeInclusive;

const HEIGHT: f32 = 188.0;
/// Room above and below the curves, as a part of their height.
const MARGIN: f64 = 0.08;
/// The first part of the training, in which losses fall from where they began.
const START: f64 = 0.2;
/// Losses of the start that reach so many times as high as all that follow are cut off.
const FLATTENING: f64 = 2.5;

/// The curves of the loss.
pub fn curves_ui(ui: &mut Ui, block: BlockId, training: &TrainingView) {
    let t = Tokens::of(ui);
    egui::Frame::new()
        .inner_margin(Margin {
            left: 4,
            right: space::M as i8,
            top: space::S as i8,
            bottom: 2,
        })
        .show(ui, |ui| {
            let epochs = epochs_in_sight(training);
            let unit = training.unit.word();
            let x_axis = axis(AxisHints::new_x(), unit, t)
                .min_thickness(X_AXIS)
                .formatter(|mark, _| text::significant_digits(mark.value, 3));
            let y_axis = axis(AxisHints::new_y(), "loss", t)
                .min_thickness(44.0)
                .formatter(|mark, _| text::significant_digits(mark.value, 3));
            let plot = quiet(Plot::new(("curves", block)), t)
                .height(HEIGHT)
                .include_x(0.0)
                .include_x(epochs)
                .set_margin_fraction(egui::vec2(0.01, MARGIN as f32))
                .custom_x_axes(vec![x_axis])
                .custom_y_axes(vec![y_axis])
                .label_formatter(|hover| match hover {
                    HoverPosition::NearDataPoint {
                        plot_name, position, ..
                    } => Some(format!(
                        "{plot_name} {}\n{unit} {}",
                        text::significant_digits(position.y, 4),
                        text::significant_digits(position.x, 3),
                    )),
                    HoverPosition::Elsewhere { .. } => None,
                });
            let losses = told_apart(training);
            let shown = plot.show(ui, |plot| {
                if let Some(losses) = losses {
                    plot.set_plot_bounds_y(losses);
                }
                if let Some(best) = training.previous_best {
                    let dashed = LineStyle::dashed_loose();
                    plot.hline(
                        HLine::new("best so far", best)
                            .color(t.faint)
                            .width(1.2)
                            .style(dashed),
                    );
                }
                let train = PlotPoints::from(training.train_loss.clone());
                plot.line(curve("train", train).color(t.accent_quiet).width(1.3));
                let validation = PlotPoints::from(training.validation_loss.clone());
                plot.line(curve("validation", validation).color(t.accent).width(2.0));
                // While it runs a point marks how far it is, and then the epoch whose model was kept.
                let marked = match training.seconds {
                    Some(_) => lowest(&training.validation_loss),
                    None => training.validation_loss.last(),
                };
                if let Some(marked) = marked {
                    let point = Points::new("validation", PlotPoints::from(vec![*marked]));
                    plot.points(point.color(t.accent).radius(2.8));
                }
            });
            shown
                .response
                .widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken(training)));
        });
}

/// A line through points. Where points are near each other the plot would paint the ground between their lows and highs
/// instead, without smooth edges: a steep line is torn, and a peak becomes a wedge.
fn curve<'a>(name: &str, points: PlotPoints<'a>) -> Line<'a> {
    Line::new(name, points).allow_band(false)
}

fn lowest(points: &[[f64; 2]]) -> Option<&[f64; 2]> {
    points.iter().min_by(|a, b| a[1].total_cmp(&b[1]))
}

/// The epochs that the curves have room for: those of a run that has ended, or all that may come, unless the curves so far would
/// be too narrow to be read.
fn epochs_in_sight(training: &TrainingView) -> f64 {
    const NARROWEST: f64 = 0.25;
    let step = training.train_loss.last().map_or(0.0, |point| point[0]);
    let reached = step.max(f64::from(training.epoch));
    let epochs = match training.seconds {
        Some(_) => reached,
        None => f64::from(training.epochs).min((reached / NARROWEST).ceil()),
    };
    epochs.max(1.0)
}

/// The losses to show where not all of them are: those of the first steps may lie so far above the others that these would
/// be a flat line, in which nothing can be told.
fn told_apart(training: &TrainingView) -> Option<RangeInclusive<f64>> {
    let reached = training.train_loss.last()?[0];
    let all = training.train_loss.iter().chain(&training.validation_loss);
    let later = all.clone().filter(|point| point[0] > reached * START);
    let (low, high) = ends(later.map(|point| point[1]).chain(training.previous_best))?;
    let (_, highest) = ends(all.map(|point| point[1]))?;
    let room = (high - low) * MARGIN;
    (room > 0.0 && highest - low > (high - low) * FLATTENING).then_some(low - room..=high + room)
}

/// The least and the greatest of the finite ones.
fn ends(losses: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    losses.filter(|loss| loss.is_finite()).fold(None, |ends, loss| {
        let (low, high) = ends.unwrap_or((loss, loss));
        Some((loss.min(low), loss.max(high)))
    })
}

/// The curves for those who don't see them.
fn spoken(training: &TrainingView) -> String {
    let last = |points: &[[f64; 2]]| points.last().map(|point| text::significant_digits(point[1], 3));
    let part =
        |name: &str, value: Option<String>| value.map_or(String::new(), |value| format!(", {name} {value}"));
    format!(
        "Loss over {} {}s{}{}",
        training.epoch,
        training.unit.word(),
        part("validation", last(&training.validation_loss)),
        part("train", last(&training.train_loss)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training(train: &[f64], validation: &[f64]) -> TrainingView {
        let points = |losses: &[f64]| {
            (1..)
                .zip(losses)
                .map(|(at, loss)| [f64::from(at), *loss])
                .collect()
        };
        TrainingView {
            train_loss: points(train),
            validation_loss: points(validation),
            ..TrainingView::default()
        }
    }

    #[test]
    fn few_epochs_of_many_have_room() {
        let mut training = training(&[0.5; 12], &[]);
        (training.epoch, training.epochs) = (12, 20);
        assert_eq!(epochs_in_sight(&training), 20.0);
        training.epochs = 1200;
        assert_eq!(epochs_in_sight(&training), 48.0);
        training.seconds = Some(3.0);
        assert_eq!(epochs_in_sight(&training), 12.0, "it was stopped");
        assert_eq!(epochs_in_sight(&TrainingView::default()), 1.0);
    }

    #[test]
    fn a_start_far_above_is_cut_off() {
        let mut falling = vec![0.7];
        falling.extend([0.29, 0.28, 0.275, 0.27, 0.268, 0.266, 0.265, 0.264, 0.263]);
        let losses = told_apart(&training(&falling, &[0.54, 0.3, 0.26])).unwrap();
        assert!(
            losses.contains(&0.26) && losses.contains(&0.28) && !losses.contains(&0.4),
            "{losses:?}"
        );
        // What was best before stays in sight.
        let mut known = training(&falling, &[0.27, 0.26]);
        known.previous_best = Some(0.2);
        assert!(told_apart(&known).unwrap().contains(&0.2));
        // A run that gets worse, or falls steadily, is shown as a whole.
        let steady: Vec<f64> = (0..20).map(|step| 1.0 - 0.04 * f64::from(step)).collect();
        assert_eq!(told_apart(&training(&steady, &[])), None);
        falling.extend([0.9, f64::NAN]);
        assert_eq!(told_apart(&training(&falling, &[])), None);
        assert_eq!(told_apart(&training(&[0.5], &[])), None);
        assert_eq!(told_apart(&training(&[], &[])), None);
    }
}
