//! The window as a whole: how it was left, how it is walked through, and what a frame costs.

use crate::support::{
    CTRL, CTRL_SHIFT, WINDOW, Window, asked, click, flights, notebook_mut, of, press, trained, window,
};
use aloft_protocol::snapshot::{BlockContent, CellState, TaskView};
use aloft_protocol::{Operation, TaskId};
use aloft_spec::window::{Panels, Widths, WindowState};
use aloft_spec::{Code, Problem};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::Arc;

#[test]
fn fifty_thousand_rows_cost_what_is_seen_of_them() {
    let shapes = |rows| {
        let mut harness = window(crate::support::flights_of(rows), WINDOW);
        harness.run();
        harness.output().shapes.len()
    };
    let (few, many) = (shapes(40), shapes(50_000));
    assert!(
        many <= few + 8,
        "a frame paints {many} shapes of a long table and {few} of a short one"
    );
}

#[test]
fn every_panel_is_reached_by_its_number() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL, Key::Num1);
    let mut rows = harness.get_all_by_label("late_arrivals");
    assert!(rows.any(|row| row.is_focused()));
    drop(rows);
    press(&mut harness, CTRL, Key::Num3);
    assert!(harness.get_by_label("Column").is_focused());
    press(&mut harness, CTRL, Key::Num2);
    press(&mut harness, Modifiers::NONE, Key::F1);
    harness.get_by_label("With a block selected");
}

#[test]
fn a_window_at_rest_paints_nothing() {
    let mut harness = window(flights(), WINDOW);
    let rests = |harness: &Harness<'_, Window>| {
        let mut outputs = harness.output().viewport_output.values();
        outputs.all(|output| output.repaint_delay == std::time::Duration::MAX)
    };
    harness.run();
    harness.run_steps(2);
    assert!(rests(&harness), "the notebook is painted again and again");
    harness.get_by_label("Text of joined").focus();
    harness.run();
    harness.run_steps(2);
    assert!(harness.get_by_label("Text of joined").is_focused());
    assert!(
        rests(&harness),
        "a text with the keyboard is painted again and again"
    );
}

#[test]
fn a_notebook_of_wide_tables_takes_the_window() {
    let mut harness = window(flights(), [1920.0, 900.0]);
    harness.run();
    let width = |harness: &Harness<'_, Window>| harness.get_by_label("Text of joined").rect().width();
    let narrow = width(&harness);
    press(&mut harness, CTRL_SHIFT, Key::W);
    assert!(width(&harness) > narrow * 1.4);
    let panels = Panels {
        wide: true,
        ..Panels::default()
    };
    assert_eq!(
        asked(&mut harness),
        [Operation::KeepPanels { panels }],
        "said once"
    );
    press(&mut harness, CTRL_SHIFT, Key::W);
    assert_eq!(width(&harness), narrow);
}

#[test]
fn a_window_is_as_it_was_left() {
    let mut snapshot = flights();
    let project = snapshot.project.as_mut().unwrap();
    let widths: Widths = [("carrier", 300.0), ("distance", 140.0)]
        .map(|(column, width)| (column.to_owned(), width))
        .into();
    let cells = [("joined".to_owned(), widths)].into();
    project.window = Arc::new(WindowState {
        panels: Panels {
            wide: true,
            inspector_hidden: true,
            ..Panels::default()
        },
        widths: [("notebooks/late_arrivals.aloft.md".to_owned(), cells)].into(),
    });
    let mut harness = window(snapshot, [1920.0, 900.0]);
    harness.run();
    assert!(harness.get_by_label("Text of joined").rect().width() > 1500.0);
    assert!(harness.query_by_label("Where it runs").is_none());
    let width = |name| harness.get_by_label(name).rect().width();
    assert_eq!(
        (width("Column carrier, str"), width("Column distance, i64")),
        (300.0, 140.0)
    );
    assert_eq!(asked(&mut harness), [], "nothing has changed");
}

#[test]
fn everything_is_painted_as_large_as_it_was_left() {
    let mut snapshot = flights();
    snapshot.zoom_percent = Some(150);
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    assert_eq!(harness.ctx.zoom_factor(), 1.5);
    press(&mut harness, CTRL, Key::Minus);
    assert_eq!(asked(&mut harness), [Operation::KeepZoom { percent: 140 }]);
    assert_eq!(harness.ctx.zoom_factor(), 1.4);
    press(&mut harness, CTRL, Key::Num0);
    assert_eq!(asked(&mut harness), [Operation::KeepZoom { percent: 100 }]);
    press(&mut harness, CTRL, Key::Equals);
    assert_eq!(asked(&mut harness), [Operation::KeepZoom { percent: 110 }]);
}

