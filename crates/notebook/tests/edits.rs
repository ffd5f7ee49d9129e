//! What an edit does to the bytes of a file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use aloft_notebook::{Block, Document};
use aloft_spec::{CellKind, Code};

fn doc(text: &str) -> Document {
    Document::parse(text)
}

/// The blocks as `kind name: text` or `prose: text`.
fn outline(document: &Document) -> Vec<String> {
    document
        .blocks()
        .iter()
        .enumerate()
        .map(|(index, block)| {
            let text = document.block_text(index).unwrap();
            match block {
                Block::Cell(cell) => format!("{} {}: {text}", cell.kind, cell.name),
                Block::Prose { .. } => format!("prose: {text}"),
            }
        })
        .collect()
}

const SMALL: &str =
    "# Hi\n\n```toml source a\npath = \"a.csv\"\n```\n\n```sql query b\nSELECT * FROM a\n```\n";

#[test]
fn fences_are_those_of_markdown() {
    let text = "\u{feff}\n# Title #\n```python\n```toml source no\n```\n  ~~~~toml source a\r\n~~~\r\n~~~~~\n- ```toml source in_list\n\
                <!--\n```toml source commented\n```\n--> \n    ```toml source code\n`` `toml source b ``\n```sql query `x`\n\
                ```toml title=\"x.toml\" 1\n```\n```toml source\n```\n````sql query c\n```\n````";
    let document = doc(text);
    let cells: Vec<String> = outline(&document)
        .into_iter()
        .filter(|line| !line.starts_with("prose"))
        .collect();
    assert_eq!(cells, ["source a: ~~~", "query c: ```"]);
    assert_eq!(document.title(), Some("Title"));
    assert_eq!(document.cell("a").unwrap().line, 6);
    assert_eq!(document.blocks().len(), 4);
}

#[test]
fn titles_come_from_prose_only() {
    assert_eq!(
        doc("```\n# code\n```\n<!--\n# no\n-->\n#none\n####### no\n  ## Yes ä#\n# Later\n").title(),
        Some("Yes ä#")
    );
    assert_eq!(doc("#\n# \n").title(), None);
}

#[test]
fn replacing_keeps_all_other_bytes() {
    let document = doc(SMALL);
    assert_eq!(
        document.replace_block(1, "path = \"b.csv\""),
        SMALL.replace("a.csv", "b.csv")
    );
    assert_eq!(
        document.replace_block(0, "\n\n# Ho\n\nmore\n\n"),
        SMALL.replace("# Hi", "# Ho\n\nmore")
    );
    assert_eq!(
        document.replace_block(1, ""),
        SMALL.replace("path = \"a.csv\"\n", "")
    );
    assert_eq!(document.replace_block(9, "x"), SMALL);
    let windows = SMALL.replace('\n', "\r\n");
    assert_eq!(
        doc(&windows).replace_block(2, "SELECT 1\nFROM a"),
        windows.replace("SELECT * FROM a", "SELECT 1\r\nFROM a")
    );
}

#[test]
fn a_body_with_a_fence_gets_a_longer_fence() {
    let edited = doc(SMALL).replace_block(1, "path = \"\"\"\n   ````\n\"\"\"");
    assert_eq!(
        edited,
        SMALL.replace(
            "```toml source a\npath = \"a.csv\"\n```",
            "`````toml source a\npath = \"\"\"\n   ````\n\"\"\"\n`````"
        )
    );
    assert_eq!(
        doc(&edited)
            .replace_block(1, "path = \"a.csv\"")
            .matches("`````")
            .count(),
        2,
        "and keeps it"
    );
}

#[test]
fn prose_that_opens_a_fence_swallows_nothing() {
    let edited = doc(SMALL).replace_block(0, "# Hi\n```python\nx = 1");
    assert_eq!(edited, SMALL.replace("# Hi", "# Hi\n```python\nx = 1\n```"));
    assert_eq!(doc(&edited).blocks().len(), 3);
    let edited = doc(SMALL).replace_block(0, "<!-- later");
    assert_eq!(doc(&edited).blocks().len(), 3);
}

