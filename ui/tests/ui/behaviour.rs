//! What the window asks for when it is used, by the names that a screen reader reads.

use crate::support::{Window, flights, notebook_mut, of, preflight, welcome, window};
use aloft_protocol::operation::{CloseChoice, Rows};
use aloft_protocol::snapshot::{BlockContent, CellState, Notice, Question};
use aloft_protocol::{BlockId, NoticeId, Operation, TaskId};
use aloft_spec::profile::{Association, Associations, Gaps, Lengths, Measure};
use aloft_spec::{CellKind, Code, Output};
use aloft_ui::ShellRequest;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::sync::Arc;

const WINDOW: [f32; 2] = [1440.0, 900.0];
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

fn press(harness: &mut Harness<'_, Window>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

fn click(harness: &mut Harness<'_, Window>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

fn asked(harness: &mut Harness<'_, Window>) -> Vec<Operation> {
    std::mem::take(&mut harness.state_mut().operations)
}

#[test]
fn the_start_lists_examples_and_opens_one() {
    let mut harness = window(welcome(), WINDOW);
    harness.run();
    harness.get_by_label("Which penguin is it?");
    click(&mut harness, "Which flights arrive late?");
    assert_eq!(
        asked(&mut harness),
        [Operation::OpenExample {
            name: "flights".into()
        }]
    );
    click(&mut harness, "Open late-arrivals");
    let path = "/home/ada/late-arrivals".into();
    assert_eq!(asked(&mut harness), [Operation::Open { path }]);
    click(&mut harness, "Take energy out of this list");
    let path = "/home/ada/work/energy".into();
    assert_eq!(asked(&mut harness), [Operation::ForgetRecent { path }]);
    click(&mut harness, "Open folder…");
    assert_eq!(harness.state().shell, [ShellRequest::OpenFolderDialog]);
}

#[test]
fn typing_in_a_cell_edits_its_text_and_keeps_its_line_ends() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label("Text of flights").focus();
    harness.run();
    harness.get_by_label("Text of flights").type_text("# why");
    harness.run();
    let text = "path = \"data/flights.parquet\"\nclass = \"internal\"# why\n".into();
    assert_eq!(
        asked(&mut harness),
        [Operation::EditText {
            block: BlockId(2),
            text
        }]
    );
}

#[test]
fn what_was_typed_stays_on_the_screen_until_the_session_has_it_and_undo_takes_it_away() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label("Text of flights").focus();
    harness.run();
    harness.get_by_label("Text of flights").type_text("x");
    harness.run();
    let value = |harness: &Harness<'_, Window>| harness.get_by_label("Text of flights").value().unwrap();
    assert!(value(&harness).ends_with("\"internal\"x"));
    let blocks = &mut notebook_mut(&mut harness.state_mut().snapshot).blocks;
    blocks[1].text = "path = \"other\"\n".into();
    blocks[1].text_revision += 1;
    harness.run();
    assert_eq!(value(&harness), "path = \"other\"");
}

#[test]
fn undo_goes_to_the_session_even_while_a_text_has_the_keyboard() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label("Text of joined").focus();
    harness.run();
    harness.get_by_label("Text of joined").type_text(" LIMIT 5");
    harness.run();
    assert_eq!(asked(&mut harness).len(), 1);
    notebook_mut(&mut harness.state_mut().snapshot).can_redo = true;
    press(&mut harness, CTRL, Key::Z);
    press(&mut harness, CTRL_SHIFT, Key::Z);
    press(&mut harness, CTRL, Key::Y);
    assert_eq!(
        asked(&mut harness),
        [Operation::Undo, Operation::Redo, Operation::Redo]
    );
    notebook_mut(&mut harness.state_mut().snapshot).can_undo = false;
    press(&mut harness, CTRL, Key::Z);
    assert_eq!(
        asked(&mut harness),
        [],
        "there is nothing to take back, and the text keeps its letters"
    );
}

#[test]
fn keys_run_cells() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label("Text of joined").focus();
    harness.run();
    press(&mut harness, CTRL, Key::Enter);
    let run = |block| Operation::Run {
        block: BlockId(block),
        rows: Rows::Sample,
    };
    assert_eq!(asked(&mut harness), [run(3)]);
    press(&mut harness, Modifiers::SHIFT, Key::Enter);
    assert_eq!(asked(&mut harness), [run(3)]);
    press(&mut harness, CTRL, Key::Enter);
    assert_eq!(
        asked(&mut harness),
        [run(5)],
        "the next cell has the selection, and blank prose is passed over"
    );
    press(&mut harness, CTRL_SHIFT, Key::Enter);
    assert_eq!(asked(&mut harness), [Operation::RunAll]);
}

