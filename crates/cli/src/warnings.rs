//! What a notebook says beside what is used of it.

use crate::screen::Screen;
use aloft_engine::Workspace;
use aloft_spec::Severity;

/// Tells what the texts of a cell and of those that it reads hold beside what is used: a misspelled key would change what is
/// done without a word.
pub fn tell(screen: &Screen, workspace: &Workspace, cell: &str) {
    let document = &workspace.document;
    let mut names = vec![cell.to_owned()];
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        next += 1;
        for diagnostic in document.cell_diagnostics(&workspace.notebook, &name) {
            if diagnostic.severity == Severity::Warning {
                screen.note(format_args!("warning: {}", diagnostic.problem));
            }
        }
        for above in document.dependencies(&name) {
            if !names.contains(&above) {
                names.push(above);
            }
        }
    }
}
