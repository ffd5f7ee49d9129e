//! Rows that are chosen in a chart, what is told during a long scan, and charts as files.

use super::*;
use aloft_protocol::snapshot::{CellView, NotebookView, Selected};
use aloft_spec::{
    ask::{Ask, Condition},
    chart::Brush,
    output::TableOutput,
    profile::{ColumnProfile, Profile},
    table::{Column, ColumnKind, Field, Table, Values},
};

const FLIGHTS: &str = "```toml source flights\npath = \"a.csv\"\n```\n\n```toml source weather\npath = \"b.csv\"\n```\n\n```sql query \
                       far\nSELECT distance FROM flights\n```\n\n```toml chart lengths\ndata = \"far\"\nmark = \"histogram\"\nx = \
                       \"distance\"\n```\n\n```toml chart bars\ndata = \"flights\"\nmark = \"bar\"\nx = \"distance\"\n```\n\n```toml train \
                       model\ndata = \"far\"\ntarget = \"distance\"\n```\n";

/// A table of so many rows with a column `distance`.
fn rows(rows: u64) -> Output {
    let field = Field {
        name: "distance".into(),
        dtype: "i64".into(),
        kind: ColumnKind::Integer,
    };
    let extent = Extent::all(rows);
    Output::Table(TableOutput {
        table: Arc::new(Table {
            columns: vec![Column {
                field: field.clone(),
                values: Values::Integer(vec![Some(7)]),
            }],
            rows: 1,
        }),
        profile: Arc::new(Profile {
            extent: extent.clone(),
            columns: vec![ColumnProfile::new(field)],
            associations: None,
            scan: None,
        }),
        extent,
        reading: None,
    })
}

fn notebook(bench: &Bench) -> NotebookView {
    snapshot(&bench.state).project.unwrap().notebook.unwrap()
}

fn view(bench: &Bench, name: &str) -> CellView {
    let blocks = notebook(bench).blocks.into_iter();
    let mut cells = blocks.filter_map(|block| match block.content {
        BlockContent::Cell(cell) => Some(cell),
        BlockContent::Prose => None,
    });
    cells.find(|cell| cell.name == name).unwrap()
}

/// Answers evaluations until nothing waits: of all rows there are 50, of chosen ones 12. The cells that were evaluated on
/// chosen rows, in their order.
fn answer(bench: &mut Bench, mut effects: Vec<Effect>) -> Vec<String> {
    let mut chosen = Vec::new();
    while !effects.is_empty() {
        let mut next = Vec::new();
        for effect in effects {
            match effect {
                Effect::Recall { workspace, .. } => {
                    let notebook = workspace.notebook.clone();
                    next.extend(bench.send(Message::RecallEnded { notebook }));
                }
                Effect::Evaluate {
                    task,
                    cell,
                    key,
                    workspace,
                    ..
                } => {
                    let count = if workspace.selection.is_some() { 12 } else { 50 };
                    if count == 12 {
                        chosen.push(cell.clone());
                    }
                    let is_chart = ["lengths", "bars"].contains(&cell.as_str());
                    let message = Message::Evaluated {
                        task,
                        key,
                        seconds: 0.1,
                        cached: false,
                        result: Ok(if is_chart { output() } else { rows(count) }),
                    };
                    next.extend(bench.send(message));
                }
                Effect::Plan {
                    task, key, workspace, ..
                } => {
                    assert!(workspace.selection.is_none(), "training sees all rows");
                    let result = Err(Problem::new(Code::Stopped, "stopped"));
                    next.extend(bench.send(Message::Planned { task, key, result }));
                }
                _ => {}
            }
        }
        effects = next;
    }
    chosen
}

fn shown() -> Bench {
    let mut bench = Bench::new(FLIGHTS, None);
    let first = std::mem::take(&mut bench.first);
    assert_eq!(answer(&mut bench, first), [""; 0]);
    let measured = bench.later(1.0);
    answer(&mut bench, measured);
    bench
}

