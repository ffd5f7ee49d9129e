//! Tables: questions by clicks, selection and copying by keys and pointer, pages; by the names that a screen reader reads.

use crate::support::{Window, asked, flights, notebook_mut, of, press, window};
use aloft_protocol::snapshot::{PageView, Thumbnail, Thumbnails};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::ask::{Ask, Condition, JoinKeys};
use aloft_spec::{CellKind, Output};
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::Arc;

const JOINED: BlockId = BlockId(3);

fn shown() -> Harness<'static, Window> {
    let mut snapshot = flights();
    of(notebook_mut(&mut snapshot), 3).joins = vec![JoinKeys {
        table: "weather".into(),
        keys: vec!["origin".into(), "time_hour".into()],
    }];
    let mut harness = window(snapshot, [1440.0, 900.0]);
    harness.run();
    harness
}

fn choose(harness: &mut Harness<'_, Window>, column: &str, entry: &str) -> Vec<Operation> {
    harness.get_by_label(&format!("Ask about {column}")).click();
    harness.run();
    harness.get_by_label(entry).click();
    harness.run();
    assert!(
        harness.query_by_label("Sort ascending").is_none(),
        "the menu closes"
    );
    asked(harness)
}

fn ask(ask: Ask) -> Vec<Operation> {
    vec![Operation::Ask { block: JOINED, ask }]
}

fn filter(column: &str, condition: Condition) -> Vec<Operation> {
    ask(Ask::Filter {
        column: column.into(),
        condition,
    })
}

#[test]
fn the_menu_of_a_column_asks_every_kind_of_question() {
    let mut harness = shown();
    let sort = |descending| {
        ask(Ask::Sort {
            column: "distance".into(),
            descending,
        })
    };
    assert_eq!(choose(&mut harness, "distance", "Sort ascending"), sort(false));
    assert_eq!(choose(&mut harness, "distance", "Sort descending"), sort(true));
    assert_eq!(
        choose(&mut harness, "carrier", "Only carrier = UA"),
        filter("carrier", Condition::Is { value: "UA".into() })
    );
    assert_eq!(
        choose(&mut harness, "temp", "Only rows without a value"),
        filter("temp", Condition::Missing)
    );
    assert_eq!(
        choose(&mut harness, "carrier", "Count by value"),
        ask(Ask::Group {
            column: "carrier".into()
        })
    );
    assert_eq!(
        choose(&mut harness, "temp", "Count in stretches"),
        ask(Ask::Bin {
            column: "temp".into()
        })
    );
    let join = JoinKeys {
        table: "weather".into(),
        keys: vec!["origin".into(), "time_hour".into()],
    };
    assert_eq!(
        choose(&mut harness, "carrier", "Join weather by origin, time_hour"),
        ask(Ask::Join(join))
    );
    let column = || "temp".to_owned();
    assert_eq!(
        choose(&mut harness, "temp", "Chart this column"),
        [Operation::ChartColumn {
            block: JOINED,
            column: column()
        }]
    );
    assert_eq!(
        choose(&mut harness, "temp", "Predict it"),
        [Operation::PredictColumn {
            block: JOINED,
            column: column()
        }]
    );
}

#[test]
fn a_range_is_typed_and_kept() {
    let mut harness = shown();
    harness.get_by_label("Ask about distance").click();
    harness.run();
    assert_eq!(harness.get_by_label("Least").value().as_deref(), Some("17"));
    harness.get_by_label("Greatest").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("Greatest").type_text("500");
    harness.run();
    assert!(
        harness.query_by_label("Least").is_some(),
        "typing doesn't close the menu"
    );
    harness.get_by_label("Keep this range").click();
    harness.run();
    let between = Condition::Between {
        min: Some("17".into()),
        max: Some("500".into()),
    };
    assert_eq!(asked(&mut harness), filter("distance", between));
}

#[test]
fn a_right_click_on_the_header_opens_the_same_menu() {
    let mut harness = shown();
    harness.get_by_label("Column carrier, str").click_secondary();
    harness.run();
    harness.get_by_label("Sort ascending").click();
    harness.run();
    let sort = ask(Ask::Sort {
        column: "carrier".into(),
        descending: false,
    });
    assert_eq!(asked(&mut harness), sort);
}