#[test]
fn what_waits_is_counted_and_stopped_at_once() {
    let mut snapshot = flights();
    let task = |id, label: &str, waiting| TaskView {
        id: TaskId(id),
        label: label.into(),
        fraction: None,
        waiting,
        stoppable: true,
    };
    snapshot.tasks = vec![
        task(1, "Running joined", false),
        task(2, "Running late", true),
        task(3, "Running broken", true),
    ];
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    harness.get_by_label("Running joined");
    assert!(
        harness.query_by_label("Running late").is_none(),
        "it doesn't run yet"
    );
    harness.get_by_label("2 waiting");
    click(&mut harness, "Stop all that waits");
    let stop = |task| Operation::Stop { task: TaskId(task) };
    assert_eq!(asked(&mut harness), [stop(2), stop(3)]);
    press(&mut harness, CTRL_SHIFT, Key::P);
    harness.get_by_label("Find a command").type_text("stop all");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut harness), [stop(1), stop(2), stop(3)]);
}

#[test]
fn the_sheet_of_keys_is_closed_by_its_button() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::F1);
    harness.get_by_label("F1, Ctrl /");
    harness.get_by_label("In the cells of a table");
    click(&mut harness, "Close");
    assert!(harness.query_by_label("In the cells of a table").is_none());
}

#[test]
fn long_names_leave_room_for_what_can_be_done() {
    let mut snapshot = flights();
    let long = "a_name_that_is_much_longer_than_what_any_head_has_room_for_beside_its_buttons";
    let notebook = notebook_mut(&mut snapshot);
    for block in [2, 3, 5, 6] {
        of(notebook, block).name = format!("{long}_{block}");
    }
    of(notebook, 5).state = CellState::Failed {
        problem: Problem::new(Code::WorkerDied, "the process is gone"),
    };
    let mut harness = window(snapshot, [1080.0, 2400.0]);
    harness.run();
    let inspector = harness.get_by_label("Where it runs").rect();
    assert!(
        inspector.left() > 1080.0 - 340.0,
        "the inspector keeps its width: {inspector:?}"
    );
    let buttons = ["Run", "Run", "Train", "Run"].iter().zip([2, 3, 5, 6]);
    for (verb, block) in buttons {
        let name = format!("{long}_{block}");
        let button = harness.get_by_label(&format!("{verb} {name}")).rect();
        let names: Vec<egui::Rect> = harness.get_all_by_label(&name).map(|node| node.rect()).collect();
        let head = names
            .iter()
            .find(|rect| rect.y_range().contains(button.center().y));
        let head = head.unwrap_or_else(|| panic!("{name} has no head: {names:?}"));
        assert!(head.right() < button.left(), "{name}: {head:?} {button:?}");
        assert!(head.width() > 20.0, "something of it is seen: {head:?}");
    }
}

#[test]
fn tab_goes_through_the_whole_window_and_changes_nothing() {
    let mut harness = window(trained(), WINDOW);
    harness.run();
    let mut seen = Vec::new();
    for _ in 0..70 {
        press(&mut harness, Modifiers::NONE, Key::Tab);
        let nodes = harness.root().children_recursive();
        let focused = nodes.into_iter().find(egui_kittest::Node::is_focused);
        seen.extend(focused.and_then(|node| node.accesskit_node().label()));
    }
    let text = seen.iter().position(|label| label == "Text of flights");
    let next = seen.iter().position(|label| label == "Text of joined");
    assert!(text.is_some() && text < next, "{seen:?}");
    let sent = asked(&mut harness);
    let edits = sent
        .iter()
        .filter(|operation| matches!(operation, Operation::EditText { .. }));
    assert_eq!(edits.count(), 0);

    // Whoever has begun to write indents.
    harness.get_by_label("Run joined").focus();
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(harness.get_by_label("Text of joined").is_focused());
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(harness.get_by_label("Text of joined").is_focused());
    assert!(matches!(asked(&mut harness)[..], [Operation::EditText { .. }]));
}

#[test]
fn cells_out_of_view_cost_nothing() {
    let shapes = |cells: u64| {
        let mut snapshot = flights();
        let notebook = notebook_mut(&mut snapshot);
        let joined = of(notebook, 3).clone();
        for id in 100..100 + cells {
            let mut block = crate::support::cell(id, &format!("q{id}"), joined.kind.clone(), "SELECT 1\n");
            block.content = BlockContent::Cell(joined.clone());
            notebook.blocks.push(block);
        }
        let mut harness = window(snapshot, WINDOW);
        harness.run();
        harness.output().shapes.len()
    };
    let (few, many) = (shapes(20), shapes(60));
    assert!(
        many <= few + 8,
        "a frame of 60 cells paints {many} shapes, one of 20 {few}"
    );
}
