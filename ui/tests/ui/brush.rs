//! Rows chosen in charts, charts saved and copied, and what says how far a scan is.

use crate::support::{Window, charts, every_chart, flights, notebook_mut, of, press, window};
use aloft_protocol::snapshot::{CellState, PictureView, Selected, SelectionView};
use aloft_protocol::{BlockId, Operation, Snapshot, TaskId};
use aloft_spec::ask::{Ask, Condition};
use aloft_spec::chart::Brush;
use aloft_spec::output::Output;
use aloft_ui::ShellRequest;
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::sync::Arc;

/// A place in a chart, by shares of its width and height.
fn place(harness: &Harness<'_, Window>, chart: usize, x: f32, y: f32) -> Pos2 {
    let label = format!("Chart chart_{chart}: {}", every_chart()[chart - 1].description);
    let rect = harness.get_by_label(&label).rect();
    pos2(rect.left() + rect.width() * x, rect.top() + rect.height() * y)
}

fn button(harness: &mut Harness<'_, Window>, pos: Pos2, pressed: bool) {
    harness.event(Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    });
    harness.run();
}

fn drag(harness: &mut Harness<'_, Window>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.run();
    button(harness, from, true);
    harness.hover_at(from.lerp(to, 0.5));
    harness.run();
    harness.hover_at(to);
    harness.run();
    button(harness, to, false);
}

/// What was chosen.
fn chosen(harness: &mut Harness<'_, Window>) -> Option<(BlockId, Brush)> {
    let operations = std::mem::take(&mut harness.state_mut().operations);
    operations.into_iter().find_map(|operation| match operation {
        Operation::SelectRows { block, brush } => Some((block, brush)),
        _ => None,
    })
}

fn window_of_charts() -> Harness<'static, Window> {
    let mut harness = window(charts(), [1200.0, 6000.0]);
    harness.run();
    harness
}

/// The snapshot with a choice of rows in the first chart, which the cell `joined` shows.
fn with_selection(mut snapshot: Snapshot, chart: BlockId) -> Snapshot {
    let notebook = notebook_mut(&mut snapshot);
    notebook.selection = Some(SelectionView {
        chart,
        brush: Brush::Range { low: 0.0, high: 9.0 },
        words: "dep_delay 0 to 9".into(),
        rows: Some((12_310, 50_000)),
        table: BlockId(3),
        filter: Ask::Filter {
            column: "dep_delay".into(),
            condition: Condition::Missing,
        },
    });
    of(notebook, 3).selected = Some(Selected::Shown);
    snapshot
}

#[test]
fn a_drag_chooses_a_range_of_the_axis() {
    let mut harness = window_of_charts();
    let (from, to) = (place(&harness, 1, 0.7, 0.5), place(&harness, 1, 0.4, 0.3));
    drag(&mut harness, from, to);
    let Some((_, Brush::Range { low, high })) = chosen(&mut harness) else {
        panic!("a range is chosen")
    };
    assert!(
        -11.0 < low && low < high && high < 49.0,
        "{low} to {high}, from the right to the left too"
    );
    assert!(
        (high - low - 18.0).abs() < 3.0,
        "about three tenths of the axis: {low} to {high}"
    );
}

#[test]
fn arrows_choose_in_a_chart_that_has_the_focus() {
    let mut harness = window_of_charts();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(chosen(&mut harness), None, "another control has the focus");
    let label = "Rows by dep_delay, chosen by the arrow keys";
    let chart = harness.get_all_by_label(label).next();
    chart.expect("the histogram").focus();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    let Some((_, Brush::Range { low, high })) = chosen(&mut harness) else {
        panic!("the first bar is chosen")
    };
    assert!(low < high);
    assert!(
        harness
            .get_all_by_label(label)
            .next()
            .is_some_and(|chart| chart.is_focused()),
        "the arrows stay in the chart"
    );
}