fn cells(harness: &Harness<'_, Window>) -> String {
    harness
        .get_by_label_contains("Cells of joined")
        .accesskit_node()
        .label()
        .unwrap_or_default()
}

fn copied(harness: &mut Harness<'_, Window>) -> String {
    harness.event(Event::Copy);
    harness.step();
    let commands = &harness.output().platform_output.commands;
    let text = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    harness.run();
    text.unwrap_or_default()
}

#[test]
fn keys_move_through_the_cells_and_copy_them() {
    let mut harness = shown();
    assert_eq!(cells(&harness), "Cells of joined");
    harness.get_by_label("Cells of joined").focus();
    harness.run();
    assert!(cells(&harness).starts_with("Cells of joined, carrier in row 1: "));
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(cells(&harness), "Cells of joined, distance in row 1: 200");
    assert_eq!(copied(&mut harness), "200");
    press(&mut harness, Modifiers::SHIFT, Key::ArrowDown);
    press(&mut harness, Modifiers::SHIFT, Key::ArrowRight);
    let lines = copied(&mut harness);
    assert_eq!(
        lines
            .lines()
            .map(|line| line.split('\t').count())
            .collect::<Vec<_>>(),
        [2, 2]
    );
    press(&mut harness, Modifiers::COMMAND, Key::End);
    assert!(
        cells(&harness).starts_with("Cells of joined, late in row 500: "),
        "{}",
        cells(&harness)
    );
    press(&mut harness, Modifiers::NONE, Key::PageUp);
    assert!(
        cells(&harness).starts_with("Cells of joined, late in row 489: "),
        "{}",
        cells(&harness)
    );
    press(&mut harness, Modifiers::NONE, Key::Home);
    assert!(cells(&harness).starts_with("Cells of joined, carrier in row 489: "));
    press(&mut harness, Modifiers::COMMAND, Key::A);
    assert_eq!(copied(&mut harness).lines().count(), 500);
    assert_eq!(
        asked(&mut harness),
        [],
        "no key of the table is a command of the notebook"
    );
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert_eq!(
        asked(&mut harness),
        [Operation::Remove { block: JOINED }],
        "the block has the keyboard again"
    );
}

#[test]
fn the_pointer_selects_and_a_cell_has_a_menu() {
    let mut harness = shown();
    let area = harness.get_by_label("Cells of joined").rect();
    let at = |x: f32, y: f32| Pos2::new(area.left() + x, area.top() + y);
    let click = |harness: &mut Harness<'_, Window>, at: Pos2, button| {
        for pressed in [true, false] {
            harness.event(Event::PointerMoved(at));
            harness.event(Event::PointerButton {
                pos: at,
                button,
                pressed,
                modifiers: Modifiers::NONE,
            });
        }
        harness.run();
    };
    click(&mut harness, at(20.0, 30.0), egui::PointerButton::Primary);
    assert!(
        cells(&harness).starts_with("Cells of joined, carrier in row 2: "),
        "{}",
        cells(&harness)
    );
    let carrier = copied(&mut harness);
    harness.drag_at(at(20.0, 5.0));
    harness.run();
    harness.hover_at(at(20.0, 40.0));
    harness.run();
    harness.hover_at(at(20.0, 60.0));
    harness.run();
    harness.drop_at(at(20.0, 60.0));
    harness.run();
    let lines = copied(&mut harness);
    assert!(
        lines.lines().count() >= 2 && lines.lines().nth(1) == Some(carrier.as_str()),
        "{lines}"
    );
    click(&mut harness, at(20.0, 180.0), egui::PointerButton::Secondary);
    harness.run();
    let only = harness.get_by_label_contains("Only carrier = ");
    let value = only
        .accesskit_node()
        .label()
        .unwrap()
        .replace("Only carrier = ", "");
    only.click();
    harness.run();
    assert_eq!(asked(&mut harness), filter("carrier", Condition::Is { value }));
}

