//! How the window over a project was left, kept in `.aloft/window.json`.

use crate::{Project, Result, state};
use aloft_spec::window::WindowState;
use std::path::PathBuf;

impl Project {
    /// How the window was left; a first start and a file that can't be read give the default.
    pub fn window(&self) -> WindowState {
        state::read(Some(&self.window_file()))
    }

    /// Keeps how the window is.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep_window(&self, window: &WindowState) -> Result<()> {
        state::write(Some(&self.window_file()), window)
    }

    fn window_file(&self) -> PathBuf {
        self.state_dir().join("window.json")
    }
}
