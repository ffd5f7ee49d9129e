//! egui inside a GTK window: a `GtkGLArea` that egui paints into, fed by GTK's own signals.
//!
//! Input comes from GTK and not from the window library's events, because those lose wheel steps, know no input methods
//! and no dropped files. Everything here lives on GTK's main thread; only a [`Repaint`] may be used from elsewhere.
//!
//! Calls into GTK can call back at once (the clipboard, focus, a dialog's own loop). So nothing here calls GTK while it
//! holds a borrow, and what a frame asks for is done after the frame, from the main loop.

mod accessibility;
mod area;
mod clipboard;
mod cursor;
mod drops;
mod failure;
mod gl;
mod ime;
mod input;
mod keys;
mod pointer;
mod repaint;

pub use area::Host;
pub use clipboard::store as keep_clipboard;
use repaint::Repaint;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// What is painted into the window.
pub trait Content {
    /// Sets fonts and colours up. Called before the first frame, and again when the views start anew after a failure.
    fn prepare(&mut self, ctx: &egui::Context);
    /// Paints one frame. A panic in here is caught: the window then shows the failure, the program goes on.
    fn frame(&mut self, ui: &mut egui::Ui);
    /// Files or folders were dropped on the window.
    fn dropped(&mut self, paths: Vec<PathBuf>);
}

/// Runs a callback of GTK. A panic must not cross into C, so it ends here; the panic hook has told it by then.
pub fn guarded<T>(fallback: T, callback: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(callback)).unwrap_or(fallback)
}

/// Does something from the main loop, when no frame and no signal handler is on the stack.
fn later(task: impl FnOnce() + 'static) {
    glib::idle_add_local_once(move || guarded((), task));
}
