//! The shell: joins the window, the session and the views. It knows no more of the product than their messages.

use crate::geometry::{self, Geometry};
use crate::host::{Content, Host, guarded, keep_clipboard};
use crate::reveal::reveal;
use aloft_protocol::operation::{CloseChoice, Theme};
use aloft_protocol::{Operation, Snapshot};
use aloft_session::Session;
use aloft_ui::{App, ShellRequest};
use gtk::prelude::*;
use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};

/// Endings of files that a source cell can read.
const DATA: &[&str] = &[
    "csv", "tsv", "txt", "parquet", "json", "jsonl", "ndjson", "arrow", "ipc", "feather", "xlsx", "xlsm",
    "xlsb", "xls", "ods", "sqlite", "sqlite3", "db", "gz", "zst",
];

thread_local! {
    /// The shell of the one window, for callbacks that come from other threads by way of the main loop.
    static SHELL: OnceCell<Rc<Shell>> = const { OnceCell::new() };
}

/// The window and what it shows outside of the painted area.
pub struct Shell {
    app: AppHandle,
    window: tauri::Window,
    gtk_window: gtk::ApplicationWindow,
    host: Host,
    session: Arc<Session>,
    geometry: Rc<Cell<Geometry>>,
    title: RefCell<String>,
    colors: Cell<Option<tauri::Theme>>,
    system_colors: Cell<tauri::Theme>,
    choosing: Arc<AtomicBool>,
    leaving: Cell<bool>,
}

/// Opens the window, with a project in it when there are paths.
///
/// # Errors
/// The window can't be made.
pub fn open(app: &AppHandle, paths: Vec<PathBuf>, trace: Option<Instant>) -> tauri::Result<()> {
    let geometry = Geometry::load();
    let mut builder = tauri::WindowBuilder::new(app, "main")
        .title("Aloft")
        .inner_size(geometry.size.0.into(), geometry.size.1.into())
        .min_inner_size(geometry::SMALLEST.0, geometry::SMALLEST.1)
        .maximized(geometry.maximized)
        .visible(false);
    if let Some((x, y)) = geometry.position {
        builder = builder.position(x.into(), y.into());
    }
    let window = builder.build()?;
    let gtk_window = window.gtk_window()?;

    let posted = Arc::new(AtomicBool::new(false));
    let session = Arc::new(Session::start(move || {
        if !posted.swap(true, Ordering::AcqRel) {
            let posted = posted.clone();
            glib::idle_add_once(move || {
                posted.store(false, Ordering::Release);
                with(Shell::follow);
            });
        }
    }));
    show(&session, paths);
    let views = Views {
        app: None,
        session: session.clone(),
    };
    let shell = Rc::new(Shell {
        app: app.clone(),
        host: Host::attach(&window.default_vbox()?, views, trace),
        geometry: geometry::follow(&gtk_window, geometry),
        system_colors: Cell::new(window.theme().unwrap_or(tauri::Theme::Light)),
        window,
        gtk_window: gtk_window.clone(),
        session,
        title: RefCell::default(),
        colors: Cell::new(None),
        choosing: Arc::default(),
        leaving: Cell::new(false),
    });
    shell.host.set_system_theme(egui_theme(shell.system_colors.get()));
    shell.follow();
    SHELL.with(|cell| cell.set(shell)).ok();
    stop_on_signals();
    gtk_window.show_all();
    with(|shell| shell.host.focus());
    Ok(())
}

/// Does something with the shell, on the main thread. Nothing happens before the window is open.
pub fn with(task: impl FnOnce(&Shell)) {
    let shell = SHELL.with(|cell| cell.get().cloned());
    if let Some(shell) = shell {
        guarded((), || task(&shell));
    }
}

/// Shows what the command line named: one path is opened, several are taken as if dropped.
fn show(session: &Session, mut paths: Vec<PathBuf>) {
    match paths.len() {
        0 => {}
        1 => session.send(Operation::Open {
            path: paths.remove(0),
        }),
        _ => session.send(Operation::Drop { paths }),
    }
}

/// A polite end from outside saves, and leaves runs running: nobody is there to answer a question.
fn stop_on_signals() {
    const SIGINT: i32 = 2;
    const SIGTERM: i32 = 15;
    for signal in [SIGINT, SIGTERM] {
        glib::unix_signal_add_local(signal, || {
            with(|shell| {
                shell.session.send(Operation::RequestClose);
                shell.session.send(Operation::Close {
                    choice: CloseChoice::KeepRunning,
                });
            });
            glib::ControlFlow::Continue
        });
    }
}

impl Shell {
    /// Takes what a second start of the program was given, and shows the window to the user.
    pub fn take_over(&self, paths: Vec<PathBuf>) {
        show(&self.session, paths);
        self.gtk_window.present();
        self.host.focus();
    }

    /// The close button. The session decides, and says so in a snapshot.
    pub fn request_close(&self) {
        self.session.send(Operation::RequestClose);
    }

    /// The desktop's colours changed, or ours did: the window library tells both alike.
    pub fn colors_changed(&self, colors: tauri::Theme) {
        let ours = self.colors.get() == Some(colors);
        if !ours {
            self.system_colors.set(colors);
            self.host.set_system_theme(egui_theme(colors));
            self.colors.set(None);
            self.follow();
        }
    }

