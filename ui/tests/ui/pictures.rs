//! Pictures of the window, painted without a display. They are written to `target/pictures/` to be looked at; the test
//! asserts only what holds on every machine: that the window is painted in its theme's colours.

use crate::support::{
    Window, binary, charts, flights, multiclass, notebook_mut, of, painted, preflight, regression, reported,
    trained, welcome,
};
use aloft_protocol::Snapshot;
use aloft_protocol::operation::Theme;
use aloft_protocol::snapshot::{BlockContent, CellState, Question};
use aloft_spec::CellKind;
use aloft_spec::param::{ParamKind, ParamSpec, ParamValue};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

const WINDOW: [f32; 2] = [1440.0, 900.0];

/// Writes the picture, and says which share of it has exactly this colour.
fn share_of(harness: &mut Harness<'_, Window>, name: &str, color: [u8; 3]) -> f64 {
    let picture = harness.render().unwrap();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    picture.save(folder.join(format!("{name}.png"))).unwrap();
    let same = picture.pixels().filter(|pixel| pixel.0[..3] == color).count();
    same as f64 / picture.pixels().len() as f64
}

fn themed(theme: Theme, snapshot: Snapshot) -> Snapshot {
    Snapshot { theme, ..snapshot }
}

#[test]
fn the_window_is_painted_in_both_themes() {
    for (theme, name, panel) in [
        (Theme::Light, "light", [0xf4, 0xf4, 0xf2]),
        (Theme::Dark, "dark", [0x14, 0x17, 0x1b]),
    ] {
        let mut harness = painted(themed(theme, flights()), WINDOW);
        harness.run();
        harness.get_by_label_contains("Go to late").click();
        harness.run();
        let share = share_of(&mut harness, name, panel);
        assert!(
            share > 0.2,
            "{name}: the panels cover only {share:.2} of the picture"
        );
    }
}

#[test]
fn a_sweep_shows_its_trials() {
    let mut harness = painted(themed(Theme::Light, crate::sweeps::listed()), WINDOW);
    harness.run();
    harness
        .get_by_label("Show the trials of late_search, 2 trials")
        .click();
    harness.run();
    let share = share_of(&mut harness, "sweep", [0xf4, 0xf4, 0xf2]);
    assert!(share > 0.1, "the panels cover only {share:.2} of the picture");
}

#[test]
fn a_trained_cell_shows_its_metrics() {
    let mut harness = painted(themed(Theme::Light, trained()), WINDOW);
    harness.run();
    harness.get_all_by_label("All rows").next().unwrap().click();
    harness.run();
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    share_of(&mut harness, "trained", [0; 3]);
    harness.get_by_label_contains("Go to broken").click();
    harness.run();
    share_of(&mut harness, "lower", [0; 3]);
    harness.get_by_label_contains("log loss");
}

#[test]
fn the_start_is_painted() {
    for (theme, name, ground) in [
        (Theme::Light, "welcome_light", [0xfb, 0xfb, 0xfa]),
        (Theme::Dark, "welcome_dark", [0x10, 0x12, 0x15]),
    ] {
        let mut harness = painted(themed(theme, welcome()), WINDOW);
        harness.run();
        let share = share_of(&mut harness, name, ground);
        assert!(
            share > 0.6,
            "{name}: the ground covers only {share:.2} of the picture"
        );
    }
}

#[test]
fn dialogs_are_painted() {
    let mut snapshot = themed(Theme::Light, flights());
    snapshot.question = Some(Question::Preflight {
        target: "lab".into(),
        preflight: Some(Box::new(preflight())),
    });
    let mut harness = painted(snapshot, WINDOW);
    harness.run();
    share_of(&mut harness, "preflight", [0; 3]);
    harness.state_mut().snapshot.question = None;
    harness.run();
    harness.get_by_label("Column carrier, str").click();
    harness.run();
    harness.get_by_label("Run a command…").click();
    harness.run();
    share_of(&mut harness, "palette", [0; 3]);
    harness.get_by_label("Find a command");
}

#[test]
fn a_narrow_window_has_room_for_the_notebook() {
    let mut harness = painted(themed(Theme::Light, flights()), [820.0, 700.0]);
    harness.run();
    let share = share_of(&mut harness, "narrow", [0xff, 0xff, 0xff]);
    assert!(share > 0.1, "cards cover only {share:.2} of the picture");
}

