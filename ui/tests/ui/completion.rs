//! Suggestions while a query is written, by the keyboard and by the names that a screen reader reads.

use crate::support::{Window, flights, notebook_mut, of, window};
use aloft_protocol::snapshot::CellState;
use aloft_protocol::{BlockId, Operation};
use aloft_spec::{Code, Problem};
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

/// A window in which the text of the query `broken` is this, with the cursor at its end.
fn writing(text: &str) -> Harness<'static, Window> {
    let mut snapshot = flights();
    let block = notebook_mut(&mut snapshot)
        .blocks
        .iter_mut()
        .find(|block| block.id == BlockId(8));
    block.unwrap().text = text.into();
    let mut harness = window(snapshot, [1440.0, 900.0]);
    harness.run();
    harness.get_by_label_contains("Go to broken").click();
    harness.run();
    harness.get_by_label("Text of broken").focus();
    harness.run();
    harness
}

fn type_text(harness: &mut Harness<'_, Window>, text: &str) {
    harness.get_by_label("Text of broken").type_text(text);
    harness.run();
}

fn press(harness: &mut Harness<'_, Window>, key: Key) {
    harness.key_press(key);
    harness.run();
}

fn value(harness: &Harness<'_, Window>) -> String {
    harness.get_by_label("Text of broken").value().unwrap()
}

fn is_suggested(harness: &Harness<'_, Window>, label: &str) -> bool {
    harness.query_by_label(label).is_some()
}

#[test]
fn columns_are_suggested_while_a_word_is_typed_and_enter_takes_one() {
    let mut harness = writing("SELECT  FROM joined WHERE ");
    type_text(&mut harness, "d");
    assert!(is_suggested(&harness, "distance, i64") && is_suggested(&harness, "dep_delay, i64"));
    assert!(!is_suggested(&harness, "carrier, str"));
    type_text(&mut harness, "e");
    assert!(!is_suggested(&harness, "distance, i64"));
    press(&mut harness, Key::Enter);
    assert_eq!(value(&harness), "SELECT  FROM joined WHERE dep_delay");
    assert!(!is_suggested(&harness, "dep_delay, i64"));
    type_text(&mut harness, " > 1");
    assert_eq!(
        value(&harness),
        "SELECT  FROM joined WHERE dep_delay > 1",
        "the cursor stands behind it"
    );
    let Some(Operation::EditText { block, text }) = harness.state_mut().operations.pop() else {
        panic!("the text is sent")
    };
    assert_eq!(
        (block, text.trim_end()),
        (BlockId(8), "SELECT  FROM joined WHERE dep_delay > 1")
    );
    press(&mut harness, Key::Enter);
    assert_eq!(
        value(&harness),
        "SELECT  FROM joined WHERE dep_delay > 1\n",
        "Enter is a line end again"
    );
}

#[test]
fn arrows_choose_and_tab_takes() {
    let mut harness = writing("SELECT * FROM ");
    type_text(&mut harness, "f");
    assert!(is_suggested(&harness, "flights, table"));
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::ArrowUp);
    press(&mut harness, Key::Tab);
    assert_eq!(value(&harness), "SELECT * FROM flights");
}

#[test]
fn keys_ask_for_suggestions_and_escape_closes_them_before_it_leaves_the_text() {
    let mut harness = writing("SELECT w.* FROM joined w WHERE w.");
    assert!(!is_suggested(&harness, "temp, f64"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Space);
    harness.run();
    assert!(is_suggested(&harness, "temp, f64"));
    press(&mut harness, Key::Escape);
    assert!(!is_suggested(&harness, "temp, f64"));
    assert!(harness.get_by_label("Text of broken").is_focused());
    press(&mut harness, Key::Escape);
    assert!(!harness.get_by_label("Text of broken").is_focused());
}

#[test]
fn a_click_takes_a_suggestion_and_the_text_keeps_the_keyboard() {
    let mut harness = writing("SELECT ca");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Space);
    harness.run();
    harness.get_by_label("carrier, str").click();
    harness.run();
    harness.run();
    assert_eq!(value(&harness), "SELECT carrier");
    assert!(harness.get_by_label("Text of broken").is_focused());
}

#[test]
fn suggestions_go_when_the_cursor_does() {
    let mut harness = writing("SELECT * FROM joined WHERE ");
    type_text(&mut harness, "t");
    assert!(is_suggested(&harness, "temp, f64"));
    press(&mut harness, Key::ArrowLeft);
    assert!(!is_suggested(&harness, "temp, f64"));
    harness.event(Event::Text("x".into()));
    harness.run();
    assert_eq!(value(&harness), "SELECT * FROM joined WHERE xt");
}

#[test]
fn problems_are_marked_in_the_text_without_changing_it() {
    let mut harness = writing("SELECT carier FROM joined");
    let broken = of(notebook_mut(&mut harness.state_mut().snapshot), 8);
    broken.first_line = 48;
    broken.state = CellState::Failed {
        problem: Problem::new(Code::UnknownColumn, "there is no column `carier`").at("a.aloft.md", 48, 8),
    };
    harness.run();
    assert_eq!(value(&harness), "SELECT carier FROM joined");
    harness.get_by_label("There is no column carier");
}
