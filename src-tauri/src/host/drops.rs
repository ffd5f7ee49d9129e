//! Files and folders dragged onto the window.

use super::area::Surface;
use super::guarded;
use gtk::gio::prelude::FileExt;
use gtk::prelude::*;
use std::path::PathBuf;
use std::rc::Rc;

/// Takes drops on the area.
pub fn connect(area: &gtk::GLArea, surface: &Rc<Surface>) {
    area.drag_dest_set(gtk::DestDefaults::ALL, &[], gdk::DragAction::COPY);
    area.drag_dest_add_uri_targets();

    let s = surface.clone();
    area.connect_drag_motion(move |_, _, _, _, _| {
        guarded((), || s.input.set_hovering(true));
        true
    });
    let s = surface.clone();
    area.connect_drag_leave(move |_, _, _| guarded((), || s.input.set_hovering(false)));
    let s = surface.clone();
    area.connect_drag_data_received(move |_, _, _, _, data, _, _| {
        guarded((), || {
            let paths = local_paths(data.uris().iter().map(glib::GString::as_str));
            if !paths.is_empty() {
                s.dropped(paths);
            }
        });
    });
}

/// The paths of those addresses that are files here: on a disk, or on a server that the desktop has mounted.
fn local_paths<'a>(uris: impl Iterator<Item = &'a str>) -> Vec<PathBuf> {
    uris.filter_map(|uri| gtk::gio::File::for_uri(uri).path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_paths() {
        let uris = [
            "file:///data/a%20b.csv",
            "https://example.org/c.csv",
            "file:///data/%C3%A4",
        ];
        assert_eq!(
            local_paths(uris.into_iter()),
            [PathBuf::from("/data/a b.csv"), PathBuf::from("/data/ä")]
        );
    }
}
