//! The keyboard.

use super::area::Surface;
use super::{clipboard, guarded};
use egui::{Event, Key, Modifiers};
use gdk::ModifierType;
use glib::Propagation;
use gtk::prelude::*;
use std::rc::Rc;

/// What the area listens for.
pub fn events() -> gdk::EventMask {
    gdk::EventMask::KEY_PRESS_MASK | gdk::EventMask::KEY_RELEASE_MASK | gdk::EventMask::FOCUS_CHANGE_MASK
}

/// Hears the keyboard while the area has the focus. Keys stop here, or Tab would leave the area.
pub fn connect(area: &gtk::GLArea, surface: &Rc<Surface>) {
    let s = surface.clone();
    area.connect_key_press_event(move |_, event| {
        guarded((), || pressed(&s, event));
        Propagation::Stop
    });
    let s = surface.clone();
    area.connect_key_release_event(move |_, event| {
        guarded((), || released(&s, event));
        Propagation::Stop
    });
    let s = surface.clone();
    area.connect_focus_in_event(move |_, _| {
        guarded((), || focus(&s, true));
        Propagation::Proceed
    });
    let s = surface.clone();
    area.connect_focus_out_event(move |_, _| {
        guarded((), || focus(&s, false));
        Propagation::Proceed
    });
}

fn focus(surface: &Surface, focused: bool) {
    surface.input.set_focused(focused);
    surface.ime.set_window_focused(focused);
    surface.accessibility.set_focused(focused);
}

fn pressed(surface: &Rc<Surface>, event: &gdk::EventKey) {
    let input = &surface.input;
    input.set_modifiers(after(modifiers(event.state()), event.keyval(), true));
    let held = input.modifiers();

    let mark = input.len();
    let taken = surface.ime.filter(event);
    if taken && (surface.ime.composing() || held.command || held.alt) {
        return;
    }
    let key = key(event.keyval()).or_else(|| latin_key(event, held));
    match key.and_then(|key| shortcut(key, held)) {
        Some(Shortcut::Copy) => input.push(Event::Copy),
        Some(Shortcut::Cut) => input.push(Event::Cut),
        Some(Shortcut::Paste) => clipboard::paste(surface),
        None => {
            if let Some(key) = key {
                // The input method has pushed its text by now; egui expects the key before its text.
                input.insert(
                    mark,
                    Event::Key {
                        key,
                        physical_key: None,
                        pressed: true,
                        repeat: false,
                        modifiers: held,
                    },
                );
            }
            if !taken && !held.command && !held.alt {
                // No text field has the focus, so no input method was asked.
                let typed = event.keyval().to_unicode().filter(|c| !c.is_control());
                if let Some(typed) = typed {
                    input.push(Event::Text(typed.to_string()));
                }
            }
        }
    }
}

fn released(surface: &Surface, event: &gdk::EventKey) {
    let input = &surface.input;
    input.set_modifiers(after(modifiers(event.state()), event.keyval(), false));
    surface.ime.filter(event);
    let held = input.modifiers();
    if let Some(key) = key(event.keyval()).or_else(|| latin_key(event, held)) {
        input.push(Event::Key {
            key,
            physical_key: None,
            pressed: false,
            repeat: false,
            modifiers: held,
        });
    }
}

/// Modifier keys as an event tells them.
pub fn modifiers(state: ModifierType) -> Modifiers {
    let ctrl = state.contains(ModifierType::CONTROL_MASK);
    Modifiers {
        alt: state.contains(ModifierType::MOD1_MASK),
        ctrl,
        shift: state.contains(ModifierType::SHIFT_MASK),
        mac_cmd: false,
        command: ctrl,
    }
}

/// A key event tells the modifiers from before it; this adds what the key itself changed.
fn after(before: Modifiers, keyval: gdk::keys::Key, pressed: bool) -> Modifiers {
    let mut modifiers = before;
    match key(keyval) {
        Some(Key::ShiftLeft | Key::ShiftRight) => modifiers.shift = pressed,
        Some(Key::AltLeft | Key::AltRight) => modifiers.alt = pressed,
        Some(Key::ControlLeft | Key::ControlRight) => {
            modifiers.ctrl = pressed;
            modifiers.command = pressed;
        }
        _ => {}
    }
    modifiers
}

#[derive(Debug, PartialEq, Eq)]
enum Shortcut {
    Copy,
    Cut,
    Paste,
}

/// The keys that egui wants as events of their own.
fn shortcut(key: Key, held: Modifiers) -> Option<Shortcut> {
    let command = held.command && !held.alt;
    let plain = held.is_none();
    match key {
        Key::C if command && !held.shift => Some(Shortcut::Copy),
        Key::X if command && !held.shift => Some(Shortcut::Cut),
        Key::V if command => Some(Shortcut::Paste),
        Key::Insert if held.command_only() => Some(Shortcut::Copy),
        Key::Delete if held.shift_only() => Some(Shortcut::Cut),
        Key::Insert if held.shift_only() => Some(Shortcut::Paste),
        Key::Copy if plain => Some(Shortcut::Copy),
        Key::Cut if plain => Some(Shortcut::Cut),
        Key::Paste if plain => Some(Shortcut::Paste),
        _ => None,
    }
}