/// Chooses a range after the earlier choice has stood for a while.
fn brush(bench: &mut Bench, low: f64, high: f64) -> Vec<Effect> {
    bench.now += Duration::from_secs(1);
    hurry(bench, low, high)
}

fn hurry(bench: &mut Bench, low: f64, high: f64) -> Vec<Effect> {
    let block = bench.block("lengths");
    let brush = Brush::Range { low, high };
    bench.operate(Operation::SelectRows { block, brush })
}

#[test]
fn an_arrow_that_is_held_is_evaluated_once() {
    let mut bench = shown();
    let first = brush(&mut bench, 1.0, 5.0);
    assert_eq!(evaluations(&first), 1, "the first choice isn't kept waiting");
    for step in 2..30 {
        bench.now += Duration::from_millis(30);
        let effects = hurry(&mut bench, f64::from(step), f64::from(step) + 4.0);
        assert_eq!(evaluations(&effects), 0, "step {step}");
        assert!(bench.later(0.02).is_empty(), "nor as time goes by");
    }
    let cancelled =
        |effect: &Effect| matches!(effect, Effect::Evaluate { cancel, .. } if cancel.is_cancelled());
    assert!(first.iter().any(cancelled), "what nobody waits for is ended");
    let settled = bench.later(0.2);
    assert_eq!(evaluations(&settled), 1);
    assert_eq!(answer(&mut bench, settled), ["flights", "far", "bars"]);
    assert_eq!(notebook(&bench).selection.unwrap().words, "distance 29 to 33");
    hurry(&mut bench, 1.0, 5.0);
    bench.operate(Operation::ClearSelection);
    assert!(bench.later(1.0).is_empty(), "what was taken back isn't evaluated");
}

fn evaluations(effects: &[Effect]) -> usize {
    let evaluates = |effect: &&Effect| matches!(effect, Effect::Evaluate { .. });
    effects.iter().filter(evaluates).count()
}

