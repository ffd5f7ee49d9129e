//! What a screen reader sees: egui's tree, handed to AT-SPI by accesskit. Nothing is built until one asks.

use super::Repaint;
use egui::accesskit::{
    ActionHandler, ActionRequest, ActivationHandler, DeactivationHandler, Rect, TreeUpdate,
};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The window as AT-SPI knows it.
pub struct Accessibility {
    adapter: RefCell<accesskit_unix::Adapter>,
    reader: Reader,
}

/// What a screen reader wants, told on a thread of accesskit's own.
#[derive(Clone)]
struct Reader {
    present: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<ActionRequest>>>,
    repaint: Repaint,
}

impl Accessibility {
    /// Registers the window; `repaint` brings the frame that builds the tree once it is asked for.
    pub fn new(repaint: Repaint) -> Self {
        let reader = Reader {
            present: Arc::default(),
            requests: Arc::default(),
            repaint,
        };
        let adapter = accesskit_unix::Adapter::new(reader.clone(), reader.clone(), reader.clone());
        Self {
            adapter: RefCell::new(adapter),
            reader,
        }
    }

    /// Whether frames shall build the tree.
    pub fn wanted(&self) -> bool {
        self.reader.present.load(Ordering::Acquire)
    }

    /// What the screen reader did since the last frame.
    pub fn requests(&self) -> Vec<ActionRequest> {
        std::mem::take(
            &mut *self
                .reader
                .requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Hands a frame's tree on.
    pub fn update(&self, tree: TreeUpdate) {
        self.adapter.borrow_mut().update_if_active(|| tree);
    }

    /// Follows the window's focus.
    pub fn set_focused(&self, focused: bool) {
        self.adapter.borrow_mut().update_window_focus_state(focused);
    }

    /// Follows the window's place on the screen, in pixels: with its frame, and the painted area.
    pub fn set_bounds(&self, outer: Rect, inner: Rect) {
        self.adapter.borrow_mut().set_root_window_bounds(outer, inner);
    }
}

impl ActivationHandler for Reader {
    fn request_initial_tree(&mut self) -> Option<TreeUpdate> {
        self.present.store(true, Ordering::Release);
        self.repaint.now();
        // The tree is made by the next frame, on the main thread.
        None
    }
}

impl ActionHandler for Reader {
    fn do_action(&mut self, request: ActionRequest) {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        self.repaint.now();
    }
}

impl DeactivationHandler for Reader {
    fn deactivate_accessibility(&mut self) {
        self.present.store(false, Ordering::Release);
    }
}
