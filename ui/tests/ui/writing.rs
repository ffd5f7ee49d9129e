//! Writing in the notebook: cells, prose, names and new blocks.

use crate::support::{
    CTRL, CTRL_SHIFT, WINDOW, Window, asked, click, flights, notebook_mut, press, trained, window,
};
use aloft_protocol::snapshot::BlockContent;
use aloft_protocol::{BlockId, Operation};
use aloft_spec::CellKind;
use egui::{Event, Key, Modifiers, PointerButton, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

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
fn a_click_below_a_short_text_beside_curves_goes_to_its_end() {
    let mut harness = window(trained(), [1440.0, 3000.0]);
    harness.run();
    let text = harness.get_by_label("Text of late").rect();
    let below = text.center_bottom() + vec2(0.0, 12.0);
    harness.hover_at(below);
    harness.run();
    for pressed in [true, false] {
        harness.event(Event::PointerButton {
            pos: below,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
    }
    harness.run();
    assert!(harness.get_by_label("Text of late").is_focused());
    harness.event(Event::Text("# why".into()));
    harness.run();
    let asked = asked(&mut harness);
    let [Operation::EditText { text, .. }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert!(text.trim_end().ends_with("# why"), "{text}");
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