#[test]
fn a_long_table_is_paged_through() {
    let mut harness = shown();
    let next = |harness: &mut Harness<'_, Window>, label: &str| {
        harness.get_by_label(label).click();
        harness.run();
        asked(harness)
    };
    harness.get_by_label("rows 1–500 of 50,000");
    let show = |first| vec![Operation::ShowPage { block: JOINED, first }];
    assert_eq!(
        next(&mut harness, "Rows before these of joined"),
        [],
        "there are none"
    );
    assert_eq!(next(&mut harness, "Rows after these of joined"), show(500));

    let cell = of(notebook_mut(&mut harness.state_mut().snapshot), 3);
    cell.page = Some(PageView {
        first: 500,
        table: None,
    });
    harness.run();
    harness.get_by_label("fetching rows from 501 on");
    let cell = of(notebook_mut(&mut harness.state_mut().snapshot), 3);
    let Some(Output::Table(output)) = &cell.output else {
        panic!("no table")
    };
    let mut table = (*output.table).clone();
    table.rows = 300;
    cell.page = Some(PageView {
        first: 500,
        table: Some(Arc::new(table)),
    });
    harness.run();
    harness.get_by_label("rows 501–800 of 50,000");
    harness.get_by_label("Table joined: 300 rows, 6 columns");
    harness.get_by_label("Cells of joined").focus();
    harness.run();
    assert!(cells(&harness).contains(" in row 501: "), "{}", cells(&harness));
    assert_eq!(next(&mut harness, "Rows before these of joined"), show(0));
}

#[test]
fn a_table_below_the_first_screenful_has_its_rows_too() {
    let mut harness = window(flights(), [1440.0, 320.0]);
    harness.run();
    let tables: Vec<egui::Rect> = harness
        .get_all_by_role(egui::accesskit::Role::Table)
        .map(|table| table.rect())
        .collect();
    assert!(tables.iter().any(|table| table.top() > 320.0), "{tables:?}");
    // A header and several rows.
    assert!(tables.iter().all(|table| table.height() > 200.0), "{tables:?}");
}