#[test]
fn arrows_choose_in_the_selected_chart() {
    let mut harness = window_of_charts();
    let range = |harness: &mut Harness<'_, Window>, modifiers, key| {
        press(harness, modifiers, key);
        match chosen(harness) {
            Some((block, Brush::Range { low, high })) => Some((block, low, high)),
            _ => None,
        }
    };
    let none = Modifiers::NONE;
    assert_eq!(
        range(&mut harness, none, Key::ArrowRight),
        None,
        "no chart is selected"
    );
    harness.get_by_label_contains("Go to chart_1,").click();
    harness.run();
    let (block, low, high) = range(&mut harness, none, Key::ArrowRight).expect("the first bar");
    choose(&mut harness, block, low, high);
    let wider = range(&mut harness, Modifiers::SHIFT, Key::ArrowRight);
    assert!(
        wider.is_some_and(|(_, from, to)| from == low && to > high),
        "{wider:?}"
    );
    assert_eq!(range(&mut harness, Modifiers::ALT, Key::ArrowRight), None);

    // There is no bar before the first one, and the same choice again would take it back.
    assert_eq!(range(&mut harness, none, Key::ArrowLeft), None);
    press(&mut harness, none, Key::Escape);
    assert_eq!(harness.state().operations, [Operation::ClearSelection]);

    press(&mut harness, crate::support::CTRL, Key::P);
    assert_eq!(
        range(&mut harness, none, Key::ArrowRight),
        None,
        "the palette has the keys"
    );
}

/// What the session would answer to a choice.
fn choose(harness: &mut Harness<'_, Window>, chart: BlockId, low: f64, high: f64) {
    let mut snapshot = with_selection(harness.state().snapshot.clone(), chart);
    if let Some(selection) = &mut notebook_mut(&mut snapshot).selection {
        selection.brush = Brush::Range { low, high };
    }
    harness.state_mut().snapshot = snapshot;
    harness.run();
}

#[test]
fn a_click_chooses_a_bar_or_a_name() {
    let mut harness = window_of_charts();
    let click = |harness: &mut Harness<'_, Window>, chart: usize| {
        let at = place(harness, chart, 0.5, 0.6);
        harness.hover_at(at);
        harness.run();
        button(harness, at, true);
        button(harness, at, false);
        chosen(harness).map(|(_, brush)| brush)
    };
    let Some(Brush::Range { low, high }) = click(&mut harness, 1) else {
        panic!("a bin")
    };
    assert!((high - low - 2.0).abs() < 0.01, "{low} to {high}");
    let Some(Brush::Name { name }) = click(&mut harness, 2) else {
        panic!("a bar")
    };
    assert_eq!(name, "ExpressJet Airlines Inc.");
    // A matrix has no axis to choose on.
    let matrix = every_chart()
        .iter()
        .position(|chart| !chart.mark.has_brush())
        .unwrap();
    assert_eq!(click(&mut harness, matrix + 1), None);
}

#[test]
fn escape_ends_a_drag_and_takes_a_choice_back() {
    let mut harness = window_of_charts();
    let (from, to) = (place(&harness, 1, 0.4, 0.5), place(&harness, 1, 0.6, 0.5));
    harness.hover_at(from);
    harness.run();
    button(&mut harness, from, true);
    harness.hover_at(to);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    button(&mut harness, to, false);
    assert_eq!(chosen(&mut harness), None);

    let mut harness = window(with_selection(flights(), BlockId(4)), [1440.0, 900.0]);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().operations, [Operation::ClearSelection]);
    harness.state_mut().operations.clear();
    notebook_mut(&mut harness.state_mut().snapshot).selection = None;
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().operations, [], "there is nothing to clear");
}

#[test]
fn a_strip_says_which_rows_and_takes_the_choice_back() {
    let mut harness = window(with_selection(flights(), BlockId(4)), [1440.0, 1400.0]);
    harness.run();
    harness.get_by_label("Selection: 12,310 of 50,000 rows, dep_delay 0 to 9");
    harness.get_by_label("Clear the selection of joined").click();
    harness.run();
    assert_eq!(harness.state().operations, [Operation::ClearSelection]);
}

