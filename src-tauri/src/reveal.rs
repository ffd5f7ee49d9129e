//! Shows a file or folder in the desktop's file browser.

use gtk::gio;
use gtk::glib::ToVariant as _;
use gtk::prelude::*;
use std::io::Write as _;
use std::path::Path;

/// How long the file browser may take, in milliseconds.
const PATIENCE: i32 = 10_000;

/// Opens a folder, or opens a file's folder with the file marked.
pub fn reveal(path: &Path) {
    if path.is_dir() {
        return open(path);
    }
    let folder = path.parent().unwrap_or(path).to_owned();
    let uris = vec![gio::File::for_path(path).uri().to_string()];
    gio::bus_get(
        gio::BusType::Session,
        gio::Cancellable::NONE,
        move |bus| match bus {
            Ok(bus) => bus.call(
                Some("org.freedesktop.FileManager1"),
                "/org/freedesktop/FileManager1",
                "org.freedesktop.FileManager1",
                "ShowItems",
                Some(&(uris, "").to_variant()),
                None,
                gio::DBusCallFlags::NONE,
                PATIENCE,
                gio::Cancellable::NONE,
                // Not every file browser can mark a file; all can open a folder.
                move |answer| {
                    if answer.is_err() {
                        open(&folder);
                    }
                },
            ),
            Err(_) => open(&folder),
        },
    );
}

fn open(folder: &Path) {
    let uri = gio::File::for_path(folder).uri();
    if let Err(error) = gio::AppInfo::launch_default_for_uri(&uri, gio::AppLaunchContext::NONE) {
        let _ = writeln!(
            std::io::stderr(),
            "aloft-desktop: no file browser opens {}: {error}",
            folder.display()
        );
    }
}
