//! `aloft open [DIR]`: the window, a program of its own beside this one.

use crate::{Result, screen::Screen};
use aloft_spec::{Code, Problem};
use clap::Args;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[derive(Args)]
pub struct Arguments {
    /// A project's folder, a notebook or a data file
    path: Option<PathBuf>,
}

/// The window's program.
pub const DESKTOP: &str = "aloft-desktop";

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        if let Some(path) = &self.path
            && !path.exists()
        {
            return Err(Problem::new(Code::NotFound, "there is no such file or folder").in_file(path));
        }
        let program = desktop()?;
        let child = Command::new(&program)
            .args(&self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, so that Ctrl+C in this terminal isn't meant for the window.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                Problem::new(Code::NotFound, format!("the window can't be started: {error}"))
                    .in_file(&program)
            })?;
        screen.result(&serde_json::json!({ "pid": child.id() }), |screen| {
            screen.line("opened");
        });
        Ok(0)
    }
}

/// The window's program, beside this one.
pub fn desktop() -> Result<PathBuf> {
    let here = std::env::current_exe()
        .map_err(|error| Problem::new(Code::Internal, format!("this program can't find itself: {error}")))?;
    let program = here.with_file_name(DESKTOP);
    if program.is_file() {
        return Ok(program);
    }
    Err(
        Problem::new(Code::NotFound, "the window's program isn't beside this one")
            .in_file(program)
            .with_hint(
                "install `aloft-desktop` into the same folder; every verb but `open` works without it",
            ),
    )
}