/// With a layout that has no Latin letters, Ctrl+C is still the key with the C: on the first layout that has letters,
/// else where a US keyboard has it.
fn latin_key(event: &gdk::EventKey, held: Modifiers) -> Option<Key> {
    if !held.command && !held.alt {
        return None;
    }
    let code = event.hardware_keycode();
    let keymap = gdk::Display::default().and_then(|display| gdk::Keymap::for_display(&display));
    let entries = keymap
        .map(|keymap| keymap.entries_for_keycode(code.into()))
        .unwrap_or_default();
    entries
        .into_iter()
        .find_map(|(_, keyval)| key(keyval.into()))
        .or_else(|| us_key(code))
}

/// The letter at a place of the keyboard. X11 and Wayland number the places alike: the kernel's numbers plus 8.
fn us_key(code: u16) -> Option<Key> {
    [(24, "QWERTYUIOP"), (38, "ASDFGHJKL"), (52, "ZXCVBNM")]
        .into_iter()
        .find_map(|(first, row)| {
            let place = usize::from(code.checked_sub(first)?);
            Key::from_name(row.get(place..=place)?)
        })
}

/// egui's name of a key, by the name that X11 and Wayland share.
fn key(keyval: gdk::keys::Key) -> Option<Key> {
    let name = keyval.name()?;
    // The keypad's keys differ in their prefix only.
    let key = match name.strip_prefix("KP_").unwrap_or(&name) {
        "Left" => Key::ArrowLeft,
        "Right" => Key::ArrowRight,
        "Up" => Key::ArrowUp,
        "Down" => Key::ArrowDown,
        "Prior" | "Page_Up" => Key::PageUp,
        "Next" | "Page_Down" => Key::PageDown,
        "Return" | "Enter" | "ISO_Enter" => Key::Enter,
        "Tab" | "ISO_Left_Tab" => Key::Tab,
        "BackSpace" => Key::Backspace,
        "Escape" => Key::Escape,
        "Insert" => Key::Insert,
        "Delete" => Key::Delete,
        "Home" => Key::Home,
        "End" => Key::End,
        "Menu" => Key::Menu,
        "Pause" => Key::Pause,
        "Help" => Key::Help,
        "XF86Copy" => Key::Copy,
        "XF86Cut" => Key::Cut,
        "XF86Paste" => Key::Paste,
        "XF86Back" => Key::BrowserBack,
        "XF86Forward" => Key::BrowserForward,
        "Shift_L" => Key::ShiftLeft,
        "Shift_R" => Key::ShiftRight,
        "Control_L" => Key::ControlLeft,
        "Control_R" => Key::ControlRight,
        "Alt_L" => Key::AltLeft,
        "Alt_R" => Key::AltRight,
        "Super_L" => Key::SuperLeft,
        "Super_R" => Key::SuperRight,
        _ => match keyval.to_unicode().filter(|c| !c.is_control()) {
            Some(c) => return Key::from_name(c.encode_utf8(&mut [0; 4])),
            None => return function_key(&name),
        },
    };
    Some(key)
}

fn function_key(name: &str) -> Option<Key> {
    let number = name.strip_prefix('F')?;
    number
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| Key::from_name(name))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Option<Key> {
        key(gdk::keys::Key::from_name(name))
    }

    #[test]
    fn keys_have_their_names() {
        for (name, expected) in [
            ("a", Key::A),
            ("P", Key::P),
            ("7", Key::Num7),
            ("KP_7", Key::Num7),
            ("KP_Add", Key::Plus),
            ("KP_Enter", Key::Enter),
            ("KP_Home", Key::Home),
            ("KP_Delete", Key::Delete),
            ("Return", Key::Enter),
            ("ISO_Left_Tab", Key::Tab),
            ("Page_Down", Key::PageDown),
            ("space", Key::Space),
            ("slash", Key::Slash),
            ("bracketleft", Key::OpenBracket),
            ("Escape", Key::Escape),
            ("F5", Key::F5),
            ("F12", Key::F12),
            ("Menu", Key::Menu),
            ("Control_R", Key::ControlRight),
        ] {
            assert_eq!(named(name), Some(expected), "{name}");
        }
        for name in [
            "adiaeresis",
            "dead_acute",
            "Cyrillic_es",
            "Multi_key",
            "VoidSymbol",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn letters_have_their_places() {
        assert_eq!([24, 33, 38, 46, 52, 54, 58].map(us_key), {
            [Key::Q, Key::P, Key::A, Key::L, Key::Z, Key::C, Key::M].map(Some)
        });
        assert_eq!([0, 23, 34, 47, 59].map(us_key), [None; 5]);
    }

    #[test]
    fn clipboard_shortcuts_are_not_keys() {
        assert_eq!(
            shortcut(Key::C, modifiers(ModifierType::CONTROL_MASK)),
            Some(Shortcut::Copy)
        );
        assert_eq!(shortcut(Key::Insert, Modifiers::SHIFT), Some(Shortcut::Paste));
        assert_eq!(
            shortcut(Key::Insert, modifiers(ModifierType::CONTROL_MASK)),
            Some(Shortcut::Copy)
        );
        assert_eq!(shortcut(Key::Delete, Modifiers::SHIFT), Some(Shortcut::Cut));
        assert_eq!(shortcut(Key::C, Modifiers::NONE), None);
        assert_eq!(
            shortcut(
                Key::V,
                modifiers(ModifierType::CONTROL_MASK | ModifierType::MOD1_MASK)
            ),
            None
        );
    }

    #[test]
    fn a_modifier_key_counts_at_once() {
        let control = gdk::keys::Key::from_name("Control_L");
        let down = after(Modifiers::NONE, control, true);
        assert!(down.ctrl && down.command);
        assert_eq!(
            after(modifiers(ModifierType::CONTROL_MASK), control, false),
            Modifiers::NONE
        );
    }
}
