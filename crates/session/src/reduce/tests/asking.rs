//! Parameters, outputs of earlier sessions, pages, and clicks that write SQL.

use super::*;
use aloft_engine::Recalled;
use aloft_protocol::snapshot::{CellView, PageView};
use aloft_spec::{
    ask::{Ask, Condition},
    output::TableOutput,
    param::ParamValue,
    profile::{ColumnProfile, Profile, TopValue},
    table::{Column, ColumnKind, Field, Table, Values},
};

const WITH_PARAM: &str = "```toml param least\nkind = \"number\"\nvalue = 1\nmax = 9\n```\n\n```toml source penguins\npath = \"a.csv\"\n```\n\n```sql query good\nSELECT * FROM penguins WHERE n >= $least\n```\n";

fn view(bench: &Bench, name: &str) -> CellView {
    let notebook = snapshot(&bench.state).project.unwrap().notebook.unwrap();
    let found = notebook.blocks.into_iter().find_map(|block| match block.content {
        BlockContent::Cell(cell) if cell.name == name => Some(cell),
        _ => None,
    });
    found.unwrap()
}

/// A table of so many rows, of which `held` are held.
fn table(rows: u64, held: usize) -> Output {
    let field = Field {
        name: "species".into(),
        dtype: "str".into(),
        kind: ColumnKind::Text,
    };
    let profile = ColumnProfile {
        distinct: 1,
        top: vec![TopValue {
            value: "Gentoo".into(),
            count: rows,
        }],
        ..ColumnProfile::new(field.clone())
    };
    let extent = Extent::all(rows);
    Output::Table(TableOutput {
        table: Arc::new(Table {
            columns: vec![Column {
                field,
                values: Values::Text(vec![Some("Gentoo".into()); held]),
            }],
            rows: held,
        }),
        profile: Arc::new(Profile {
            extent: extent.clone(),
            columns: vec![profile],
            associations: None,
            scan: None,
        }),
        extent,
        reading: None,
    })
}

/// Shows a table in a cell, as a click on Run does.
fn show(bench: &mut Bench, cell: &str, output: &Output) {
    let block = bench.block(cell);
    let effects = bench.operate(Operation::Run {
        block,
        rows: Rows::Sample,
    });
    let mut waiting = effects;
    while let Some(Effect::Evaluate {
        task, key, cell: now, ..
    }) = waiting.pop()
    {
        let result = Ok(if now == cell {
            output.clone()
        } else {
            super::output()
        });
        waiting = bench.send(Message::Evaluated {
            task,
            key,
            seconds: 0.1,
            cached: false,
            result,
        });
    }
}

fn quiet(text: &str) -> Bench {
    let mut bench = Bench::new(text, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    bench
}

#[test]
fn a_parameter_has_its_value_without_being_run_and_what_reads_it_runs_again() {
    let mut bench = Bench::new(WITH_PARAM, None);
    let first = std::mem::take(&mut bench.first);
    assert_eq!(bench.settle(first, ""), ["penguins", "good"]);
    let param = view(&bench, "least").param.unwrap();
    assert_eq!(param.value, ParamValue::Integer(1));
    assert!(matches!(bench.cell("least"), CellState::Done { .. }));

    let block = bench.block("least");
    let set = |bench: &mut Bench, value: i64, continues| {
        let value = ParamValue::Integer(value);
        bench.operate(Operation::SetParam {
            block,
            value,
            continues,
        });
    };
    set(&mut bench, 2, false);
    for value in 3..8 {
        set(&mut bench, value, true);
    }
    assert_eq!(bench.text(), WITH_PARAM.replace("value = 1", "value = 7"));
    assert_eq!(bench.cell("good"), CellState::Stale);
    assert!(matches!(bench.cell("penguins"), CellState::Done { .. }));
    let effects = bench.later(0.2);
    assert_eq!(bench.settle(effects, ""), ["good"], "and soon");
    bench.operate(Operation::Undo);
    assert_eq!(bench.text(), WITH_PARAM, "a drag is one step");

    set(&mut bench, 10, false);
    assert_eq!(bench.text(), WITH_PARAM);
    let notice = bench.state.notices.last().unwrap();
    assert_eq!(notice.hint.as_deref(), Some("it is at most 9"));
}

#[test]
fn outputs_of_an_earlier_session_are_shown_before_anything_runs() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    let [Effect::Recall { workspace, cells }] = &first
        .iter()
        .filter(|effect| matches!(effect, Effect::Recall { .. } | Effect::Evaluate { .. }))
        .collect::<Vec<_>>()[..]
    else {
        panic!("outputs are looked for and nothing is evaluated: {first:?}")
    };
    let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["penguins", "good"]);
    let notebook = workspace.notebook.clone();
    let recall = |bench: &mut Bench, index: usize, fresh| {
        let (cell, key) = cells[index].clone();
        let recalled = Recalled {
            output: table(3, 3),
            seconds: 0.5,
            fresh,
        };
        let notebook = notebook.clone();
        bench.send(Message::Recalled {
            notebook,
            cell,
            key,
            recalled,
        })
    };
    // What is shown is looked at for what may be wrong, and that is all.
    let only_looks =
        |effects: Vec<Effect>| effects.iter().all(|effect| matches!(effect, Effect::Look { .. }));
    assert!(only_looks(recall(&mut bench, 0, true)));
    assert!(recall(&mut bench, 1, false).is_empty());
    assert!(
        bench
            .later(5.0)
            .iter()
            .all(|effect| !matches!(effect, Effect::Evaluate { .. }))
    );
    assert_eq!(
        bench.cell("penguins"),
        CellState::Done {
            seconds: 0.5,
            cached: true
        }
    );
    assert_eq!(bench.cell("good"), CellState::Stale);
    assert!(view(&bench, "good").output.is_some());
    let effects = bench.send(Message::RecallEnded { notebook });
    let order = bench.settle(effects, "");
    assert_eq!(order[0], "good", "what is fresh isn't computed again: {order:?}");
    assert!(!order.contains(&"penguins".to_owned()));
}

