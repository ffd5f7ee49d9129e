//! Where the window was: kept between starts in the user's state folder.

use gtk::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

/// The smallest window that shows something.
pub const SMALLEST: (f64, f64) = (720.0, 480.0);

/// What a window manager puts around a window at the most, in height.
const DECORATION: i32 = 48;

/// A window's place and size, in GTK's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Geometry {
    /// Left and top; `None` where the window system keeps it to itself.
    pub position: Option<(i32, i32)>,
    /// Width and height, before it was maximized.
    pub size: (i32, i32),
    /// Whether it fills the screen.
    pub maximized: bool,
}

impl Default for Geometry {
    fn default() -> Self {
        Self {
            position: None,
            size: (1440, 900),
            maximized: false,
        }
    }
}

impl Geometry {
    /// What was kept, as far as it still makes sense: a first start and an unreadable file give the default.
    pub fn load() -> Self {
        let text = file().and_then(|file| std::fs::read(file).ok());
        let kept: Self = text
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let display = gdk::Display::default();
        let screens = display
            .iter()
            .flat_map(|display| (0..display.n_monitors()).map(|n| display.monitor(n)));
        kept.fitted(
            &screens
                .flatten()
                .map(|screen| screen.workarea())
                .collect::<Vec<_>>(),
        )
    }

    /// Keeps it. A place that can't be written costs the user nothing but the place, so that isn't reported.
    pub fn save(&self) {
        let Some(file) = file() else { return };
        let Ok(text) = serde_json::to_string_pretty(self) else {
            return;
        };
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = std::fs::write(file, text + "\n");
    }

    /// Within what the screens show now: a screen may be gone or smaller.
    fn fitted(mut self, screens: &[gdk::Rectangle]) -> Self {
        let on = |x: i32, y: i32| {
            screens.iter().find(|screen| {
                (screen.x()..screen.x() + screen.width()).contains(&x)
                    && (screen.y()..screen.y() + screen.height()).contains(&y)
            })
        };
        // The title bar must stay within reach: a point in it decides.
        self.position = self
            .position
            .filter(|&(x, y)| on(x + self.size.0 / 2, y + 10).is_some());
        let screen = self
            .position
            .and_then(|(x, y)| on(x + self.size.0 / 2, y + 10))
            .or(screens.first());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the smallest size is a small whole number"
        )]
        let (width, height) = (SMALLEST.0 as i32, SMALLEST.1 as i32);
        if let Some(screen) = screen {
            self.size.0 = self.size.0.min(screen.width());
            self.size.1 = self.size.1.min(screen.height() - DECORATION);
        }
        self.size = (self.size.0.max(width), self.size.1.max(height));
        self
    }
}

/// Follows a window. The cell always holds what should be kept.
pub fn follow(window: &gtk::ApplicationWindow, from: Geometry) -> Rc<Cell<Geometry>> {
    let kept = Rc::new(Cell::new(from));
    let cell = kept.clone();
    window.connect_configure_event(move |window, _| {
        let maximized = window.is_maximized();
        let mut geometry = cell.get();
        geometry.maximized = maximized;
        if !maximized {
            geometry.size = window.size();
            // On Wayland every window says that it is at the origin.
            let knows = window.display().type_().name() == "GdkX11Display";
            geometry.position = knows.then(|| window.position());
        }
        cell.set(geometry);
        false
    });
    kept
}

/// `$XDG_STATE_HOME/aloft/window.json`.
fn file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")));
    Some(state?.join("aloft/window.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(x: i32, y: i32, width: i32, height: i32) -> gdk::Rectangle {
        gdk::Rectangle::new(x, y, width, height)
    }

    #[test]
    fn a_window_stays_where_it_was() {
        let kept = Geometry {
            position: Some((2000, 50)),
            size: (1200, 800),
            maximized: true,
        };
        let screens = [screen(0, 0, 1920, 1080), screen(1920, 0, 1920, 1080)];
        assert_eq!(kept.fitted(&screens), kept);
    }

    #[test]
    fn a_window_comes_back_from_a_screen_that_is_gone() {
        let kept = Geometry {
            position: Some((2000, 50)),
            size: (1900, 1000),
            maximized: false,
        };
        let fitted = kept.fitted(&[screen(0, 0, 1366, 768)]);
        assert_eq!(
            fitted,
            Geometry {
                position: None,
                size: (1366, 720),
                maximized: false
            }
        );
    }

    #[test]
    fn a_window_is_never_too_small() {
        let kept = Geometry {
            position: None,
            size: (10, 10),
            maximized: false,
        };
        assert_eq!(kept.fitted(&[]).size, (720, 480));
    }
}
