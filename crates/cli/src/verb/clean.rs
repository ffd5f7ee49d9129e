//! `aloft clean PATH`

use crate::{Result, screen::Screen, table::TextTable};
use aloft_engine::{Leftovers, Size};
use aloft_project::Project;
use aloft_spec::text;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only say what there is
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Document {
    root: PathBuf,
    removed: bool,
    #[serde(flatten)]
    leftovers: Leftovers,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let project = Project::open(&self.path)?;
        let document = Document {
            leftovers: aloft_engine::clean(&project, !self.dry_run)?,
            removed: !self.dry_run,
            root: project.root,
        };
        screen.result(&document, |screen| print(screen, &document));
        Ok(0)
    }
}

fn print(screen: &Screen, document: &Document) {
    let Leftovers {
        cache,
        copies,
        snapshots,
        kept_snapshots,
    } = document.leftovers;
    let done = if document.removed { "removed" } else { "there" };
    let mut table = TextTable::new(&["!what", "!state", ">files", ">size"]);
    let mut row = |what: &str, state: &str, size: Size| {
        table.row([
            what.into(),
            state.into(),
            text::thousands(size.files),
            text::bytes(size.bytes),
        ]);
    };
    row("outputs of cells", done, cache);
    row("copies of sources", done, copies);
    row("rows of no run", done, snapshots);
    row("rows of runs", "kept", kept_snapshots);
    for line in table.lines(screen.width()) {
        screen.line(line);
    }
}