#[test]
fn a_train_cell_runs_on_the_rows_that_were_chosen() {
    let mut harness = window(flights(), WINDOW);
    let late = of(notebook_mut(&mut harness.state_mut().snapshot), 5);
    late.state = CellState::New;
    late.training = None;
    harness.run();
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    harness.get_all_by_label("All rows").next().unwrap().click();
    harness.run();
    harness.get_by_label("6.4 h here");
    harness.get_by_label("All rows: 6.4 h here");
    click(&mut harness, "Train late");
    let run = Operation::Run {
        block: BlockId(5),
        rows: Rows::All,
    };
    assert_eq!(asked(&mut harness), [run]);
}

#[test]
fn the_keyboard_moves_through_the_notebook() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::J);
    press(&mut harness, Modifiers::NONE, Key::J);
    press(&mut harness, Modifiers::NONE, Key::K);
    press(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(
        asked(&mut harness),
        [Operation::Move {
            block: BlockId(2),
            down: true
        }]
    );
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.get_by_label("Text of flights").is_focused());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert_eq!(asked(&mut harness), [Operation::Remove { block: BlockId(2) }]);
}

#[test]
fn letters_add_blocks_beside_the_selected_one() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label_contains("Go to joined").click();
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::B);
    press(&mut harness, Modifiers::NONE, Key::C);
    let add = |after, kind| Operation::AddCell {
        after: Some(BlockId(after)),
        kind,
    };
    assert_eq!(asked(&mut harness), [add(3, CellKind::Chart)]);
    press(&mut harness, Modifiers::NONE, Key::A);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut harness), [add(2, CellKind::Source)]);
}

#[test]
fn a_new_block_gets_the_selection() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL_SHIFT, Key::P);
    harness.get_by_label("Find a command").type_text("add text");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut harness), [Operation::AddProse { after: None }]);
    let notebook = notebook_mut(&mut harness.state_mut().snapshot);
    let mut new = notebook.blocks[0].clone();
    new.id = BlockId(99);
    new.text = "Text\n".into();
    assert_eq!(new.content, BlockContent::Prose);
    notebook.blocks.push(new);
    harness.run();
    harness.run();
    let editor = harness.get_by_label("Text in Markdown");
    assert_eq!(editor.value().as_deref(), Some("Text"));
    assert!(editor.is_focused());
}

#[test]
fn prose_is_written_after_a_click_and_read_after_escape() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    click(&mut harness, "Which flights arrive late?");
    harness.run();
    let editor = harness.get_by_label("Text in Markdown");
    assert!(editor.value().unwrap().starts_with("# Which flights"));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Text in Markdown").is_none());
}

#[test]
fn a_name_is_changed_in_its_place() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label_contains("Go to joined").click();
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::F2);
    harness.get_by_label("Name of the cell").type_text("_all");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let rename = Operation::RenameCell {
        block: BlockId(3),
        name: "joined_all".into(),
    };
    assert_eq!(asked(&mut harness), [rename]);
}

#[test]
fn what_would_leave_is_shown_and_sent_only_by_its_button() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_all_by_label("Send to cloud…").next().unwrap().click();
    harness.run();
    let target = "lab".to_owned();
    let rows = Rows::Sample;
    assert_eq!(
        asked(&mut harness),
        [Operation::Preflight {
            block: BlockId(5),
            target: target.clone(),
            rows
        }]
    );
    harness.state_mut().snapshot.question = Some(Question::Preflight {
        target,
        preflight: Some(Box::new(preflight())),
    });
    harness.run();
    harness.get_by_label("ada@lab.example.org:aloft");
    harness.get_by_label("84,313,201");
    press(&mut harness, CTRL, Key::Enter);
    assert_eq!(
        asked(&mut harness),
        [],
        "keys of the notebook rest while a question waits"
    );
    click(&mut harness, "Send 2.1 GB");
    assert_eq!(asked(&mut harness), [Operation::ConfirmSend]);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(asked(&mut harness), [Operation::CancelSend]);
}

