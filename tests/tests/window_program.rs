//! The window's program by itself: how it starts, hands over to the first start, and ends.
#![expect(
    clippy::expect_used,
    reason = "a test ends at the first surprise, and tells it"
)]

use aloft_tests::{Desktop, desktop_program, end, wait};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder with a notebook in the home of a desktop.
fn project(desktop: &Desktop, name: &str) {
    let folder = desktop.lab.path(name);
    fs::create_dir_all(&folder).expect("a folder");
    let text = format!("# The notes of {name}\n\nSome words.\n");
    fs::write(folder.join("notes.aloft.md"), text).expect("a notebook");
}

#[test]
fn opens_paints_takes_a_second_start_over_and_closes() {
    let desktop = Desktop::new();
    project(&desktop, "alpha");
    project(&desktop, "beta");

    let mut first = desktop.launch(&["alpha"]);
    let window = desktop.window("alpha");
    // Anti-aliased text alone has dozens of shades; an unpainted window has one or two.
    wait("a painted window", || {
        (desktop.colors(&window) > 40).then_some(())
    });

    let mut second = desktop.launch(&["beta"]);
    assert_eq!(end(&mut second).0, Some(0), "a second start ends at once");
    assert_eq!(
        desktop.window("beta"),
        window,
        "the first window shows the second start's folder"
    );
    assert!(
        first.try_wait().expect("a child").is_none(),
        "the first start goes on"
    );

    wait("the window to close", || {
        // On a busy machine a key may come before the window manager has given the window the keyboard.
        let keys = ["windowactivate", "--sync", &window, "key", "alt+F4"];
        let _ = desktop.command("xdotool").args(keys).output();
        std::thread::sleep(std::time::Duration::from_millis(500));
        first.try_wait().expect("a child")
    });
    let (code, errors) = end(&mut first);
    assert_eq!(code, Some(0), "{errors}");
    let kept = fs::read_to_string(desktop.lab.path("home/.local/state/aloft/window.json")).expect("it ran");
    assert!(kept.contains("size"), "the window's place is kept: {kept}");
}

#[test]
fn says_so_without_opengl_and_ends_politely_on_a_signal() {
    let desktop = Desktop::new();
    project(&desktop, "alpha");
    let mut child = desktop.command(desktop_program());
    let child = child.arg("alpha").env("GDK_GL", "disable").stderr(Stdio::piped());
    let mut child = child.spawn().expect("it starts");
    let window = desktop.window("alpha");
    wait("a message in the window", || {
        (desktop.colors(&window) > 10).then_some(())
    });

    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("it ran")
            .success()
    );
    let (code, errors) = end(&mut child);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        errors.contains("OpenGL") && errors.contains("LIBGL_ALWAYS_SOFTWARE"),
        "{errors}"
    );
}

fn run(arguments: &[&str]) -> Output {
    Command::new(desktop_program())
        .args(arguments)
        .current_dir(Path::new("/"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("it ran")
}

#[test]
fn the_command_line_needs_no_display() {
    let version = run(&["--version"]);
    assert!(version.status.success());
    assert_eq!(
        version.stdout,
        format!("aloft-desktop {}\n", env!("CARGO_PKG_VERSION")).into_bytes()
    );
    assert!(
        String::from_utf8(run(&["--help"]).stdout)
            .expect("it ran")
            .contains("Usage: aloft-desktop [PATH]…")
    );

    let mistake = run(&["--frobnicate"]);
    assert_eq!(mistake.status.code(), Some(2));
    assert!(
        String::from_utf8(mistake.stderr)
            .expect("it ran")
            .contains("unknown option --frobnicate")
    );
}

#[test]
fn without_a_display_it_says_so() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .expect("it ran")
            .contains("no display")
    );
}
