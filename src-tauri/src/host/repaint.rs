//! Repaint on demand: a frame is painted when something asks for one, so that an idle window costs nothing.

use glib::SendWeakRef;
use gtk::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Waits longer than this mean "never": egui uses the largest duration for that.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks for frames, from any thread. It only posts to the main loop, because egui calls it with its context locked.
#[derive(Clone)]
pub struct Repaint {
    area: SendWeakRef<gtk::GLArea>,
    posted: Arc<AtomicBool>,
    due: Arc<Mutex<Option<Instant>>>,
}

impl Repaint {
    /// Frames of this area.
    pub(super) fn new(area: SendWeakRef<gtk::GLArea>) -> Self {
        Self {
            area,
            posted: Arc::default(),
            due: Arc::default(),
        }
    }

    /// A frame as soon as possible. Many requests before that frame are one.
    pub fn now(&self) {
        if self.posted.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.clone();
        glib::idle_add_full(glib::Priority::HIGH_IDLE, move || {
            this.posted.store(false, Ordering::Release);
            if let Some(area) = this.area.upgrade() {
                area.queue_render();
            }
            glib::ControlFlow::Break
        });
    }

    /// A frame after `delay`. Of several requests the earliest counts; the frame it brings asks again for the rest.
    pub fn after(&self, delay: Duration) {
        if delay.is_zero() {
            return self.now();
        }
        if delay > LONGEST {
            return;
        }
        let when = Instant::now() + delay;
        {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            if due.is_some_and(|earlier| earlier <= when) {
                return;
            }
            *due = Some(when);
        }
        let this = self.clone();
        glib::timeout_add_full(delay, glib::Priority::DEFAULT, move || {
            let mut due = this.due.lock().unwrap_or_else(PoisonError::into_inner);
            if *due == Some(when) {
                *due = None;
                drop(due);
                this.now();
            }
            glib::ControlFlow::Break
        });
    }
}