#[test]
fn data_that_may_not_leave_has_no_button_to_send_it() {
    let mut harness = window(flights(), WINDOW);
    let mut kept = preflight();
    kept.allowed = false;
    kept.note = Some("restricted data never leaves this machine".into());
    harness.state_mut().snapshot.question = Some(Question::Preflight {
        target: "lab".into(),
        preflight: Some(Box::new(kept)),
    });
    harness.run();
    harness.get_by_label("restricted data never leaves this machine");
    assert!(harness.query_by_label_contains("Send 2.1").is_none());
}

#[test]
fn closing_with_runs_asks() {
    let mut harness = window(flights(), WINDOW);
    harness.state_mut().snapshot.question = Some(Question::CloseWithRuns {
        runs: vec!["late".into()],
    });
    harness.run();
    click(&mut harness, "Stop and close");
    click(&mut harness, "Keep running");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    let answers = [
        CloseChoice::StopRuns,
        CloseChoice::KeepRunning,
        CloseChoice::Cancel,
    ];
    assert_eq!(
        asked(&mut harness),
        answers.map(|choice| Operation::Close { choice })
    );
}

#[test]
fn a_host_is_trusted_by_its_fingerprint() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL_SHIFT, Key::P);
    harness.get_by_label("Find a command").type_text("add a target");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    for (field, text) in [
        ("Name", "mill"),
        ("Host", "mill.example.org"),
        ("User", "ada"),
        ("Password", "s3cret"),
    ] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    click(&mut harness, "Continue");
    let host = "mill.example.org".to_owned();
    assert_eq!(
        asked(&mut harness),
        [Operation::ProbeHost {
            host: host.clone(),
            port: 22
        }]
    );
    harness.state_mut().snapshot.question = Some(Question::HostKey {
        host,
        port: 22,
        key: "ssh-ed25519 AAAAmill".into(),
        fingerprint: "SHA256:mill".into(),
    });
    harness.run();
    harness.get_by_label("SHA256:mill");
    click(&mut harness, "Trust and add");
    let asked = asked(&mut harness);
    let [Operation::AddTarget { name, target, secret }] = &asked[..] else {
        panic!("a target was to be added, not {asked:?}");
    };
    assert_eq!(
        (name.as_str(), target.host_key.as_str()),
        ("mill", "ssh-ed25519 AAAAmill")
    );
    assert_eq!(secret.as_ref().map(|secret| secret.0.as_str()), Some("s3cret"));
    assert!(!format!("{asked:?}").contains("s3cret"));
}

#[test]
fn work_is_stopped_where_it_is_seen() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    click(&mut harness, "Stop: Training late");
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    click(&mut harness, "Stop late");
    let stop = Operation::Stop { task: TaskId(1) };
    assert_eq!(asked(&mut harness), [stop.clone(), stop]);
}

#[test]
fn a_column_is_inspected_charted_and_predicted() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    click(&mut harness, "Column late, bool");
    click(&mut harness, "Predict this column…");
    click(&mut harness, "Chart it");
    click(&mut harness, "Predict a column of joined");
    click(&mut harness, "dep_delay");
    let block = BlockId(3);
    let column = || "late".to_owned();
    let expected = [
        Operation::PredictColumn {
            block,
            column: column(),
        },
        Operation::ChartColumn {
            block,
            column: column(),
        },
        Operation::PredictColumn {
            block,
            column: "dep_delay".into(),
        },
    ];
    assert_eq!(asked(&mut harness), expected);
}

#[test]
fn the_inspector_says_what_is_estimated_and_what_goes_together() {
    let mut snapshot = flights();
    let tables = notebook_mut(&mut snapshot).blocks.iter_mut();
    let output = tables.filter_map(|block| match &mut block.content {
        BlockContent::Cell(cell) => match &mut cell.output {
            Some(Output::Table(output)) => Some(output),
            _ => None,
        },
        _ => None,
    });
    for output in output {
        let profile = Arc::make_mut(&mut output.profile);
        profile.associations = Some(Associations {
            rows: 50_000,
            columns: 6,
            strongest: vec![Association {
                a: "dep_delay".into(),
                b: "distance".into(),
                measure: Measure::Pearson,
                value: -0.25,
            }],
        });
        for column in &mut profile.columns {
            column.distinct_approximate = true;
            column.rank_error = Some(0.0012);
            column.lengths = Some(Lengths {
                min: 2,
                mean: 2.0,
                max: 31,
            });
            column.gaps = Some(Gaps {
                days: 365,
                missing: 12,
                longest: 5,
                longest_from: Some("2013-02-03".into()),
            });
        }
    }
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    click(&mut harness, "Column distance, i64");
    for words in ["about 211", "2 – 31 letters", "12 of 365", "Goes with", "-0.25"] {
        harness.get_by_label(words);
    }
    assert!(
        harness.query_all_by_label_contains("about ").count() >= 6,
        "the quantiles are estimates"
    );
}

