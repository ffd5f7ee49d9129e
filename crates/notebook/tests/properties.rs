//! What holds for every text.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use aloft_notebook::{Block, Document};
use aloft_spec::CellKind;
use proptest::prelude::*;
use std::path::Path;

/// Pieces of which near-notebooks are made: what a notebook has, what nearly is that, and what breaks it.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "```toml source flights\n",
        "```sql query recent\n",
        "~~~toml chart c\n",
        "   ````toml train late\n",
        "    ```toml source indented\n",
        "```toml sweep s\n",
        "```toml source\n",
        "```python\n",
        "```toml\n",
        "```\n",
        "~~~\n",
        "````\n",
        "```",
        "~~~~ \r\n",
        "```toml source no-name\r\n",
        "```sql train x\n",
        "\u{feff}",
        "\n",
        "\r\n",
        "\r",
        " \n",
        "# Title\n",
        "## Title ##\r\n",
        "prose\n",
        "<!-- \n",
        "-->\n",
        "<!-- whole -->\n",
        "<<<<<<< ours\n",
        "=======\n",
        ">>>>>>> theirs\n",
        "path = \"a.csv\"\n",
        "data = \"recent\"\n",
        "mark = \"box\"\n",
        "x = 'ä'\n",
        "[sample]\n",
        "rows = 0\n",
        "SELECT * FROM flights\n",
        "WITH x AS (SELECT 1) ",
        "JOIN recent USING (a)",
        "'",
        "(",
        "target = \"late\"\nsplit = { test = 2.0 }\n",
        "unknown.key = [1, { a = 2 }]\n",
    ];
    prop_oneof![6 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn near_notebook() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => near_notebook(), 1 => "(?s).{0,200}"]
}

/// A text of whole lines that a user could type into a block.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![near_notebook(), "[a-z \n`~]{0,40}"].prop_map(|text| text.replace(['\r', '\u{feff}'], ""))
}

fn start(text: &str) -> usize {
    if text.starts_with('\u{feff}') { 3 } else { 0 }
}

/// Everything that can be asked of a document.
fn ask(document: &Document) {
    let file = Path::new("n.aloft.md");
    let lines = document.text().split('\n').count();
    for found in document.diagnostics(file) {
        let place = found.problem.place.unwrap();
        let (line, column) = (place.line.unwrap(), place.column.unwrap());
        assert!((1..=lines).contains(&line), "{line} of {lines}");
        let width = document.text().split('\n').nth(line - 1).unwrap().chars().count();
        assert!((1..=width + 1).contains(&column), "column {column} of {width}");
    }
    let order = document.order();
    for cell in document.cells() {
        let error = document
            .cell_diagnostics(file, &cell.name)
            .into_iter()
            .find(|found| found.severity == aloft_spec::Severity::Error);
        assert_eq!(
            document.spec(&cell.name, file).err(),
            error.map(|found| found.problem)
        );
        let place = order.iter().position(|name| *name == cell.name);
        for input in document.dependencies(&cell.name) {
            assert!(document.downstream(&input).contains(&cell.name) || input == cell.name);
            if let Some(place) = place {
                let before = order.iter().position(|name| *name == input);
                assert!(
                    before.is_some_and(|before| before < place),
                    "{input} comes before {}",
                    cell.name
                );
            }
        }
    }
    let _ = document.title();
}

/// The texts of all blocks with their kinds and names.
fn contents(document: &Document) -> Vec<(Option<(String, String)>, String)> {
    (0..document.blocks().len())
        .map(|index| {
            let name = match &document.blocks()[index] {
                Block::Cell(cell) => Some((cell.kind.word().to_owned(), cell.name.clone())),
                Block::Prose { .. } => None,
            };
            (name, document.block_text(index).unwrap().to_owned())
        })
        .collect()
}

