//! The desktop program: Tauri owns process, main loop, window, dialogs and the single instance; egui paints the window.
//! There is no webview.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "the window is painted through GTK so far, on Linux only; the command line `aloft` builds everywhere"
);

mod arguments;
mod geometry;
mod host;
mod reveal;
mod shell;

use arguments::Request;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tauri::{RunEvent, WindowEvent};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment is written to, by the only thread")]
    // SAFETY: no other thread was started yet.
    unsafe {
        aloft_session::limit_read_ahead();
    }
    let start = Instant::now();
    let directory = std::env::current_dir().unwrap_or_default();
    match arguments::parse(std::env::args_os().skip(1), &directory) {
        Ok(Request::Help) => say(arguments::HELP),
        Ok(Request::Version) => say(&format!("aloft-desktop {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Request::Open(paths)) => run(paths, start),
        Err(mistake) => complain(2, &format!("{mistake}; see aloft-desktop --help")),
    }
}

fn run(paths: Vec<PathBuf>, start: Instant) -> ExitCode {
    if gtk::init().is_err() {
        return complain(
            1,
            "there is no display to open a window on; the program `aloft` needs none",
        );
    }
    // A second start ends within `build`, having handed over its arguments.
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, directory| {
            let arguments = arguments.into_iter().skip(1).map(Into::into);
            let request = arguments::parse(arguments, Path::new(&directory));
            let paths = if let Ok(Request::Open(paths)) = request {
                paths
            } else {
                Vec::new()
            };
            // This is a thread of the message bus. An error means that the program is about to end.
            let _ = app.run_on_main_thread(move || shell::with(|shell| shell.take_over(paths)));
        }))
        .plugin(tauri_plugin_dialog::init())
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => return complain(1, &format!("the window could not be made: {error}")),
    };
    let trace = std::env::var_os("ALOFT_TRACE_FRAMES").map(|_| start);
    if let Err(error) = shell::open(app.handle(), paths, trace) {
        return complain(1, &format!("the window could not be opened: {error}"));
    }
    let code = app.run_return(|_, event| {
        if let RunEvent::WindowEvent { event, .. } = event {
            match event {
                WindowEvent::CloseRequested { api, .. } => {
                    api.prevent_close();
                    shell::with(shell::Shell::request_close);
                }
                WindowEvent::ThemeChanged(colors) => shell::with(|shell| shell.colors_changed(colors)),
                _ => {}
            }
        }
    });
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn say(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(code: u8, message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "aloft-desktop: {message}");
    ExitCode::from(code)
}
