//! The real window, on a virtual screen of its own with a window manager and a message bus.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends at the first surprise, and tells it"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aloft-desktop");
const PATIENCE: Duration = Duration::from_secs(15);
/// The programs that the test needs, and the packages of Debian that have them.
const TOOLS: &[&str] = &["Xvfb", "dbus-daemon", "openbox", "setxkbmap", "xdotool", "import"];
const INSTALL: &str = "apt-get install xvfb dbus openbox x11-xkb-utils xdotool imagemagick libgl1-mesa-dri";

/// A screen, a window manager, a message bus and a home: all end with it.
struct Desktop {
    home: TempDir,
    display: String,
    bus: String,
    servers: Vec<Child>,
}

impl Desktop {
    fn start() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let missing: Vec<_> = TOOLS
            .iter()
            .filter(|tool| !std::env::split_paths(&path).any(|folder| folder.join(tool).exists()))
            .collect();
        assert!(missing.is_empty(), "{missing:?} are missing, run: {INSTALL}");

        let home = TempDir::new().unwrap();
        let mut screen = Command::new("Xvfb");
        // By default it starts anew when its last client leaves, and refuses others meanwhile.
        screen.arg("-noreset");
        screen.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1440x900x24",
            "+extension",
            "GLX",
            "-nolisten",
            "tcp",
        ]);
        let (screen, number) = first_line(screen);
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address=1"]);
        // What the bus starts, as the accessibility bus, keeps its sockets there.
        daemon
            .env("HOME", home.path())
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("DISPLAY");
        let (daemon, bus) = first_line(daemon);
        let mut desktop = Self {
            home,
            display: format!(":{number}"),
            bus,
            servers: vec![screen, daemon],
        };
        assert!(desktop.command("setxkbmap").arg("us").status().unwrap().success());
        let manager = desktop
            .command("openbox")
            .arg("--sm-disable")
            .stderr(Stdio::null())
            .spawn();
        desktop.servers.push(manager.unwrap());
        wait("a window manager", || {
            let desktops = desktop.output("xdotool", &["get_num_desktops"]);
            desktops.trim().parse::<u32>().ok().filter(|&number| number > 0)
        });
        desktop
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let home = self.home.path();
        command
            .current_dir(home)
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("GDK_GL");
        command
    }

    fn project(&self, name: &str) {
        let folder = self.home.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("notes.aloft.md"),
            format!("# The notes of {name}\n\nSome words.\n"),
        )
        .unwrap();
    }

    fn launch(&self, arguments: &[&str]) -> Child {
        self.command(PROGRAM)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The window with `name` in its title, once there is one.
    fn window(&self, name: &str) -> String {
        wait(&format!("a window called {name:?}"), || {
            let output = self.output("xdotool", &["search", "--onlyvisible", "--name", name]);
            output.lines().next().map(str::to_owned)
        })
    }

    /// How many colours a window shows.
    fn colors(&self, window: &str) -> u32 {
        self.output("import", &["-window", window, "-format", "%k", "info:"])
            .trim()
            .parse()
            .unwrap_or(0)
    }

    fn output(&self, program: &str, arguments: &[&str]) -> String {
        let output = self
            .command(program)
            .args(arguments)
            .stderr(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for server in self.servers.iter_mut().rev() {
            if let Ok(Some(status)) = server.try_wait() {
                eprintln!("a server of the test ended by itself: {server:?}, {status}");
            }
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Starts a server and reads the line in which it says where it is.
fn first_line(mut command: Command) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.trim().is_empty(), "{command:?} did not start");
    (child, line.trim().to_owned())
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The exit code and what was written to stderr.
fn end(what: &str, child: &mut Child) -> (Option<i32>, String) {
    let status = wait(&format!("the end of {what}"), || child.try_wait().unwrap());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (status.code(), errors)
}

#[test]
fn opens_paints_takes_a_second_start_over_and_closes() {
    let desktop = Desktop::start();
    desktop.project("alpha");
    desktop.project("beta");

    let mut first = desktop.launch(&["alpha"]);
    let window = desktop.window("alpha");
    // Anti-aliased text alone has dozens of shades; an unpainted window has one or two.
    wait("a painted window", || {
        (desktop.colors(&window) > 40).then_some(())
    });

    let mut second = desktop.launch(&["beta"]);
    assert_eq!(
        end("the second start", &mut second).0,
        Some(0),
        "a second start ends at once"
    );
    assert_eq!(
        desktop.window("beta"),
        window,
        "the first window shows the second start's folder"
    );
    assert!(first.try_wait().unwrap().is_none(), "the first start goes on");

    desktop.output("xdotool", &["windowactivate", "--sync", &window, "key", "alt+F4"]);
    let (code, errors) = end("the first start", &mut first);
    assert_eq!(code, Some(0), "{errors}");
    let kept = fs::read_to_string(desktop.home.path().join("state/aloft/window.json")).unwrap();
    assert!(kept.contains("size"), "the window's place is kept: {kept}");
}

#[test]
fn says_so_without_opengl_and_ends_politely_on_a_signal() {
    let desktop = Desktop::start();
    desktop.project("alpha");
    let mut child = desktop.command(PROGRAM);
    let child = child.arg("alpha").env("GDK_GL", "disable").stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let window = desktop.window("alpha");
    wait("a message in the window", || {
        (desktop.colors(&window) > 10).then_some(())
    });

    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let (code, errors) = end("the program", &mut child);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        errors.contains("OpenGL") && errors.contains("LIBGL_ALWAYS_SOFTWARE"),
        "{errors}"
    );
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .current_dir(Path::new("/"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
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
            .unwrap()
            .contains("Usage: aloft-desktop [PATH]…")
    );

    let mistake = run(&["--frobnicate"]);
    assert_eq!(mistake.status.code(), Some(2));
    assert!(
        String::from_utf8(mistake.stderr)
            .unwrap()
            .contains("unknown option --frobnicate")
    );
}

#[test]
fn without_a_display_it_says_so() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no display"));
}
