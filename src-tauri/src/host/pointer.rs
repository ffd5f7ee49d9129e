//! Mouse, touchpad and wheel.

use super::area::Surface;
use super::{clipboard, guarded};
use egui::{Event, MouseWheelSource, MouseWheelUnit, PointerButton, TouchPhase, Vec2};
use gdk::ScrollDirection;
use glib::Propagation;
use gtk::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// How many points a touchpad moves the content for the distance that GTK counts as one step of a wheel.
const POINTS_PER_STEP: f32 = 40.0;

/// What the area listens for.
pub fn events() -> gdk::EventMask {
    gdk::EventMask::POINTER_MOTION_MASK
        | gdk::EventMask::BUTTON_PRESS_MASK
        | gdk::EventMask::BUTTON_RELEASE_MASK
        | gdk::EventMask::SCROLL_MASK
        | gdk::EventMask::SMOOTH_SCROLL_MASK
        | gdk::EventMask::LEAVE_NOTIFY_MASK
}

/// Hears the pointer over the area.
pub fn connect(area: &gtk::GLArea, surface: &Rc<Surface>) {
    // A drag that leaves the window goes on, so the pointer is gone only when no button is held.
    let held = Rc::new(Cell::new(0_u32));

    let s = surface.clone();
    area.connect_motion_notify_event(move |_, event| {
        guarded((), || {
            s.input.set_modifiers(super::keys::modifiers(event.state()));
            s.input.push(Event::PointerMoved(s.input.place(event.position())));
        });
        Propagation::Stop
    });

    let (s, count) = (surface.clone(), held.clone());
    area.connect_button_press_event(move |area, event| {
        // GTK adds a double and a triple press to the presses themselves; egui counts by itself.
        if event.event_type() == gdk::EventType::ButtonPress {
            guarded((), || {
                area.grab_focus();
                count.set(count.get() + 1);
                button(&s, event, true);
                if event.button() == 2 {
                    clipboard::paste_selection(&s, s.input.place(event.position()));
                }
            });
        }
        Propagation::Stop
    });

    let (s, count) = (surface.clone(), held.clone());
    area.connect_button_release_event(move |_, event| {
        guarded((), || {
            count.set(count.get().saturating_sub(1));
            button(&s, event, false);
        });
        Propagation::Stop
    });

    let s = surface.clone();
    area.connect_leave_notify_event(move |_, _| {
        guarded((), || {
            if held.get() == 0 {
                s.input.push(Event::PointerGone);
            }
        });
        Propagation::Stop
    });

    let s = surface.clone();
    area.connect_scroll_event(move |_, event| {
        guarded((), || {
            s.input.set_modifiers(super::keys::modifiers(event.state()));
            s.input.push(wheel(event, s.input.modifiers()));
        });
        Propagation::Stop
    });
}

fn button(surface: &Surface, event: &gdk::EventButton, pressed: bool) {
    let button = match event.button() {
        1 => PointerButton::Primary,
        2 => PointerButton::Middle,
        3 => PointerButton::Secondary,
        8 => PointerButton::Extra1,
        9 => PointerButton::Extra2,
        _ => return,
    };
    let input = &surface.input;
    input.set_modifiers(super::keys::modifiers(event.state()));
    let pos = input.place(event.position());
    input.push(Event::PointerMoved(pos));
    input.push(Event::PointerButton {
        pos,
        button,
        pressed,
        modifiers: input.modifiers(),
    });
}

fn wheel(event: &gdk::EventScroll, modifiers: egui::Modifiers) -> Event {
    let touchpad = event
        .device()
        .is_some_and(|device| device.source() == gdk::InputSource::Touchpad);
    let steps = steps(event.direction(), event.delta());
    Event::MouseWheel {
        unit: if touchpad {
            MouseWheelUnit::Point
        } else {
            MouseWheelUnit::Line
        },
        delta: if touchpad { steps * POINTS_PER_STEP } else { steps },
        phase: if event.is_stop() {
            TouchPhase::End
        } else {
            TouchPhase::Move
        },
        source: if touchpad {
            MouseWheelSource::Trackpad
        } else {
            MouseWheelSource::Wheel
        },
        modifiers,
    }
}

/// By how many steps of a wheel the content moves. The distances are valid for smooth scrolling only; they count
/// downwards, egui counts the way the content moves.
#[expect(clippy::cast_possible_truncation, reason = "steps are small numbers")]
fn steps(direction: ScrollDirection, (dx, dy): (f64, f64)) -> Vec2 {
    match direction {
        ScrollDirection::Up => Vec2::new(0.0, 1.0),
        ScrollDirection::Down => Vec2::new(0.0, -1.0),
        ScrollDirection::Left => Vec2::new(1.0, 0.0),
        ScrollDirection::Right => Vec2::new(-1.0, 0.0),
        _ => Vec2::new(-dx as f32, -dy as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_moves_against_the_wheel() {
        // A discrete event carries no distance, a smooth one no direction.
        assert_eq!(steps(ScrollDirection::Down, (0.0, 0.0)), Vec2::new(0.0, -1.0));
        assert_eq!(steps(ScrollDirection::Left, (0.0, 0.0)), Vec2::new(1.0, 0.0));
        assert_eq!(
            steps(ScrollDirection::Smooth, (0.25, -2.0)),
            Vec2::new(-0.25, 2.0)
        );
    }
}
