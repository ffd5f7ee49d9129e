//! `aloft new DIR [--example NAME]`

use crate::{Result, screen::Screen};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The folder to make
    dir: PathBuf,
    /// Start from an example that comes with the program (`penguins`, `flights`)
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
}

#[derive(Serialize)]
struct Document {
    project: String,
    root: PathBuf,
    notebooks: Vec<PathBuf>,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let project = aloft_project::new_project(&self.dir, self.example.as_deref())?;
        let document = Document {
            project: project.name(),
            notebooks: project.notebooks(),
            root: project.root,
        };
        screen.result(&document, |screen| {
            screen.line(format_args!(
                "made the project `{}` in {}",
                document.project,
                document.root.display()
            ));
            for notebook in &document.notebooks {
                screen.line(format_args!("  {}", notebook.display()));
            }
            screen.line(format_args!(
                "next: aloft run {0}   or: aloft open {0}",
                self.dir.display()
            ));
        });
        Ok(0)
    }
}
