//! The controls of parameters, by the names that a screen reader reads.

use crate::support::{Window, cell, flights, notebook_mut, window};
use aloft_protocol::snapshot::BlockContent;
use aloft_protocol::{BlockId, Operation, Snapshot};
use aloft_spec::CellKind;
use aloft_spec::param::{ParamKind, ParamSpec, ParamValue};
use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

const BLOCK: BlockId = BlockId(40);

fn param(kind: ParamKind, value: ParamValue) -> ParamSpec {
    ParamSpec {
        kind,
        value,
        min: None,
        max: None,
        step: None,
        choices: Vec::new(),
    }
}

fn with(spec: ParamSpec) -> Snapshot {
    let mut snapshot = flights();
    let mut block = cell(40, "least", CellKind::Param, "kind = \"number\"\nvalue = 15\n");
    if let BlockContent::Cell(cell) = &mut block.content {
        cell.param = Some(spec);
    }
    notebook_mut(&mut snapshot).blocks.insert(0, block);
    snapshot
}

fn shown(spec: ParamSpec) -> Harness<'static, Window> {
    let mut harness = window(with(spec), [1440.0, 900.0]);
    harness.run();
    harness
}

fn asked(harness: &mut Harness<'_, Window>) -> Vec<(ParamValue, bool)> {
    std::mem::take(&mut harness.state_mut().operations)
        .into_iter()
        .map(|operation| match operation {
            Operation::SetParam {
                block: BLOCK,
                value,
                continues,
            } => (value, continues),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn bounded() -> ParamSpec {
    ParamSpec {
        min: Some(ParamValue::Integer(0)),
        max: Some(ParamValue::Integer(60)),
        ..param(ParamKind::Number, ParamValue::Integer(15))
    }
}

#[test]
fn a_number_with_bounds_is_a_slider_that_keys_move() {
    let mut harness = shown(bounded());
    harness.get_by_label("Slider of least").focus();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(asked(&mut harness), [(ParamValue::Integer(16), false)]);
    assert!(
        harness.query_by_label("Run least").is_none(),
        "it has its value without being run"
    );
}

#[test]
fn a_drag_is_one_step_of_undo() {
    let mut harness = shown(bounded());
    let slider = harness.get_by_label("Slider of least").rect();
    let at = |share: f32| Pos2::new(slider.left() + slider.width() * share, slider.center().y);
    harness.drag_at(at(0.3));
    harness.run();
    for share in [0.4, 0.5, 0.6] {
        harness.hover_at(at(share));
        harness.run();
    }
    harness.drop_at(at(0.6));
    harness.run();
    let steps = asked(&mut harness);
    assert!(steps.len() >= 3, "{steps:?}");
    let continues: Vec<bool> = steps.iter().map(|(_, continues)| *continues).collect();
    assert_eq!(
        continues.iter().filter(|continues| !**continues).count(),
        1,
        "{steps:?}"
    );
    assert!(!continues[0]);
    let ParamValue::Integer(last) = steps[steps.len() - 1].0 else {
        panic!("a whole number stays one: {steps:?}")
    };
    assert!((34..=38).contains(&last), "{last}");
    // What the user has let go of is what the session says again.
    harness.get_by_label("Slider of least").focus();
    harness.run();
    harness.key_press(Key::ArrowLeft);
    harness.run();
    assert_eq!(asked(&mut harness), [(ParamValue::Integer(14), false)]);
}

#[test]
fn steps_hold_and_have_no_rounding_errors() {
    let spec = ParamSpec {
        min: Some(ParamValue::Integer(0)),
        max: Some(ParamValue::Integer(1)),
        step: Some(0.1),
        ..param(ParamKind::Number, ParamValue::Float(0.2))
    };
    let mut harness = shown(spec);
    harness.get_by_label("Slider of least").focus();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(asked(&mut harness), [(ParamValue::Float(0.3), false)]);
}

#[test]
fn one_of_several_is_chosen_in_a_menu() {
    let spec = ParamSpec {
        choices: vec![ParamValue::Text("AA".into()), ParamValue::Text("UA".into())],
        ..param(ParamKind::Choice, ParamValue::Text("AA".into()))
    };
    let mut harness = shown(spec);
    harness.get_by_label("Value of least: AA").click();
    harness.run();
    harness.get_by_label("UA").click();
    harness.run();
    assert_eq!(asked(&mut harness), [(ParamValue::Text("UA".into()), false)]);
}

#[test]
fn a_date_is_typed_as_a_date_and_anything_else_changes_nothing() {
    let mut harness = shown(param(ParamKind::Date, ParamValue::Text("2013-06-30".into())));
    let mut typed = |text: &str| {
        harness.get_by_label("Value of least").click();
        harness.run();
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.get_by_label("Value of least").type_text(text);
        harness.run();
        harness.key_press(Key::Enter);
        harness.run();
        asked(&mut harness)
    };
    assert_eq!(
        typed("2013-07-01"),
        [(ParamValue::Text("2013-07-01".into()), false)]
    );
    assert_eq!(typed("2013-02-30"), []);
    assert_eq!(typed("soon"), []);
}

#[test]
fn a_text_is_kept_by_enter_and_left_by_escape() {
    let mut harness = shown(param(ParamKind::Text, ParamValue::Text("UA".into())));
    let mut typed = |end| {
        harness.get_by_label("Value of least").focus();
        harness.run();
        harness.get_by_label("Value of least").type_text("X");
        harness.run();
        harness.key_press(end);
        harness.run();
        asked(&mut harness)
    };
    assert_eq!(typed(Key::Enter), [(ParamValue::Text("UAX".into()), false)]);
    assert_eq!(typed(Key::Escape), []);
}