    /// Brings everything around the painted area up to the latest snapshot, and asks for a frame.
    fn follow(&self) {
        let snapshot = self.session.snapshot();
        if snapshot.closing {
            return self.leave();
        }
        let title = title(&snapshot);
        if *self.title.borrow() != title {
            self.gtk_window.set_title(&title);
            self.title.replace(title);
        }
        let colors = match snapshot.theme {
            Theme::System => self.system_colors.get(),
            Theme::Light => tauri::Theme::Light,
            Theme::Dark => tauri::Theme::Dark,
        };
        if self.colors.replace(Some(colors)) != Some(colors) {
            self.app.set_theme(Some(colors));
        }
        self.host.repaint();
    }

    fn leave(&self) {
        if !self.leaving.replace(true) {
            self.geometry.get().save();
            keep_clipboard();
            self.gtk_window.hide();
            self.app.exit(0);
        }
    }

    /// Does what only the shell can do. Called from the main loop, never from within a frame.
    fn answer(&self, request: ShellRequest) {
        match request {
            ShellRequest::OpenFolderDialog => {
                if let Some(answer) = self.chosen(|path| Operation::Open { path }) {
                    let dialog = self.dialog("Open folder");
                    dialog.pick_folder(move |folder| answer(folder.and_then(path)));
                }
            }
            ShellRequest::OpenFilesDialog => {
                if let Some(answer) = self.chosen(|paths| Operation::Drop { paths }) {
                    let dialog = self.dialog("Add data").add_filter("Data", DATA);
                    dialog.add_filter("All files", &["*"]).pick_files(move |files| {
                        answer(files.map(|files| files.into_iter().filter_map(path).collect()));
                    });
                }
            }
            ShellRequest::ExportModelDialog { run, name } => {
                if let Some(answer) = self.chosen(|path| Operation::ExportModel { run, path }) {
                    let dialog = self.dialog("Export model").add_filter("ONNX model", &["onnx"]);
                    let dialog = dialog.set_file_name(format!("{name}.onnx"));
                    dialog.save_file(move |file| answer(file.and_then(path)));
                }
            }
            ShellRequest::SaveChartDialog { block, name } => {
                if let Some(answer) = self.chosen(move |path| Operation::SaveChart { block, path }) {
                    let dialog = self.dialog("Save chart").set_file_name(format!("{name}.png"));
                    let dialog = dialog.add_filter("PNG picture", &["png"]);
                    dialog.add_filter("SVG drawing", &["svg"]).save_file(move |file| {
                        answer(file.and_then(path));
                    });
                }
            }
            ShellRequest::Reveal(path) => reveal(&path),
        }
    }

    /// A dialog over the window that begins in the project's folder.
    fn dialog(&self, title: &str) -> FileDialogBuilder<tauri::Wry> {
        let dialog = self.app.dialog().file().set_parent(&self.window).set_title(title);
        match &self.session.snapshot().project {
            Some(project) => dialog.set_directory(&project.root),
            None => dialog,
        }
    }

    /// What to do with the answer of a dialog; `None` while another one is open.
    fn chosen<T>(
        &self,
        operation: impl FnOnce(T) -> Operation + Send + 'static,
    ) -> Option<impl FnOnce(Option<T>) + Send + 'static> {
        if self.choosing.swap(true, Ordering::AcqRel) {
            return None;
        }
        let (choosing, session) = (self.choosing.clone(), self.session.clone());
        Some(move |answer: Option<T>| {
            choosing.store(false, Ordering::Release);
            if let Some(answer) = answer {
                session.send(operation(answer));
            }
        })
    }
}

/// The views and their session, painted by the host.
struct Views {
    app: Option<App>,
    session: Arc<Session>,
}

impl Content for Views {
    fn prepare(&mut self, ctx: &egui::Context) {
        self.app = Some(App::new(ctx));
    }

    fn frame(&mut self, ui: &mut egui::Ui) {
        let Some(app) = &mut self.app else { return };
        let output = app.frame_ui(ui, &self.session.snapshot());
        for operation in output.operations {
            self.session.send(operation);
        }
        for request in output.shell {
            glib::idle_add_local_once(move || with(|shell| shell.answer(request)));
        }
    }

    fn dropped(&mut self, paths: Vec<PathBuf>) {
        self.session.send(Operation::Drop { paths });
    }
}

fn path(chosen: FilePath) -> Option<PathBuf> {
    chosen.into_path().ok()
}

fn egui_theme(colors: tauri::Theme) -> egui::Theme {
    if colors == tauri::Theme::Dark {
        egui::Theme::Dark
    } else {
        egui::Theme::Light
    }
}

/// `late-arrivals — late_arrivals.aloft.md`, with a dot in front while the text isn't in its file.
fn title(snapshot: &Snapshot) -> String {
    let Some(project) = &snapshot.project else {
        return "Aloft".to_owned();
    };
    let Some(notebook) = &project.notebook else {
        return format!("{} — Aloft", project.name);
    };
    let dot = if notebook.unsaved { "• " } else { "" };
    let file = notebook.path.rsplit('/').next().unwrap_or(&notebook.path);
    format!("{dot}{} — {file}", project.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_protocol::snapshot::{NotebookView, ProjectView};

    #[test]
    fn the_title_names_project_and_notebook() {
        let mut snapshot = Snapshot::default();
        assert_eq!(title(&snapshot), "Aloft");
        snapshot.project = Some(ProjectView {
            name: "late-arrivals".into(),
            ..ProjectView::default()
        });
        assert_eq!(title(&snapshot), "late-arrivals — Aloft");
        let notebook = NotebookView {
            path: "notebooks/late.aloft.md".into(),
            unsaved: true,
            ..NotebookView::default()
        };
        snapshot.project.as_mut().unwrap().notebook = Some(notebook);
        assert_eq!(title(&snapshot), "• late-arrivals — late.aloft.md");
    }
}
