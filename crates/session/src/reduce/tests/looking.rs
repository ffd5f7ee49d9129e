//! What may be wrong with data: when it is looked at, and what its reader does about it.

use super::*;
use aloft_spec::{
    Finding, FindingCode, Severity,
    output::TableOutput,
    profile::Profile,
    reading::Reading,
    source::Format,
    table::{Column, ColumnKind, Field, Table, Values},
};

#[test]
fn data_is_looked_at_once_after_each_change_and_its_class_is_set_in_the_text() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let table = Output::Table(TableOutput {
        table: Arc::default(),
        profile: Arc::new(Profile {
            extent: Extent::all(0),
            columns: Vec::new(),
            associations: None,
            scan: None,
        }),
        extent: Extent::all(0),
        reading: None,
    });
    let looks = |effects: &[Effect]| -> Vec<String> {
        let looked = effects.iter().filter_map(|effect| match effect {
            Effect::Look { cell, .. } => Some(cell.clone()),
            _ => None,
        });
        looked.collect()
    };
    let mut effects = std::mem::take(&mut bench.first);
    let mut looked = Vec::new();
    while let Some(effect) = effects.pop() {
        if let Effect::Recall { workspace, .. } = &effect {
            let notebook = workspace.notebook.clone();
            effects.extend(bench.send(Message::RecallEnded { notebook }));
        }
        if let Effect::Evaluate { task, key, .. } = effect {
            let message = Message::Evaluated {
                task,
                key,
                seconds: 0.1,
                cached: false,
                result: Ok(table.clone()),
            };
            let next = bench.send(message);
            looked.extend(looks(&next));
            effects.extend(next);
        }
    }
    assert_eq!(
        looked,
        ["penguins", "good", "model"],
        "a train cell when its table is there"
    );
    assert_eq!(looks(&bench.later(1.0)), Vec::<String>::new(), "once");

    let key = bench.state.notebook().unwrap().key("penguins");
    let finding = Finding {
        code: FindingCode::PersonalData,
        severity: Severity::Warning,
        columns: vec!["mail".into()],
        message: "`mail` holds e-mail addresses".into(),
        hint: "raise the class".into(),
        class: Some(DataClass::Confidential),
        extent: Extent::all(1),
    };
    bench.send(Message::Looked {
        cell: "penguins".into(),
        key,
        result: Ok(vec![finding]),
    });
    let shown = |bench: &Bench| {
        let notebook = snapshot(&bench.state).project.unwrap().notebook.unwrap();
        let cells = notebook.blocks.iter().filter_map(|block| match &block.content {
            BlockContent::Cell(cell) => Some(cell.findings.len()),
            BlockContent::Prose => None,
        });
        cells.sum::<usize>()
    };
    assert_eq!(shown(&bench), 1);
    let block = bench.block("penguins");
    bench.operate(Operation::SetClass {
        block,
        class: DataClass::Confidential,
    });
    assert!(
        bench
            .text()
            .contains("path = \"a.csv\"\nclass = \"confidential\"\n")
    );
    assert_eq!(shown(&bench), 0, "findings of another text would be a lie");
    bench.operate(Operation::Undo);
    assert_eq!((bench.text().as_str(), shown(&bench)), (NOTEBOOK, 1));
}

#[test]
fn pictures_belong_to_the_output_that_they_were_made_of() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    let block = bench.block("good");
    let ask = |bench: &mut Bench| {
        bench.operate(Operation::ShowThumbnails {
            block,
            columns: vec!["image".into()],
            first: 64,
            last: 74,
        })
    };
    let effects = ask(&mut bench);
    let [Effect::Thumbnails { key, first: 64, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(ask(&mut bench).is_empty(), "they are being made");
    let thumbnails = |bench: &Bench| {
        let notebook = snapshot(&bench.state).project.unwrap().notebook.unwrap();
        let of = notebook
            .blocks
            .into_iter()
            .find(|found| found.id == block)
            .unwrap();
        match of.content {
            BlockContent::Cell(cell) => cell.thumbnails.len(),
            BlockContent::Prose => 0,
        }
    };
    bench.send(Message::Thumbnails {
        cell: "good".into(),
        key: key.clone(),
        thumbnails: aloft_protocol::snapshot::Thumbnails {
            column: "image".into(),
            first: 64,
            pictures: vec![None],
        },
    });
    assert_eq!(thumbnails(&bench), 1);
    bench.operate(Operation::EditText {
        block,
        text: "SELECT 1 AS one FROM penguins\n".into(),
    });
    assert!(
        ask(&mut bench).is_empty(),
        "the rows on the screen are older than the text"
    );
    let again = bench.later(1.0);
    bench.settle(again, "");
    assert_eq!(thumbnails(&bench), 0, "another output has other pictures");
}

#[test]
fn names_of_files_are_pictures_where_a_folder_of_them_hands_them_on() {
    let text = "```toml source pets\npath = \"pictures\"\n```\n\n```sql query dogs\nSELECT path, kind FROM pets\n```\n\n```sql \
                query made\nSELECT kind AS path, kind FROM pets\n```\n";
    let column = |name: &str, dtype: &str, kind| Column {
        field: Field {
            name: name.into(),
            dtype: dtype.into(),
            kind,
        },
        values: Values::Text(vec![None]),
    };
    let mut bench = Bench::new(text, None);
    let mut effects = std::mem::take(&mut bench.first);
    while let Some(effect) = effects.pop() {
        if let Effect::Recall { workspace, .. } = &effect {
            let notebook = workspace.notebook.clone();
            effects.extend(bench.send(Message::RecallEnded { notebook }));
        }
        if let Effect::Evaluate { task, key, cell, .. } = effect {
            let mut reading = Reading::new(Format::Images, 1, 1);
            reading.pictures = vec!["path".into()];
            let table = TableOutput {
                table: Arc::new(Table {
                    columns: vec![
                        column("path", "str", ColumnKind::Text),
                        column("kind", "str", ColumnKind::Text),
                        column("small", "binary", ColumnKind::Other),
                    ],
                    rows: 1,
                }),
                profile: Arc::new(Profile {
                    extent: Extent::all(1),
                    columns: Vec::new(),
                    associations: None,
                    scan: None,
                }),
                extent: Extent::all(1),
                reading: (cell == "pets").then(|| Arc::new(reading)),
            };
            effects.extend(bench.send(Message::Evaluated {
                task,
                key,
                seconds: 0.1,
                cached: false,
                result: Ok(Output::Table(table)),
            }));
        }
    }
    let notebook = snapshot(&bench.state).project.unwrap().notebook.unwrap();
    let pictures: Vec<Vec<String>> = notebook
        .blocks
        .into_iter()
        .filter_map(|block| match block.content {
            BlockContent::Cell(cell) => Some(cell.pictures),
            BlockContent::Prose => None,
        })
        .collect();
    assert_eq!(
        pictures,
        [vec!["path", "small"], vec!["path", "small"], vec!["small"]],
        "of the folder, handed on, and of other values under the same name"
    );
}
