//! What happened since the last frame, in egui's words.

use super::Repaint;
use egui::{Event, HoveredFile, Modifiers, Pos2, RawInput, Rect};
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// Events for the next frame. Pushing one asks for that frame.
pub struct Input {
    events: RefCell<Vec<Event>>,
    modifiers: Cell<Modifiers>,
    focused: Cell<bool>,
    hovering: Cell<bool>,
    system_theme: Cell<Option<egui::Theme>>,
    points_per_unit: Cell<f32>,
    started: Instant,
    repaint: Repaint,
}

impl Input {
    /// Nothing happened yet.
    pub fn new(repaint: Repaint) -> Self {
        Self {
            events: RefCell::default(),
            modifiers: Cell::default(),
            focused: Cell::new(true),
            hovering: Cell::new(false),
            system_theme: Cell::new(None),
            points_per_unit: Cell::new(1.0),
            started: Instant::now(),
            repaint,
        }
    }

    /// Takes an event.
    pub fn push(&self, event: Event) {
        self.events.borrow_mut().push(event);
        self.repaint.now();
    }

    /// How many events wait: a mark for [`Input::insert`].
    pub fn len(&self) -> usize {
        self.events.borrow().len()
    }

    /// Puts an event before those that came after `mark`.
    pub fn insert(&self, mark: usize, event: Event) {
        let mut events = self.events.borrow_mut();
        let at = mark.min(events.len());
        events.insert(at, event);
        drop(events);
        self.repaint.now();
    }

    /// The modifier keys that are held.
    pub fn modifiers(&self) -> Modifiers {
        self.modifiers.get()
    }

    /// Takes the modifier keys that are held, from any event that tells them.
    pub fn set_modifiers(&self, modifiers: Modifiers) {
        if self.modifiers.replace(modifiers) != modifiers {
            self.push(Event::ModifiersChanged(modifiers));
        }
    }

    /// Takes whether the window has the keyboard. Keys released elsewhere are not told, so nothing is held after that.
    pub fn set_focused(&self, focused: bool) {
        if self.focused.replace(focused) != focused {
            self.set_modifiers(Modifiers::NONE);
            self.push(Event::WindowFocused(focused));
        }
    }

    /// Takes whether files are held over the window; GTK tells their names when they are dropped only.
    pub fn set_hovering(&self, hovering: bool) {
        if self.hovering.replace(hovering) != hovering {
            self.repaint.now();
        }
    }

    /// Takes the colours that the desktop prefers.
    pub fn set_system_theme(&self, theme: egui::Theme) {
        self.system_theme.set(Some(theme));
        self.repaint.now();
    }

    /// How many egui points a unit of GTK has: both scale, by different rules.
    pub fn set_points_per_unit(&self, points: f32) {
        self.points_per_unit.set(points);
    }

    /// egui points in a unit of GTK.
    pub fn points_per_unit(&self) -> f32 {
        self.points_per_unit.get()
    }

    /// A place in GTK's units as a place in egui's points.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a screen is far smaller than an f32 is exact"
    )]
    pub fn place(&self, (x, y): (f64, f64)) -> Pos2 {
        Pos2::new(x as f32, y as f32) * self.points_per_unit.get()
    }

    /// Everything for a frame of `size` points, at `scale` pixels a point before egui's own zoom.
    pub fn take(&self, size: egui::Vec2, scale: f32, max_texture_side: usize) -> RawInput {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            max_texture_side: Some(max_texture_side),
            time: Some(self.started.elapsed().as_secs_f64()),
            events: self.events.take(),
            focused: self.focused.get(),
            system_theme: self.system_theme.get(),
            ..RawInput::default()
        };
        if self.hovering.get() {
            input.hovered_files.push(HoveredFile::default());
        }
        if let Some(viewport) = input.viewports.get_mut(&egui::ViewportId::ROOT) {
            viewport.native_pixels_per_point = Some(scale);
            viewport.focused = Some(self.focused.get());
        }
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glib::SendWeakRef;

    fn input() -> Input {
        Input::new(Repaint::new(SendWeakRef::new()))
    }

    fn taken(input: &Input) -> Vec<Event> {
        input.take(egui::vec2(100.0, 50.0), 2.0, 4096).events
    }

    #[test]
    fn events_come_once_and_in_order() {
        let input = input();
        let mark = input.len();
        input.push(Event::Text("a".into()));
        input.insert(mark, Event::Copy);
        input.insert(99, Event::Cut);
        assert_eq!(taken(&input), [Event::Copy, Event::Text("a".into()), Event::Cut]);
        assert_eq!(taken(&input), []);
    }

    #[test]
    fn modifiers_are_told_when_they_change_and_forgotten_without_focus() {
        let input = input();
        input.set_modifiers(Modifiers::CTRL);
        input.set_modifiers(Modifiers::CTRL);
        assert_eq!(taken(&input), [Event::ModifiersChanged(Modifiers::CTRL)]);
        input.set_focused(false);
        assert_eq!(
            taken(&input),
            [
                Event::ModifiersChanged(Modifiers::NONE),
                Event::WindowFocused(false)
            ]
        );
    }

    #[test]
    fn places_scale_and_the_frame_knows_its_size() {
        let input = input();
        input.set_points_per_unit(0.5);
        assert_eq!(input.place((10.0, 30.0)), Pos2::new(5.0, 15.0));
        let raw = input.take(egui::vec2(100.0, 50.0), 2.0, 4096);
        assert_eq!(
            raw.screen_rect,
            Some(Rect::from_min_size(Pos2::ZERO, egui::vec2(100.0, 50.0)))
        );
        assert_eq!(raw.viewport().native_pixels_per_point, Some(2.0));
        assert!(raw.hovered_files.is_empty());
        input.set_hovering(true);
        assert_eq!(input.take(egui::Vec2::ZERO, 1.0, 1).hovered_files.len(), 1);
    }
}
