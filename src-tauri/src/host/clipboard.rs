//! The clipboard and the primary selection (the text marked last, pasted by the middle button).
//!
//! GTK answers a request at once when the text is our own, so every call is made from the main loop.

use super::area::Surface;
use super::later;
use egui::{ColorImage, Event, Pos2};
use gtk::gdk_pixbuf::{Colorspace, Pixbuf};
use std::rc::Rc;

/// Puts text on the clipboard.
pub fn copy(text: String) {
    later(move || {
        let clipboard = gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD);
        clipboard.set_text(&text);
    });
}

/// Puts text into the primary selection.
pub fn select(text: String) {
    later(move || gtk::Clipboard::get(&gdk::SELECTION_PRIMARY).set_text(&text));
}

/// Puts an image on the clipboard.
pub fn copy_image(image: &ColorImage) {
    let [width, height] = image.size;
    let pixels: Vec<u8> = image
        .pixels
        .iter()
        .flat_map(egui::Color32::to_srgba_unmultiplied)
        .collect();
    later(move || {
        let (Ok(width), Ok(height)) = (i32::try_from(width), i32::try_from(height)) else {
            return;
        };
        let bytes = glib::Bytes::from_owned(pixels);
        let image = Pixbuf::from_bytes(&bytes, Colorspace::Rgb, true, 8, width, height, width * 4);
        gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD).set_image(&image);
    });
}

/// Pastes the clipboard's text where the focus is.
pub fn paste(surface: &Rc<Surface>) {
    let surface = surface.clone();
    later(move || {
        gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD).request_text(move |_, text| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                surface.input.push(Event::Paste(text.replace("\r\n", "\n")));
            }
        });
    });
}

/// Pastes the primary selection where the middle button was pressed.
pub fn paste_selection(surface: &Rc<Surface>, pos: Pos2) {
    let surface = surface.clone();
    later(move || {
        gtk::Clipboard::get(&gdk::SELECTION_PRIMARY).request_text(move |_, text| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let text = text.replace("\r\n", "\n");
                surface.input.push(Event::MiddleClickPaste { pos, text });
            }
        });
    });
}

/// Hands what is on the clipboard to the desktop's clipboard manager, so that it outlives the program.
pub fn store() {
    gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD).store();
}
