//! How the window was left: it goes to the project's folder, and comes back from there.

use super::*;
use aloft_spec::window::{Panels, WindowState};

fn kept(effects: &[Effect]) -> Option<WindowState> {
    effects.iter().find_map(|effect| match effect {
        Effect::KeepWindow { project, window } => {
            project.keep_window(window).unwrap();
            assert_eq!(project.window(), **window, "a file says the same");
            Some((**window).clone())
        }
        _ => None,
    })
}

#[test]
fn panels_and_widths_are_kept_with_the_project() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let panels = Panels {
        wide: true,
        inspector_hidden: true,
        ..Panels::default()
    };
    let effects = bench.operate(Operation::KeepPanels { panels });
    assert_eq!(kept(&effects).unwrap().panels, panels);
    let block = bench.block("good");
    let widths = [("a".to_owned(), 120.0), ("b".to_owned(), 64.5)];
    let effects = bench.operate(Operation::KeepWidths {
        block,
        widths: widths.clone().into(),
    });
    let window = kept(&effects).unwrap();
    assert_eq!(window.panels, panels, "they stay");
    assert_eq!(
        window.widths["notebooks/a.aloft.md"]["good"],
        widths.clone().into()
    );

    let effects = bench.operate(Operation::RenameCell {
        block,
        name: "better".into(),
    });
    let cells = &kept(&effects).unwrap().widths["notebooks/a.aloft.md"];
    assert_eq!(cells.get("better"), Some(&widths.into()));
    assert_eq!(cells.get("good"), None);
    assert!(!bench.text().contains("120"), "the notebook says nothing of it");
    let shown = snapshot(&bench.state).project.unwrap().window;
    assert_eq!(shown.panels, panels);
}
