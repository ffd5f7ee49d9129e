//! What the window asks for when it is used, by the names that a screen reader reads.

use crate::support::{
    CTRL, CTRL_SHIFT, WINDOW, Window, asked, charts, click, every_chart, flights, notebook_mut, of, press,
    trained, welcome, window,
};
use aloft_protocol::operation::{CloseChoice, Rows};
use aloft_protocol::snapshot::{BlockContent, CellState, Notice, Question};
use aloft_protocol::{BlockId, NoticeId, Operation, TaskId};
use aloft_spec::profile::{Association, Associations, Gaps, Lengths, Measure};
use aloft_spec::run::RunStatus;
use aloft_spec::{Code, Output};
use aloft_ui::ShellRequest;
use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};
use std::sync::Arc;

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
    harness.get_by_label("There is no column named carier in joined");
    harness.get_by_label("Did you mean carrier?");
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

#[test]
fn who_goes_to_a_cell_sees_it() {
    let mut harness = window(charts(), [1440.0, 800.0]);
    harness.run();
    for chart in [4, 1, 7, 2, 9, 3] {
        harness
            .get_by_label_contains(&format!("Go to chart_{chart},"))
            .click();
        harness.run();
        let label = format!("Chart chart_{chart}: {}", every_chart()[chart - 1].description);
        let place = harness.get_by_label(&label).rect();
        assert!(
            place.top() >= 0.0 && place.bottom() <= 800.0,
            "chart {chart} is at {place:?}"
        );
    }
}

#[test]
fn what_comes_of_the_selected_cell_stays_in_sight() {
    let mut harness = window(flights(), [1440.0, 700.0]);
    harness.run();
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    let before = harness.get_by_label_contains("Cell late,").rect();
    assert!(before.bottom() <= 700.0, "{before:?}");
    harness.state_mut().snapshot = trained();
    harness.run();
    let after = harness.get_by_label_contains("Cell late,").rect();
    assert!(after.height() > before.height() + 50.0, "{before:?}, {after:?}");
    assert!(after.bottom() <= 700.0, "{after:?}");
    // Of a cell that nobody looks at it doesn't move the page.
    let mut harness = window(flights(), [1440.0, 700.0]);
    harness.run();
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    harness.get_by_label_contains("Cell joined").click();
    harness.run();
    let before = harness.get_by_label_contains("Cell joined").rect();
    harness.state_mut().snapshot = trained();
    harness.run();
    assert_eq!(harness.get_by_label_contains("Cell joined").rect(), before);
}

#[test]
fn commands_are_found_by_other_words_too() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    for (typed, found) in [
        ("plot", "Add chart"),
        ("theme", "Dark colours"),
        ("hotkeys", "Keyboard shortcuts"),
    ] {
        press(&mut harness, CTRL, Key::P);
        harness.get_by_label("Find a command").type_text(typed);
        harness.run();
        harness.get_by_label(found);
        press(&mut harness, Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn who_goes_to_a_cell_goes_on_from_there_by_keys() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label_contains("Go to joined").click();
    harness.run();
    assert!(harness.get_by_label_contains("Cell joined, query").is_focused());
    press(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(
        harness.get_by_label("More for joined").is_focused(),
        "Tab goes into the cell"
    );
}

#[test]
fn tab_goes_through_the_top_bar_from_left_to_right() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_by_label("Run a command…").focus();
    harness.run();
    let mut reached = Vec::new();
    for name in ["Run all", "Sample: ", "Send to cloud…"] {
        press(&mut harness, Modifiers::NONE, Key::Tab);
        let mut named = harness.get_all_by_label_contains(name);
        reached.push((name, named.any(|node| node.is_focused())));
    }
    assert!(reached.iter().all(|(_, focused)| *focused), "{reached:?}");
}

#[test]
fn a_lost_run_is_resumed_at_its_cell() {
    let mut harness = window(flights(), WINDOW);
    harness.get_by_label_contains("Go to late").click();
    harness.run();
    assert!(harness.query_by_label("Resume late").is_none(), "it runs");
    let lost = |code| CellState::Failed {
        problem: aloft_spec::Problem::new(code, "it is gone"),
    };
    of(notebook_mut(&mut harness.state_mut().snapshot), 5).state = lost(Code::OutOfMemory);
    harness.run();
    assert!(
        harness.query_by_label("Resume late").is_none(),
        "it would end in the same way"
    );
    of(notebook_mut(&mut harness.state_mut().snapshot), 5).state = lost(Code::WorkerDied);
    harness.run();
    click(&mut harness, "Resume late");
    assert!(matches!(&asked(&mut harness)[..], [Operation::Resume { .. }]));
}

#[test]
fn the_palette_exports_a_models_run_and_resumes_one_that_was_stopped() {
    let mut harness = window(flights(), WINDOW);
    let found = |harness: &mut Harness<'_, Window>, status, words: &str| {
        let project = harness.state_mut().snapshot.project.as_mut().unwrap();
        Arc::make_mut(&mut project.runs)[0].status = status;
        press(harness, CTRL_SHIFT, Key::P);
        harness.get_by_label("Find a command").type_text(words);
        harness.run();
        press(harness, Modifiers::NONE, Key::Enter);
        press(harness, Modifiers::NONE, Key::Escape);
        let requests = std::mem::take(&mut harness.state_mut().shell);
        (asked(harness), requests)
    };
    let run = harness.state().snapshot.project.as_ref().unwrap().runs[0]
        .id
        .clone();
    let (operations, requests) = found(&mut harness, RunStatus::Done, "export model");
    assert_eq!(operations, []);
    let name = "late".to_owned();
    assert_eq!(
        requests,
        [ShellRequest::ExportModelDialog {
            run: run.clone(),
            name
        }]
    );
    let (operations, requests) = found(&mut harness, RunStatus::Stopped, "resume run");
    assert_eq!((operations, requests), (vec![Operation::Resume { run }], vec![]));
    let (operations, requests) = found(&mut harness, RunStatus::Running, "resume run");
    assert_eq!((operations, requests), (vec![], vec![]), "it runs");
}

#[test]
fn a_name_that_no_file_can_have_is_said() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL, Key::N);
    harness.get_by_label("It becomes the name of a file.");
    harness.get_by_label("Name of the notebook").type_text("a/b");
    harness.run();
    harness.get_by_label_contains("A file's name has no /");
}