#[test]
fn good_news_goes_by_itself_and_problems_stay() {
    let mut snapshot = flights();
    let notice = |id, good, message: &str| Notice {
        id: NoticeId(id),
        good,
        code: (!good).then_some(Code::DiskFull),
        message: message.into(),
        hint: None,
    };
    snapshot.notices = vec![
        notice(1, true, "The model is home"),
        notice(2, false, "The disk is full"),
    ];
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    harness.get_by_label("The disk is full");
    harness.run_steps(60);
    let dismiss = |id| Operation::DismissNotice { notice: NoticeId(id) };
    assert_eq!(asked(&mut harness), [dismiss(1)]);
    click(&mut harness, "Dismiss: The disk is full");
    assert_eq!(asked(&mut harness), [dismiss(2)]);
}

#[test]
fn the_palette_finds_by_a_few_letters() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL_SHIFT, Key::P);
    harness.get_by_label("Find a command").type_text("weafo");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let notebook = "notebooks/weather_forecast.aloft.md".into();
    assert_eq!(asked(&mut harness), [Operation::OpenNotebook { notebook }]);
    assert!(harness.query_by_label("Find a command").is_none());
}

#[test]
fn a_problem_says_where_and_what_next() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label_contains("Go to broken").click();
    harness.run();
    harness.get_by_label("there is no column named carier in joined");
    harness.get_by_label("did you mean carrier?");
}

#[test]
fn an_empty_notebook_offers_the_data_files() {
    let mut snapshot = flights();
    notebook_mut(&mut snapshot).blocks.clear();
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    click(&mut harness, "Read data/weather.parquet");
    let paths = vec!["/home/ada/late-arrivals/data/weather.parquet".into()];
    assert_eq!(asked(&mut harness), [Operation::Drop { paths }]);
}

#[test]
fn a_project_without_a_notebook_offers_to_make_one() {
    let mut snapshot = flights();
    let project = snapshot.project.as_mut().unwrap();
    project.notebook = None;
    project.notebooks.clear();
    let mut harness = window(snapshot, WINDOW);
    harness.run();
    harness.get_by_label("This project has no notebook yet");
    press(&mut harness, CTRL, Key::N);
    harness.get_by_label("Name of the notebook").type_text("weather");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(
        asked(&mut harness),
        [Operation::NewNotebook {
            name: "weather".into()
        }]
    );
}

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
fn a_host_that_gives_no_key_says_so_in_the_form() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL, Key::P);
    harness.get_by_label("Find a command").type_text("add a target");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    for (field, text) in [("Name", "mill"), ("Host", "mill"), ("User", "ada")] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    click(&mut harness, "Continue");
    harness.get_by_label("Asking the host for its key…");
    harness.state_mut().snapshot.notices = vec![Notice {
        id: NoticeId(5),
        good: false,
        code: Some(Code::Unreachable),
        message: "mill didn't answer on port 22".into(),
        hint: Some("is it switched on?".into()),
    }];
    harness.run();
    assert!(
        harness
            .query_all_by_label("mill didn't answer on port 22")
            .count()
            > 1
    );
    asked(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(asked(&mut harness), [Operation::CancelSend]);
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
fn files_are_dropped_anywhere() {
    #[derive(Debug)]
    struct Dropped(std::path::PathBuf);
    impl egui::DroppedFile for Dropped {
        fn path(&self) -> &std::path::Path {
            &self.0
        }
        fn bytes(&self) -> Result<Vec<u8>, String> {
            Err("the window doesn't read files".into())
        }
    }
    let mut harness = window(welcome(), WINDOW);
    harness.run();
    let path = std::path::PathBuf::from("/data/rides.csv");
    harness.input_mut().dropped_files = vec![std::sync::Arc::new(Dropped(path.clone()))];
    harness.run();
    assert_eq!(asked(&mut harness), [Operation::Drop { paths: vec![path] }]);
}
