//! When painting isn't possible, or a view fails: say so in the window.

use gtk::prelude::*;
use std::any::Any;

/// What to try without OpenGL.
pub const GL_HINT: &str =
    "Aloft needs OpenGL 2.1: unset GDK_GL, or set LIBGL_ALWAYS_SOFTWARE=1 to paint without a graphics card.";

/// Puts a message where the area was.
pub fn replace_area(area: &gtk::GLArea, reason: &str) {
    let Some(container) = area
        .parent()
        .and_then(|parent| parent.downcast::<gtk::Box>().ok())
    else {
        return;
    };
    container.remove(area);
    let label = gtk::Label::new(Some(&format!(
        "The window can't be painted: {reason}.\n\n{GL_HINT}"
    )));
    label.set_line_wrap(true);
    label.set_selectable(true);
    label.set_margin_start(24);
    label.set_margin_end(24);
    container.pack_end(&label, true, true, 0);
    label.show();
}

/// A panic's text.
pub fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

/// The page in place of the views that failed. True when they shall start again.
pub fn page(ui: &mut egui::Ui, message: &str) -> bool {
    let mut again = false;
    egui::CentralPanel::default().show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space(ui.available_height() / 3.0);
            ui.heading("The window has failed");
            ui.label("Your runs go on, and the notebook's text is kept. This is a fault of Aloft:");
            ui.monospace(message);
            ui.add_space(12.0);
            again = ui.button("Show the window again").clicked();
        });
    });
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_text() {
        let panic = std::panic::catch_unwind(|| panic!("row {} is missing", 3)).unwrap_err();
        assert_eq!(message(panic.as_ref()), "row 3 is missing");
        assert_eq!(message(&7_u8), "no reason given");
    }
}