#[test]
fn an_open_cell_is_closed_before_another_comes() {
    let open = doc("text\n\n```toml source a\npath = \"a\"\n\n");
    assert_eq!(outline(&open), ["prose: text", "source a: path = \"a\"\n"]);
    assert_eq!(
        open.replace_block(1, "path = 1"),
        "text\n\n```toml source a\npath = 1\n"
    );
    let inserted = open.insert_cell(None, &CellKind::Query, "b", "SELECT 1\n");
    assert_eq!(
        inserted,
        "text\n\n```toml source a\npath = \"a\"\n\n```\n\n```sql query b\nSELECT 1\n```\n"
    );
    let moved = doc(&open.move_block(1, false));
    assert_eq!(outline(&moved), ["source a: path = \"a\"\n", "prose: text"]);
    let bare = doc("```toml source a");
    assert_eq!(bare.replace_block(0, "path = 1"), "```toml source a\npath = 1");
}

#[test]
fn inserting_sets_blocks_apart_by_a_blank_line() {
    let document = doc(SMALL);
    assert_eq!(
        document.insert_cell(Some(0), &CellKind::Chart, "c", "x = 1\n"),
        SMALL.replace("# Hi\n", "# Hi\n\n```toml chart c\nx = 1\n```\n")
    );
    assert_eq!(
        document.insert_prose(None, "The end.\n"),
        format!("{SMALL}\nThe end.\n")
    );
    assert_eq!(
        document.insert_prose(Some(1), " \n"),
        SMALL,
        "blank prose is none"
    );
    assert_eq!(doc("").insert_prose(None, "Hi"), "Hi\n");
    assert_eq!(
        doc("\u{feff}").insert_cell(None, &CellKind::Source, "a", ""),
        "\u{feff}```toml source a\n```\n"
    );
    assert_eq!(doc("a\r\nb").insert_prose(None, "c"), "a\r\nb\r\n\r\nc\r\n");
    let bad = document.insert_cell(None, &CellKind::Source, "my table", "");
    assert_eq!(
        outline(&doc(&bad)).last().map(String::as_str),
        Some("source my_table: ")
    );
}

#[test]
fn removing_and_moving_keep_the_gaps() {
    let document = doc(SMALL);
    assert_eq!(
        document.remove_block(1),
        "# Hi\n\n```sql query b\nSELECT * FROM a\n```\n"
    );
    assert_eq!(
        document.remove_block(2),
        "# Hi\n\n```toml source a\npath = \"a.csv\"\n```\n"
    );
    assert_eq!(doc("one").remove_block(0), "");
    assert_eq!(
        doc("one\n```toml source a\n```\ntwo").remove_block(1),
        "one\n\ntwo",
        "paragraphs stay apart"
    );
    let moved = document.move_block(1, true);
    assert_eq!(
        moved,
        "# Hi\n\n```sql query b\nSELECT * FROM a\n```\n\n```toml source a\npath = \"a.csv\"\n```\n"
    );
    assert_eq!(doc(&moved).move_block(2, false), SMALL);
    assert_eq!(document.move_block(0, false), SMALL);
    assert_eq!(document.move_block(2, true), SMALL);
}

#[test]
fn renaming_changes_the_name_alone() {
    let document = doc(SMALL);
    assert_eq!(
        document.rename_cell(1, "flights").unwrap(),
        SMALL.replace("source a", "source flights")
    );
    let code = |index, name: &str| document.rename_cell(index, name).unwrap_err().code;
    assert_eq!(code(1, "b"), Code::DuplicateName);
    assert_eq!(code(1, "my-name"), Code::BadValue);
    assert_eq!(code(0, "a"), Code::Unsupported);
    assert_eq!(document.unused_name("a"), "a_2");
    assert_eq!(document.unused_name("2013 flights.csv"), "_2013_flights_csv");
    assert_eq!(document.unused_name("数据"), "cell");
}

/// Who joins two files that begin with a byte order mark has one in the middle.
#[test]
fn a_byte_order_mark_in_the_middle_hides_no_cell() {
    let text = "```toml sweep s\n```\n\u{feff}```toml source flights\n```\n";
    let document = Document::parse(text);
    let names =
        |document: &Document| -> Vec<String> { document.cells().map(|cell| cell.name.clone()).collect() };
    assert_eq!(names(&document), ["s", "flights"]);
    assert_eq!(document.text(), text);
    assert_eq!(names(&Document::parse(document.remove_block(0))), ["flights"]);
}
