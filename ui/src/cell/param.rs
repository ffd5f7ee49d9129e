//! The control of a parameter. It edits the value in the cell's text, and what reads the parameter follows.

use crate::fonts;
use crate::menu;
use crate::tokens::{Tokens, font, size, space};
use crate::view::{Frame, block_id};
use crate::widgets::{Button, Icon};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::date::Date;
use aloft_spec::param::{ParamKind, ParamSpec, ParamValue};
use egui::{Align, DragValue, Key, Layout, Slider, SliderClamping, Ui, vec2};
use std::ops::RangeInclusive;

/// Days that a date can be, from year 1 to 9999.
const ALL_DAYS: RangeInclusive<f64> = -719_162.0..=2_932_896.0;
const SLIDER: f32 = 260.0;

/// A parameter's value while the user has it in hand: the session's comes a moment later.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// A number or a day being dragged.
    Dragged(BlockId, f64),
    /// A text being typed.
    Typed(BlockId, String),
}

/// Shows the control over the whole width.
pub fn param_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, param: &ParamSpec) {
    let room = vec2(ui.available_width(), size::CONTROL + 2.0 * space::S);
    ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(room);
        ui.add_space(space::M + 2.0);
        ui.spacing_mut().item_spacing.x = space::M;
        match param.kind {
            ParamKind::Number => number_ui(ui, frame, block, name, &Number::of(param)),
            ParamKind::Date => number_ui(ui, frame, block, name, &Number::of_date(param)),
            ParamKind::Choice => choice_ui(ui, frame, block, name, param),
            ParamKind::Text => typed_ui(ui, frame, block, name, param),
        }
    });
}

/// A number, or a date as days since 1970.
struct Number {
    value: f64,
    min: Option<f64>,
    max: Option<f64>,
    step: Option<f64>,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Real,
    Date,
}

impl Number {
    fn of(param: &ParamSpec) -> Self {
        let number = |value: &ParamValue| value.number();
        let is_whole = |value: &ParamValue| matches!(value, ParamValue::Integer(_));
        let whole = is_whole(&param.value) && param.step.is_none_or(|step| step.fract() == 0.0);
        Self {
            value: number(&param.value).unwrap_or_default(),
            min: param.min.as_ref().and_then(number),
            max: param.max.as_ref().and_then(number),
            step: param.step,
            form: if whole { Form::Whole } else { Form::Real },
        }
    }

    fn of_date(param: &ParamSpec) -> Self {
        let days = |value: &ParamValue| Some(value.text()?.parse::<Date>().ok()?.days() as f64);
        Self {
            value: days(&param.value).unwrap_or_default(),
            min: param.min.as_ref().and_then(days),
            max: param.max.as_ref().and_then(days),
            step: None,
            form: Form::Date,
        }
    }

    fn range(&self) -> RangeInclusive<f64> {
        let all = match self.form {
            Form::Date => ALL_DAYS,
            Form::Whole | Form::Real => f64::MIN..=f64::MAX,
        };
        self.min.unwrap_or(*all.start())..=self.max.unwrap_or(*all.end())
    }

    /// How far apart values are.
    fn step(&self) -> Option<f64> {
        self.step.or((self.form != Form::Real).then_some(1.0))
    }

    /// How much a drag by one point changes it.
    fn speed(&self) -> f64 {
        match (self.step(), self.min, self.max) {
            (Some(step), ..) => step / 4.0,
            (None, Some(min), Some(max)) => (max - min) / 400.0,
            (None, ..) => (self.value.abs() / 200.0).max(0.001),
        }
    }

    /// The nearest value that it can have, as the cell writes it.
    fn written(&self, shown: f64) -> ParamValue {
        let origin = self.min.unwrap_or_default();
        let stepped = match self.step() {
            Some(step) => origin + ((shown - origin) / step).round() * step,
            None => shown,
        };
        let within = stepped.clamp(*self.range().start(), *self.range().end());
        match self.form {
            Form::Whole => ParamValue::Integer(within as i64),
            // Steps of a tenth add up to more digits than anyone wrote.
            Form::Real => ParamValue::Float(format!("{within:.9e}").parse().unwrap_or(within)),
            Form::Date => ParamValue::Text(Date::from_days(within as i64).to_string()),
        }
    }
}