#[test]
fn a_choice_moves_nothing() {
    let mut harness = window_of_charts();
    let before = place(&harness, 1, 0.5, 1.0);
    let notebook = notebook_mut(&mut harness.state_mut().snapshot);
    let chart = notebook
        .blocks
        .iter_mut()
        .find_map(|block| match &mut block.content {
            aloft_protocol::snapshot::BlockContent::Cell(cell) if cell.name == "chart_1" => {
                cell.selected = Some(Selected::Here);
                Some(block.id)
            }
            _ => None,
        });
    let snapshot = harness.state().snapshot.clone();
    harness.state_mut().snapshot = with_selection(snapshot, chart.unwrap());
    harness.run();
    harness.get_by_label_contains("Selected here: ");
    assert_eq!(place(&harness, 1, 0.5, 1.0), before);
}

#[test]
fn the_chart_itself_offers_a_filter() {
    let mut snapshot = charts();
    let (id, name) = {
        let notebook = notebook_mut(&mut snapshot);
        let mut cells = notebook
            .blocks
            .iter_mut()
            .filter_map(|block| match &mut block.content {
                aloft_protocol::snapshot::BlockContent::Cell(cell) if cell.name == "chart_1" => {
                    Some((block.id, cell))
                }
                _ => None,
            });
        let (id, cell) = cells.next().unwrap();
        cell.selected = Some(Selected::Here);
        (id, cell.name.clone())
    };
    let mut harness = window(with_selection(snapshot, id), [1200.0, 6000.0]);
    harness.run();
    harness.get_by_label("Selected here: 12,310 of 50,000 rows, dep_delay 0 to 9");
    harness
        .get_by_label(&format!("Write the selection of {name} as a filter"))
        .click();
    harness.run();
    let ask = Ask::Filter {
        column: "dep_delay".into(),
        condition: Condition::Missing,
    };
    let block = BlockId(3);
    assert_eq!(harness.state().operations, [Operation::Ask { block, ask }]);
}

#[test]
fn a_chart_is_saved_and_copied_from_its_menu() {
    let mut harness = window_of_charts();
    let choose = |harness: &mut Harness<'_, Window>, entry: &str| {
        harness.get_by_label("More for chart_1").click();
        harness.run();
        harness.get_by_label(entry).click();
        harness.run();
    };
    choose(&mut harness, "Save chart…");
    let [ShellRequest::SaveChartDialog { block, name }] = &harness.state().shell[..] else {
        panic!("{:?}", harness.state().shell)
    };
    assert_eq!(name, "chart_1");
    let block = *block;
    choose(&mut harness, "Copy chart as a picture");
    assert_eq!(harness.state().operations, [Operation::CopyChart { block }]);
    let picture = PictureView {
        number: 1,
        size: [2, 1],
        rgba: vec![255; 8],
    };
    harness.state_mut().snapshot.picture = Some(Arc::new(picture));
    let mut copied = 0;
    for _ in 0..3 {
        harness.step();
        let commands = harness.output().platform_output.commands.iter();
        copied += commands
            .filter(|command| matches!(command, OutputCommand::CopyImage(image) if image.size == [2, 1]))
            .count();
    }
    assert_eq!(copied, 1, "it goes to the clipboard once");
}

#[test]
fn a_scan_says_how_far_it_is() {
    let mut snapshot = flights();
    let joined = of(notebook_mut(&mut snapshot), 3);
    joined.partial = true;
    joined.state = CellState::Running {
        task: TaskId(1),
        label: "running".into(),
        fraction: Some(0.25),
    };
    let Some(Output::Table(output)) = &mut joined.output else {
        panic!("a table")
    };
    output.extent.rows = 2_000_000;
    output.extent.total = Some(84_313_201);
    let mut harness = window(snapshot, [1440.0, 1400.0]);
    harness.run();
    harness.get_by_label("so far: 2,000,000 of 84,313,201 rows");
    harness.get_by_label("Stop joined");
}