#[test]
fn charts_and_forms_are_painted() {
    let mut harness = painted(themed(Theme::Light, charts()), [1000.0, 3300.0]);
    harness.run();
    share_of(&mut harness, "charts", [0; 3]);
    let accent = share_of(&mut harness, "charts", [0x2f, 0x62, 0xd9]);
    assert!(accent > 0.001, "nothing is painted in the accent");

    let mut harness = painted(themed(Theme::Dark, flights()), WINDOW);
    harness.run();
    harness.get_by_label("Column temp, f64").click();
    harness.key_press(egui::Key::F1);
    harness.run();
    share_of(&mut harness, "shortcuts", [0; 3]);
    harness.key_press(egui::Key::Escape);
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::P);
    harness.run();
    harness.get_by_label("Find a command").type_text("manage");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    share_of(&mut harness, "targets", [0; 3]);
    harness.get_by_label("Add a target…").click();
    harness.run();
    share_of(&mut harness, "target_form", [0; 3]);
    harness.get_by_label("Host");
}

#[test]
fn what_is_empty_teaches() {
    let mut snapshot = themed(Theme::Light, flights());
    notebook_mut(&mut snapshot).blocks.truncate(1);
    snapshot.notices = vec![aloft_protocol::snapshot::Notice {
        id: aloft_protocol::NoticeId(1),
        good: false,
        code: None,
        message: "The disk is full: the checkpoint of epoch 7 couldn't be written".into(),
        hint: Some("free 31 MB, then resume the run".into()),
    }];
    let mut harness = painted(snapshot, WINDOW);
    harness.run();
    share_of(&mut harness, "empty", [0; 3]);
    harness.get_by_label("Read data/flights.parquet");
}

#[test]
fn asking_is_painted() {
    let mut snapshot = themed(Theme::Light, flights());
    let notebook = notebook_mut(&mut snapshot);
    let mut param = crate::support::cell(
        40,
        "least",
        CellKind::Param,
        "kind = \"number\"\nvalue = 15\nmin = 0\nmax = 60\n",
    );
    if let BlockContent::Cell(cell) = &mut param.content {
        cell.state = CellState::Done {
            seconds: 0.0,
            cached: false,
        };
        cell.param = Some(ParamSpec {
            kind: ParamKind::Number,
            value: ParamValue::Integer(15),
            min: Some(ParamValue::Integer(0)),
            max: Some(ParamValue::Integer(60)),
            step: None,
            choices: Vec::new(),
        });
    }
    notebook.blocks.insert(1, param);
    of(notebook, 8).first_line = 48;
    let mut harness = painted(snapshot, WINDOW);
    harness.run();
    harness.get_by_label("Ask about temp").click();
    harness.run();
    share_of(&mut harness, "ask_column", [0; 3]);
    harness.get_by_label("Count in stretches");
    harness.key_press(egui::Key::Escape);
    harness.run();
    harness.get_by_label("Cells of joined").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowRight);
    harness.run();
    share_of(&mut harness, "ask_cells", [0; 3]);
    harness.get_by_label_contains("Go to broken").click();
    harness.run();
    harness.get_by_label("Text of broken").focus();
    harness.run();
    harness.get_by_label("Text of broken").type_text(" WHERE t");
    harness.run();
    share_of(&mut harness, "ask_completion", [0; 3]);
    harness.get_by_label("temp, f64");
}

#[test]
fn reports_are_painted() {
    for (theme, name, report, tabs) in [
        (Theme::Light, "binary", binary(), ["Result", "Errors"]),
        (Theme::Dark, "multiclass", multiclass(), ["Errors", "Columns"]),
        (Theme::Light, "regression", regression(), ["Result", "Errors"]),
    ] {
        let mut harness = painted(themed(theme, reported(report)), [1320.0, 1800.0]);
        harness.run();
        for tab in tabs {
            harness.get_by_label(tab).click();
            harness.run();
            share_of(&mut harness, &format!("report_{name}_{tab}"), [0; 3]);
            harness.get_by_label_contains("test rows, run on");
        }
    }
}