#[test]
fn a_column_is_made_wider_at_its_edge_and_fits_its_values() {
    let mut harness = shown();
    let width = |harness: &Harness<'_, Window>, name: &str| harness.get_by_label(name).rect().width();
    let (carrier, distance) = ("Column carrier, str", "Column distance, i64");
    let (before, other) = (width(&harness, carrier), width(&harness, distance));
    let edge = harness.get_by_label("Edge of carrier").rect().center();
    for (at, pressed) in [(0.0, Some(true)), (30.0, None), (60.0, None), (60.0, Some(false))] {
        let pos = edge + egui::vec2(at, 0.0);
        harness.hover_at(pos);
        harness.run();
        if let Some(pressed) = pressed {
            harness.event(Event::PointerButton {
                pos,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            harness.run();
        }
    }
    assert!((width(&harness, carrier) - before - 60.0).abs() < 3.0);
    assert_eq!(width(&harness, distance), other, "the others keep their widths");
    let asked = asked(&mut harness);
    let [
        Operation::KeepWidths {
            block: JOINED,
            widths,
        },
    ] = &asked[..]
    else {
        panic!("a column isn't chosen by that, and its width is kept once: {asked:?}")
    };
    assert_eq!((widths.len(), widths["distance"]), (6, other));
}

#[test]
fn the_wheel_goes_through_the_page_until_a_table_is_selected() {
    let mut harness = shown();
    let top = |harness: &Harness<'_, Window>| harness.get_by_label("Column carrier, str").rect().top();
    let at = harness.get_by_label("Cells of joined").rect().center();
    let turn = |harness: &mut Harness<'_, Window>| {
        harness.hover_at(at);
        harness.event(Event::MouseWheel {
            source: egui::MouseWheelSource::Wheel,
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -44.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
        });
        harness.run();
    };
    let before = top(&harness);
    turn(&mut harness);
    let moved = top(&harness);
    assert!(moved < before, "the page has moved");
    harness.get_by_label("Cells of joined").focus();
    harness.run();
    harness.key_press(Key::ArrowDown);
    harness.run();
    turn(&mut harness);
    assert_eq!(top(&harness), moved, "the rows have moved instead");
}

#[test]
fn pictures_in_rows_are_asked_for_once_and_painted() {
    let mut harness = shown();
    let joined = of(notebook_mut(&mut harness.state_mut().snapshot), 3);
    let Some(Output::Table(output)) = &mut joined.output else {
        panic!("a table")
    };
    let mut table = (*output.table).clone();
    table.columns[0].field.dtype = "binary".into();
    output.table = Arc::new(table);
    joined.pictures = vec!["carrier".into()];
    harness.run();
    let wanted = [Operation::ShowThumbnails {
        block: JOINED,
        columns: vec!["carrier".into()],
        first: 0,
        last: 10,
    }];
    assert_eq!(asked(&mut harness), wanted);
    let thumbnails = Thumbnails {
        column: "carrier".into(),
        first: 0,
        pictures: vec![
            Some(Thumbnail {
                size: [2, 1],
                rgba: vec![255; 8],
            }),
            None,
        ],
    };
    of(notebook_mut(&mut harness.state_mut().snapshot), 3).thumbnails = vec![Arc::new(thumbnails)];
    let textures = |harness: &Harness<'_, Window>| harness.ctx.tex_manager().read().num_allocated();
    let before = textures(&harness);
    harness.run();
    harness.run();
    assert_eq!(textures(&harness), before + 1, "one picture, loaded once");
    assert_eq!(asked(&mut harness), [], "what is there isn't asked for again");

    // On another page, and back again, when the session has dropped the first ones.
    let cell = of(notebook_mut(&mut harness.state_mut().snapshot), 3);
    let Some(Output::Table(output)) = &cell.output else {
        panic!("a table")
    };
    cell.page = Some(PageView {
        first: 640,
        table: Some(output.table.clone()),
    });
    cell.thumbnails.clear();
    harness.run();
    let further = Operation::ShowThumbnails {
        block: JOINED,
        columns: vec!["carrier".into()],
        first: 640,
        last: 650,
    };
    assert_eq!(asked(&mut harness), [further]);
    of(notebook_mut(&mut harness.state_mut().snapshot), 3).page = None;
    harness.run();
    assert_eq!(asked(&mut harness), wanted);
}

#[test]
fn pictures_of_several_tables_in_view_stay_loaded() {
    let mut snapshot = flights();
    let notebook = notebook_mut(&mut snapshot);
    let Some(Output::Table(output)) = of(notebook, 3).output.clone() else {
        panic!("a table")
    };
    let names: Vec<String> = output
        .table
        .columns
        .iter()
        .map(|column| column.field.name.clone())
        .collect();
    for (block, kind) in [(2, CellKind::Source), (3, CellKind::Query), (7, CellKind::Source)] {
        let cell = of(notebook, block);
        assert_eq!(cell.kind, kind);
        cell.output = Some(Output::Table(output.clone()));
        cell.pictures = names.clone();
        let picture = Thumbnail {
            size: [1, 1],
            rgba: vec![255; 4],
        };
        let of_column = |column: &String| {
            Arc::new(Thumbnails {
                column: column.clone(),
                first: 0,
                pictures: vec![Some(picture.clone()); 32],
            })
        };
        cell.thumbnails = names.iter().map(of_column).collect();
    }
    // Tables first, so that all are in one screenful.
    notebook.blocks.retain(|block| [2, 3, 7].contains(&block.id.0));
    let mut harness = window(snapshot, [1440.0, 1600.0]);
    harness.run();
    assert_eq!(asked(&mut harness), [], "they are there");
    let textures = |harness: &Harness<'_, Window>| harness.ctx.tex_manager().read().num_allocated();
    let before = textures(&harness);
    assert!(before >= 3 * 6 * 11, "one a row in view of each column: {before}");
    for _ in 0..3 {
        harness.step();
        let loaded = &harness.output().textures_delta;
        assert!(
            loaded.set.is_empty() && loaded.free.is_empty(),
            "nothing is loaded anew"
        );
    }
}