#[test]
fn a_click_on_run_computes_again_and_other_runs_take_what_is_there() {
    let mut bench = quiet(NOTEBOOK);
    let again = |effects: &[Effect]| match effects {
        [Effect::Evaluate { again, .. }] => *again,
        _ => panic!("one evaluation: {effects:?}"),
    };
    let block = bench.block("penguins");
    let effects = bench.operate(Operation::Run {
        block,
        rows: Rows::Sample,
    });
    assert!(again(&effects));
    bench.settle(effects, "");
    let effects = bench.operate(Operation::RunAll);
    assert!(!again(&effects));
}

#[test]
fn further_pages_are_fetched_when_they_are_wanted() {
    let mut bench = quiet(NOTEBOOK);
    show(&mut bench, "good", &table(120_000, 50_000));
    let block = bench.block("good");
    let page = |effects: &[Effect]| match effects {
        [Effect::Page { task, first, .. }] => (*task, *first),
        _ => panic!("one page: {effects:?}"),
    };
    let rows = || Table {
        columns: Vec::new(),
        rows: 50_000,
    };
    let effects = bench.operate(Operation::ShowPage { block, first: 50_000 });
    let (early, first) = page(&effects);
    assert_eq!(first, 50_000);
    let loading = PageView { first, table: None };
    assert_eq!(view(&bench, "good").page, Some(loading));
    // The reader goes on before it is there.
    let effects = bench.operate(Operation::ShowPage {
        block,
        first: 100_000,
    });
    let (late, first) = page(&effects);
    bench.send(Message::Paged {
        task: early,
        result: Ok(rows()),
    });
    assert_eq!(view(&bench, "good").page, Some(PageView { first, table: None }));
    bench.send(Message::Paged {
        task: late,
        result: Ok(rows()),
    });
    assert!(view(&bench, "good").page.unwrap().table.is_some());
    assert!(
        bench
            .operate(Operation::ShowPage {
                block,
                first: 150_000
            })
            .is_empty(),
        "there are no such rows"
    );
    assert!(bench.operate(Operation::ShowPage { block, first: 0 }).is_empty());
    assert_eq!(view(&bench, "good").page, None);
    let effects = bench.operate(Operation::ShowPage { block, first: 50_000 });
    let (task, _) = page(&effects);
    bench.send(Message::Paged {
        task,
        result: Err(Problem::new(Code::Unreadable, "gone")),
    });
    assert_eq!(view(&bench, "good").page, None, "the first page is there still");
    assert_eq!(bench.state.notices.last().unwrap().message, "gone");
}

#[test]
fn clicks_write_queries_and_undo_takes_them_back() {
    let mut bench = quiet(NOTEBOOK);
    show(&mut bench, "penguins", &table(3, 3));
    let ask = |bench: &mut Bench, cell: &str, ask: Ask| {
        let block = bench.block(cell);
        bench.operate(Operation::Ask { block, ask })
    };
    let gentoo = || Ask::Filter {
        column: "species".into(),
        condition: Condition::Is {
            value: "Gentoo".into(),
        },
    };
    ask(&mut bench, "penguins", gentoo());
    let written = "```toml source penguins\npath = \"a.csv\"\n```\n\n```sql query penguins_filtered\nSELECT *\nFROM \
                   penguins\nWHERE species = 'Gentoo'\n```\n\n```sql query good";
    assert!(bench.text().contains(written), "{}", bench.text());

    show(&mut bench, "penguins_filtered", &table(3, 3));
    let sort = Ask::Sort {
        column: "species".into(),
        descending: true,
    };
    ask(&mut bench, "penguins_filtered", sort);
    assert!(
        bench
            .text()
            .contains("WHERE species = 'Gentoo'\nORDER BY species DESC\n```\n"),
        "{}",
        bench.text()
    );
    let group = Ask::Group {
        column: "species".into(),
    };
    show(&mut bench, "penguins_filtered", &table(3, 3));
    ask(&mut bench, "penguins_filtered", group);
    assert!(
        bench
            .text()
            .contains("```sql query penguins_filtered_by_species\n")
    );
    for _ in 0..3 {
        bench.operate(Operation::Undo);
    }
    assert_eq!(bench.text(), NOTEBOOK);

    let unknown = Ask::Group { column: "x".into() };
    ask(&mut bench, "penguins", unknown);
    assert_eq!(bench.text(), NOTEBOOK);
    assert_eq!(
        bench.state.notices.last().unwrap().code,
        Some(Code::UnknownColumn)
    );
}

#[test]
fn tables_that_share_a_key_suggest_their_join_and_kin_do_not() {
    let text = "```toml source a\npath = \"a.csv\"\n```\n\n```toml source b\npath = \"b.csv\"\n```\n\n```sql query c\nSELECT * FROM a\n```\n";
    let mut bench = quiet(text);
    for cell in ["a", "b", "c"] {
        show(&mut bench, cell, &table(1, 1));
    }
    let joins = |name| -> Vec<String> {
        let joins = view(&bench, name).joins;
        joins
            .into_iter()
            .map(|join| format!("{} {}", join.table, join.keys.join(",")))
            .collect()
    };
    assert_eq!(joins("a"), ["b species"]);
    assert_eq!(joins("b"), ["a species", "c species"]);
    assert_eq!(joins("c"), ["b species"]);
}