fn rows_of(bench: &Bench, name: &str) -> u64 {
    match view(bench, name).output {
        Some(Output::Table(output)) => output.profile.extent.rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_reads_the_rows_of_a_chart_follows_a_brush_over_it() {
    let mut bench = shown();
    let text = bench.text();
    let effects = brush(&mut bench, 199.5, 900.5);
    let selection = notebook(&bench).selection.unwrap();
    assert_eq!(
        (selection.words.as_str(), selection.rows),
        ("distance 200 to 900", None)
    );
    assert_eq!(view(&bench, "flights").selected, Some(Selected::Working));
    assert_eq!(rows_of(&bench, "flights"), 50, "until it is there, what was");
    assert_eq!(
        answer(&mut bench, effects),
        ["flights", "far", "bars"],
        "through the query to its source, and to all that reads that"
    );
    assert_eq!(notebook(&bench).selection.unwrap().rows, Some((12, 50)));
    assert_eq!((rows_of(&bench, "flights"), rows_of(&bench, "far")), (12, 12));
    assert_eq!(view(&bench, "bars").selected, Some(Selected::Shown));
    assert_eq!(view(&bench, "lengths").selected, Some(Selected::Here));
    assert_eq!(
        (view(&bench, "weather").selected, view(&bench, "model").selected),
        (None, None)
    );
    assert!(matches!(bench.cell("flights"), CellState::Done { .. }));
    assert_eq!(
        (bench.text(), notebook(&bench).unsaved),
        (text, false),
        "it is no part of the text"
    );

    let effects = brush(&mut bench, 300.0, 400.0);
    assert_eq!(
        rows_of(&bench, "flights"),
        12,
        "the earlier choice until the new one is there"
    );
    assert_eq!(answer(&mut bench, effects), ["flights", "far", "bars"]);
    let effects = bench.operate(Operation::ClearSelection);
    assert!(effects.is_empty(), "nothing is computed again");
    assert_eq!(
        (rows_of(&bench, "flights"), view(&bench, "far").selected),
        (50, None)
    );
    assert_eq!(notebook(&bench).selection, None);
}

#[test]
fn the_same_brush_again_takes_it_back_and_a_range_of_nothing_chooses_nothing() {
    let mut bench = shown();
    let effects = brush(&mut bench, 1.0, 5.0);
    answer(&mut bench, effects);
    assert!(brush(&mut bench, 1.0, 5.0).is_empty());
    assert_eq!(notebook(&bench).selection, None);
    assert!(
        brush(&mut bench, 1.2, 1.8).is_empty(),
        "there is no whole number between"
    );
    assert_eq!(notebook(&bench).selection, None);
    let block = bench.block("flights");
    let brush = Brush::Range { low: 0.0, high: 1.0 };
    bench.operate(Operation::SelectRows { block, brush });
    let notice = bench.state.notices.pop().unwrap();
    assert_eq!(notice.code, Some(Code::BadValue), "a table has no axis");
}

#[test]
fn a_new_brush_ends_the_work_for_the_one_before() {
    let mut bench = shown();
    let effects = brush(&mut bench, 1.0, 5.0);
    let Some(Effect::Evaluate {
        task, key, cancel, ..
    }) = effects.into_iter().next()
    else {
        panic!("something is evaluated")
    };
    let next = brush(&mut bench, 1.0, 6.0);
    assert!(cancel.is_cancelled());
    let result = Ok(rows(5));
    bench.send(Message::Evaluated {
        task,
        key,
        seconds: 0.1,
        cached: false,
        result,
    });
    assert_eq!(rows_of(&bench, "flights"), 50, "what comes late isn't shown");
    answer(&mut bench, next);
    assert_eq!(rows_of(&bench, "flights"), 12);
}

#[test]
fn an_edit_is_followed_and_another_chart_ends_the_choice() {
    let mut bench = shown();
    let effects = brush(&mut bench, 1.0, 5.0);
    answer(&mut bench, effects);
    let edit = |bench: &mut Bench, name: &str, text: &str| {
        let block = bench.block(name);
        let text = text.to_owned();
        let effects = bench.operate(Operation::EditText { block, text });
        let mut chosen = answer(bench, effects);
        let effects = bench.later(1.0);
        chosen.extend(answer(bench, effects));
        chosen
    };
    let far = "SELECT distance FROM flights LIMIT 3";
    assert_eq!(edit(&mut bench, "far", far), ["far"], "only what changed");
    assert!(notebook(&bench).selection.is_some());
    // A column that the query makes isn't the source's: then the choice is made in the query.
    edit(&mut bench, "far", "SELECT distance + 1 AS distance FROM flights");
    assert_eq!(notebook(&bench).selection, None);
    let effects = brush(&mut bench, 1.0, 5.0);
    assert_eq!(answer(&mut bench, effects), ["far"]);
    let chart = "data = \"far\"\nmark = \"histogram\"\nx = \"distance\"\nlog_x = true";
    edit(&mut bench, "lengths", chart);
    assert_eq!(notebook(&bench).selection, None, "another axis");
}

#[test]
fn a_selection_is_written_as_a_filter_of_the_table_that_the_chart_draws() {
    let mut bench = shown();
    let effects = brush(&mut bench, 200.0, 900.0);
    answer(&mut bench, effects);
    let selection = notebook(&bench).selection.unwrap();
    assert_eq!(selection.table, bench.block("far"));
    let condition = Condition::Between {
        min: Some("200".into()),
        max: Some("900".into()),
    };
    let column = "distance".to_owned();
    assert_eq!(selection.filter, Ask::Filter { column, condition });
    let (block, ask) = (selection.table, selection.filter);
    bench.operate(Operation::Ask { block, ask });
    assert!(
        bench
            .text()
            .contains("```sql query far_filtered\nSELECT *\nFROM far\nWHERE distance BETWEEN 200 AND 900\n")
    );
}

#[test]
fn a_long_scan_tells_what_it_knows_of_the_first_rows() {
    let mut bench = shown();
    let block = bench.block("flights");
    let all = Rows::All;
    let effects = bench.operate(Operation::Run { block, rows: all });
    let Some(Effect::Evaluate { task, key, .. }) = effects.into_iter().next() else {
        panic!("it is evaluated")
    };
    let Output::Table(mut output) = rows(20) else {
        panic!("a table")
    };
    let mut profile = (*output.profile).clone();
    profile.extent.total = Some(80);
    output.profile = Arc::new(profile);
    bench.send(Message::Partial {
        task,
        output: output.clone(),
    });
    let partial = view(&bench, "flights");
    assert!(partial.partial && rows_of(&bench, "flights") == 20);
    assert!(matches!(partial.state, CellState::Running { fraction: Some(share), .. } if share == 0.25));
    let (seconds, cached) = (1.0, false);
    bench.send(Message::Evaluated {
        task,
        key,
        seconds,
        cached,
        result: Ok(rows(80)),
    });
    assert!(!view(&bench, "flights").partial && rows_of(&bench, "flights") == 80);
    bench.send(Message::Partial { task, output });
    assert_eq!(rows_of(&bench, "flights"), 80, "what comes late isn't shown");
}

#[test]
fn a_stopped_scan_shows_what_was_there_before() {
    let mut bench = shown();
    let block = bench.block("flights");
    let all = Rows::All;
    let effects = bench.operate(Operation::Run { block, rows: all });
    let Some(Effect::Evaluate {
        task, key, cancel, ..
    }) = effects.into_iter().next()
    else {
        panic!("it is evaluated")
    };
    let Output::Table(output) = rows(20) else {
        panic!("a table")
    };
    bench.send(Message::Partial { task, output });
    bench.operate(Operation::Stop { task });
    assert!(cancel.is_cancelled());
    let result = Err(Problem::new(Code::Stopped, "stopped"));
    let (seconds, cached) = (1.0, false);
    bench.send(Message::Evaluated {
        task,
        key,
        seconds,
        cached,
        result,
    });
    assert_eq!(
        (bench.cell("flights"), rows_of(&bench, "flights")),
        (CellState::Stopped, 50)
    );
}

#[test]
fn charts_are_saved_and_copied() {
    let mut bench = shown();
    let block = bench.block("lengths");
    let saved = |bench: &mut Bench, path: &str| {
        let path = PathBuf::from(path);
        let effects = bench.operate(Operation::SaveChart { block, path });
        effects.into_iter().find_map(|effect| match effect {
            Effect::SaveChart { path, .. } => Some(path.to_string_lossy().into_owned()),
            _ => None,
        })
    };
    assert_eq!(saved(&mut bench, "/x/a.svg").as_deref(), Some("/x/a.svg"));
    assert_eq!(saved(&mut bench, "/x/a").as_deref(), Some("/x/a.png"));
    let (path, result) = (PathBuf::from("/x/a.png"), Ok(()));
    bench.send(Message::ChartSaved { path, result });
    assert_eq!(
        bench.state.notices.pop().unwrap().message,
        "Saved the chart to /x/a.png"
    );
    let effects = bench.operate(Operation::CopyChart { block });
    assert!(matches!(effects[..], [Effect::DrawChart { .. }]));
    for number in 1..3 {
        let picture = aloft_data::Picture {
            width: 1,
            height: 1,
            rgba: vec![255; 4],
        };
        bench.send(Message::ChartDrawn(Ok(picture)));
        let picture = snapshot(&bench.state).picture.unwrap();
        assert_eq!((picture.number, picture.size), (number, [1, 1]));
    }
    let block = bench.block("flights");
    assert!(bench.operate(Operation::CopyChart { block }).is_empty());
    assert_eq!(bench.state.notices.pop().unwrap().code, Some(Code::EmptyData));
}
