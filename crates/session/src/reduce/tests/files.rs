//! The text on the disk: the journal, and what other programs write.

use super::*;

#[test]
fn the_journal_is_written_and_recovered() {
    let mut bench = Bench::new("# Text\n", None);
    let block = bench.state.notebook().unwrap().ids[0];
    bench.operate(Operation::EditText {
        block,
        text: "# Texts\n".into(),
    });
    let effects = bench.later(1.0);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Journal { text, .. } if &**text == "# Texts\n"))
    );
    let bench = Bench::new("# Text\n", Some("# Texts\n"));
    assert_eq!(bench.text(), "# Texts\n");
    let snapshot = snapshot(&bench.state);
    assert!(snapshot.project.unwrap().notebook.unwrap().unsaved);
    assert!(
        snapshot
            .notices
            .iter()
            .any(|notice| notice.message.starts_with("Recovered"))
    );
}

#[test]
fn another_programs_change_is_taken_unless_text_is_unsaved() {
    let mut bench = Bench::new("# Text\n", None);
    let path = PathBuf::from("notebooks/a.aloft.md");
    let changed = |text: &str| Message::NotebookRead {
        path: path.clone(),
        result: Ok(NotebookText {
            saved: text.into(),
            recovered: None,
        }),
    };
    bench.send(changed("# From outside\n"));
    assert_eq!(bench.text(), "# From outside\n");
    let block = bench.state.notebook().unwrap().ids[0];
    bench.operate(Operation::EditText {
        block,
        text: "# Mine\n".into(),
    });
    bench.send(changed("# Again\n"));
    assert_eq!(bench.text(), "# Mine\n", "unsaved text is never replaced");
    assert!(snapshot(&bench.state).notices.iter().any(|notice| !notice.good));
}