fn number_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, number: &Number) {
    let held = match &frame.view.param {
        Some(Held::Dragged(of, value)) if *of == block => Some(*value),
        _ => None,
    };
    let mut shown = held.unwrap_or(number.value);
    let before = shown;
    let mut dragged = false;
    if let (Some(min), Some(max)) = (number.min, number.max) {
        let mut slider = Slider::new(&mut shown, min..=max)
            .show_value(false)
            .clamping(SliderClamping::Always);
        if let Some(step) = number.step() {
            slider = slider.step_by(step);
        }
        dragged |= ui
            .scope(|ui| {
                let t = Tokens::of(ui);
                ui.spacing_mut().slider_width = SLIDER.min(ui.available_width() * 0.6);
                // The rail lies on a card, whose colour buttons have.
                ui.visuals_mut().widgets.inactive.bg_fill = t.line;
                ui.visuals_mut().selection.bg_fill = t.accent;
                let response = ui.add(slider.trailing_fill(true));
                response.accessible_name(format!("Slider of {name}")).dragged()
            })
            .inner;
    }
    let mut field = DragValue::new(&mut shown)
        .range(number.range())
        .speed(number.speed())
        .update_while_editing(false);
    field = match number.form {
        Form::Date => field
            .custom_formatter(|days, _| Date::from_days(days as i64).to_string())
            .custom_parser(|text| Some(text.trim().parse::<Date>().ok()?.days() as f64)),
        Form::Whole => field.max_decimals(0),
        Form::Real => field.max_decimals(6),
    };
    let response = ui.add(field).accessible_name(format!("Value of {name}"));
    dragged |= response.dragged();

    let value = number.written(shown);
    if shown != before && value != number.written(before) {
        frame.send(Operation::SetParam {
            block,
            value,
            continues: held.is_some(),
        });
        frame.view.selected = Some(block);
        if dragged {
            frame.view.param = Some(Held::Dragged(block, shown));
        }
    } else if shown != before && held.is_some() {
        frame.view.param = Some(Held::Dragged(block, shown));
    }
    if held.is_some() && !dragged {
        frame.view.param = None;
    }
}

fn choice_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, param: &ParamSpec) {
    let shown = param.value.to_string();
    let label = format!("Value of {name}: {shown}");
    let button = ui.add(Button::new(&shown).icon(Icon::Down).name(&label));
    menu::popup(&button, |ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for choice in &param.choices {
                let mark = if *choice == param.value { "now" } else { "" };
                if menu::item(ui, &choice.to_string(), mark, true).clicked() {
                    if *choice != param.value {
                        frame.send(Operation::SetParam {
                            block,
                            value: choice.clone(),
                            continues: false,
                        });
                    }
                    ui.close();
                }
            }
        });
    });
}

fn typed_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, param: &ParamSpec) {
    let now = param.value.text().unwrap_or_default();
    let mut text = match &frame.view.param {
        Some(Held::Typed(of, text)) if *of == block => text.clone(),
        _ => now.to_owned(),
    };
    let response = egui::TextEdit::singleline(&mut text)
        .font(fonts::regular(font::BODY))
        .desired_width(SLIDER)
        .align(egui::Align2::LEFT_CENTER)
        .show(ui)
        .response
        .response
        .accessible_name(format!("Value of {name}"));
    if response.has_focus() {
        frame.view.param = Some(Held::Typed(block, text));
    } else if response.lost_focus() {
        frame.view.param = None;
        let kept = !ui.input(|input| input.key_pressed(Key::Escape));
        if kept && text != now {
            frame.send(Operation::SetParam {
                block,
                value: ParamValue::Text(text),
                continues: false,
            });
        }
        ui.memory_mut(|memory| memory.request_focus(block_id(block)));
    }
}
