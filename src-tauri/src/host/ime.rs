//! Input methods: dead keys, compose sequences, and the composition of Chinese, Japanese and Korean.

use super::input::Input;
use super::later;
use egui::{Event, IMEPurpose, ImeEvent, output::IMEOutput};
use gtk::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// GTK's input method for the area. It is asked for keys while a text field of egui has the focus.
pub struct InputMethod {
    context: gtk::IMMulticontext,
    composing: Cell<bool>,
    wanted: Cell<bool>,
    window_focused: Cell<bool>,
    shown: Cell<Option<IMEOutput>>,
}

impl InputMethod {
    /// Its text and its preedit go to `input`.
    pub fn new(input: &Rc<Input>) -> Rc<Self> {
        let this = Rc::new(Self {
            context: gtk::IMMulticontext::new(),
            composing: Cell::new(false),
            wanted: Cell::new(false),
            window_focused: Cell::new(false),
            shown: Cell::new(None),
        });

        let (ime, events) = (Rc::downgrade(&this), input.clone());
        this.context.connect_commit(move |_, text| {
            let composing = ime.upgrade().is_some_and(|ime| ime.composing.replace(false));
            events.push(if composing {
                Event::Ime(ImeEvent::Commit(text.to_owned()))
            } else {
                Event::Text(text.to_owned())
            });
        });

        let (ime, events) = (Rc::downgrade(&this), input.clone());
        this.context.connect_preedit_changed(move |context| {
            let Some(ime) = ime.upgrade() else { return };
            let (text, _, cursor) = context.preedit_string();
            let was = ime.composing.replace(!text.is_empty());
            // An empty preedit without a composition is no news, and egui would drop a selection for it.
            if was || !text.is_empty() {
                let cursor = usize::try_from(cursor).ok();
                events.push(Event::Ime(ImeEvent::Preedit {
                    text: text.to_string(),
                    active_range_chars: cursor.map(|at| at..at),
                }));
            }
        });

        let (ime, events) = (Rc::downgrade(&this), input.clone());
        this.context.connect_preedit_end(move |_| {
            if ime.upgrade().is_some_and(|ime| ime.composing.replace(false)) {
                events.push(Event::Ime(ImeEvent::Preedit {
                    text: String::new(),
                    active_range_chars: None,
                }));
            }
        });
        this
    }

    /// Where its windows belong; `None` when the area goes away.
    pub fn set_window(&self, window: Option<&gdk::Window>) {
        self.context.set_client_window(window);
    }

    /// Offers a key. True when the input method took it.
    pub fn filter(&self, event: &gdk::EventKey) -> bool {
        self.wanted.get() && self.context.filter_keypress(event)
    }

    /// Whether a composition is under way.
    pub fn composing(&self) -> bool {
        self.composing.get()
    }

    /// Follows the window's focus.
    pub fn set_window_focused(self: &Rc<Self>, focused: bool) {
        self.window_focused.set(focused);
        if self.wanted.get() {
            let this = self.clone();
            later(move || this.set_context_focus(focused));
        }
    }

    /// Follows what a frame says: whether a text field has the focus, and where its cursor is.
    pub fn follow(self: &Rc<Self>, output: Option<IMEOutput>, points_per_unit: f32) {
        if self.shown.replace(output) == output {
            return;
        }
        let this = self.clone();
        later(move || this.apply(output, points_per_unit));
    }

    fn apply(&self, output: Option<IMEOutput>, points_per_unit: f32) {
        let Some(output) = output else {
            if self.wanted.replace(false) {
                self.context.reset();
                self.set_context_focus(false);
            }
            return;
        };
        if output.should_interrupt_composition {
            self.context.reset();
        }
        self.context.set_input_purpose(match output.purpose {
            IMEPurpose::Password => gtk::InputPurpose::Password,
            IMEPurpose::Terminal => gtk::InputPurpose::Terminal,
            IMEPurpose::Normal => gtk::InputPurpose::FreeForm,
        });
        if !self.wanted.replace(true) {
            self.set_context_focus(self.window_focused.get());
        }
        self.context
            .set_cursor_location(&unit_rectangle(output.cursor_rect, points_per_unit));
    }

    fn set_context_focus(&self, focused: bool) {
        if focused {
            self.context.focus_in();
        } else {
            self.context.focus_out();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole units are what GTK counts in"
)]
fn unit_rectangle(rect: egui::Rect, points_per_unit: f32) -> gdk::Rectangle {
    let rect = rect / points_per_unit;
    gdk::Rectangle::new(
        rect.left() as i32,
        rect.top() as i32,
        rect.width().max(1.0) as i32,
        rect.height().max(1.0) as i32,
    )
}