/// The cells among them. A lone `\r` at the end of a file becomes part of a newline when something follows.
fn cells(contents: &[(Option<(String, String)>, String)]) -> Vec<(Option<(String, String)>, String)> {
    let cells = contents.iter().filter(|(head, _)| head.is_some());
    cells
        .map(|(head, text)| (head.clone(), text.trim_end_matches('\r').to_owned()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_text_is_kept_and_blocks_cover_it(text in text()) {
        let document = Document::parse(text.as_str());
        prop_assert_eq!(document.text(), &text);
        let mut end = start(&text);
        let mut printed = text[..end].to_owned();
        for block in document.blocks() {
            let span = block.span();
            prop_assert_eq!(span.start, end);
            end = span.end;
            printed.push_str(&text[span]);
        }
        prop_assert_eq!(end, text.len());
        prop_assert_eq!(printed, text);
        ask(&document);
    }

    #[test]
    fn an_edit_changes_its_block_alone(text in text(), index in 0usize..6, new in typed()) {
        let document = Document::parse(text.as_str());
        let Some(block) = document.blocks().get(index) else { return Ok(()) };
        let edited = document.replace_block(index, &new);
        prop_assert!(edited.starts_with(&text[..block.span().start]));
        prop_assert!(edited.ends_with(&text[block.span().end..]));
        let after = Document::parse(edited.as_str());
        match block {
            Block::Cell(cell) => {
                let Some(Block::Cell(now)) = after.blocks().get(index) else { panic!("the cell is gone: {edited:?}") };
                prop_assert_eq!((&now.name, &now.kind), (&cell.name, &cell.kind));
                prop_assert_eq!(now.body(&after).replace("\r\n", "\n"), new);
                let (before, after) = (contents(&document), contents(&after));
                prop_assert_eq!(&before[..index], &after[..index]);
                prop_assert_eq!(&before[index + 1..], &after[index + 1..]);
            }
            Block::Prose { .. } => {
                let (before, after) = (contents(&document), contents(&after));
                let following = before.len() - index - 1;
                prop_assert!(after.len() >= index + following);
                prop_assert_eq!(&before[..index], &after[..index]);
                prop_assert_eq!(&before[index + 1..], &after[after.len() - following..]);
            }
        }
    }

    #[test]
    fn the_same_text_changes_nothing(text in text()) {
        let document = Document::parse(text.as_str());
        for index in 0..document.blocks().len() {
            let same = document.block_text(index).unwrap();
            // Prose at the end may be open; nothing follows that it could swallow.
            prop_assert_eq!(document.replace_block(index, same), text.as_str());
        }
    }

    #[test]
    fn a_new_cell_comes_between_what_was_there(text in text(), after in prop::option::of(0usize..6), body in typed()) {
        let document = Document::parse(text.as_str());
        let name = document.unused_name("new");
        let now = Document::parse(document.insert_cell(after, &CellKind::Query, &name, &body));
        let cell = now.cell(&name).expect("the new cell is there");
        let body = body.strip_suffix('\n').unwrap_or(&body);
        prop_assert_eq!(cell.body(&now).replace("\r\n", "\n"), body);
        let (before, now) = (contents(&document), contents(&now));
        let place = now.iter().position(|(head, _)| head.as_ref().is_some_and(|(_, found)| *found == name)).unwrap();
        let blank = before.len() == 1 && before[0].1.is_empty();
        if !blank {
            let others = [&now[..place], &now[place + 1..]].concat();
            prop_assert_eq!(cells(&before), cells(&others));
            let expected = after.map_or(before.len(), |after| (after + 1).min(before.len()));
            prop_assert_eq!(place, expected);
        }
    }

    #[test]
    fn blocks_are_moved_and_removed_whole(text in text(), index in 0usize..6) {
        let document = Document::parse(text.as_str());
        let before = contents(&document);
        let removed = Document::parse(document.remove_block(index));
        let mut expected = before.clone();
        if index < expected.len() {
            expected.remove(index);
        }
        prop_assert_eq!(cells(&contents(&removed)), cells(&expected));
        let moved = Document::parse(document.move_block(index, true));
        let mut expected = before.clone();
        if index + 1 < expected.len() {
            expected.swap(index, index + 1);
        }
        prop_assert_eq!(cells(&contents(&moved)), cells(&expected));
        let up = document.move_block(index + 1, false);
        prop_assert_eq!(up, document.move_block(index, true));
    }

    #[test]
    fn names_are_names(stem in ".{0,80}", text in text()) {
        let document = Document::parse(text.as_str());
        let name = document.unused_name(&stem);
        prop_assert!(aloft_spec::is_valid_name(&name), "{name:?}");
        prop_assert!(document.cell(&name).is_none());
    }
}
