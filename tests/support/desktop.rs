//! A desktop for the real window: a virtual screen, a window manager and a message bus of its own.

use crate::Lab;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a window may take for anything, on a machine that builds something else beside.
const PATIENCE: Duration = Duration::from_secs(40);
/// The programs that it needs.
const TOOLS: &[&str] = &["Xvfb", "dbus-daemon", "openbox", "setxkbmap", "xdotool", "import"];
const INSTALL: &str = "apt-get install xvfb dbus openbox x11-xkb-utils xdotool imagemagick libgl1-mesa-dri";

/// A screen of 1440 x 900, a window manager, a message bus and a home: all end with it.
pub struct Desktop {
    /// The home folder and what lies beside it.
    pub lab: Lab,
    display: String,
    bus: String,
    servers: Vec<Child>,
}

impl Desktop {
    /// Starts the servers.
    ///
    /// # Panics
    /// With the packages to install, where one is missing.
    #[expect(
        clippy::new_without_default,
        reason = "it starts servers, which is no default"
    )]
    pub fn new() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let missing: Vec<_> = TOOLS
            .iter()
            .filter(|tool| !std::env::split_paths(&path).any(|folder| folder.join(tool).exists()))
            .collect();
        assert!(missing.is_empty(), "{missing:?} are missing, run: {INSTALL}");

        let lab = Lab::new();
        let mut screen = Command::new("Xvfb");
        screen.args([
            "-noreset", // or it starts anew, without a window manager, when its first client leaves
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
        // What the bus starts, as the accessibility bus, keeps its sockets in the home folder.
        daemon
            .env("HOME", lab.path("home"))
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("DISPLAY");
        let (daemon, bus) = first_line(daemon);
        let mut desktop = Self {
            lab,
            display: format!(":{number}"),
            bus,
            servers: vec![screen, daemon],
        };
        assert!(
            desktop
                .command("setxkbmap")
                .arg("us")
                .status()
                .expect("setxkbmap")
                .success()
        );
        let manager = desktop
            .command("openbox")
            .arg("--sm-disable")
            .stderr(Stdio::null())
            .spawn();
        desktop.servers.push(manager.expect("openbox starts"));
        wait("a window manager", || {
            let desktops = desktop.output("xdotool", &["get_num_desktops"]);
            desktops.trim().parse::<u32>().ok().filter(|&number| number > 0)
        });
        desktop
    }

    /// A program on this desktop.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.lab.command(program, std::iter::empty::<&str>());
        command
            .current_dir(self.lab.path(""))
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // Without UTF-8 xdotool finds no window whose title has more than ASCII.
            .env("LANG", "C.UTF-8");
        command
    }

    /// Starts the window's program, which lies beside the command line's.
    pub fn launch(&self, arguments: &[&str]) -> Child {
        let program = desktop_program();
        assert!(
            program.is_file(),
            "there is no {}: build the workspace first, as ./check does",
            program.display()
        );
        self.command(program)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the window starts")
    }

    /// The window with `name` in its title, once there is one.
    pub fn window(&self, name: &str) -> String {
        wait(&format!("a window called {name:?}"), || self.find(name))
    }

    /// How many colours a window shows. Anti-aliased text alone has dozens; an unpainted window has one or two.
    pub fn colors(&self, window: &str) -> u32 {
        self.output("import", &["-window", window, "-format", "%k", "info:"])
            .trim()
            .parse()
            .unwrap_or(0)
    }

    /// Presses keys in a window, in xdotool's names: `ctrl+shift+p`.
    pub fn press(&self, window: &str, keys: &[&str]) {
        self.output("xdotool", &["windowactivate", "--sync", window]);
        for key in keys {
            self.output("xdotool", &["key", "--clearmodifiers", key]);
        }
    }

    /// Types text into a window.
    pub fn type_text(&self, window: &str, text: &str) {
        self.output(
            "xdotool",
            &["windowactivate", "--sync", window, "type", "--delay", "20", text],
        );
    }

    /// Does something until it has had its effect. A window manager hands the focus over when it is ready to, and keys
    /// that come before that go nowhere, as they do for a person.
    #[track_caller]
    pub fn until<T>(&self, what: &str, mut act: impl FnMut(), mut effect: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            act();
            let acted = Instant::now();
            while acted.elapsed() < Duration::from_secs(4) {
                if let Some(effect) = effect() {
                    return effect;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            assert!(start.elapsed() < PATIENCE, "tried in vain for {what}");
        }
    }

    /// The window with `name` in its title, if there is one now.
    pub fn find(&self, name: &str) -> Option<String> {
        let output = self.output("xdotool", &["search", "--onlyvisible", "--name", name]);
        output.lines().next().map(str::to_owned)
    }

    /// What a program prints.
    pub fn output(&self, program: &str, arguments: &[&str]) -> String {
        let output = self
            .command(program)
            .args(arguments)
            .stderr(Stdio::null())
            .output()
            .expect("it starts");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // What the screen showed says more than any message.
        if std::thread::panicking() {
            let picture = std::env::temp_dir().join(format!("aloft-window-{}.png", std::process::id()));
            self.output("import", &["-window", "root", &picture.to_string_lossy()]);
            eprintln!("the screen is in {}", picture.display());
        }
        for server in self.servers.iter_mut().rev() {
            if let Ok(Some(status)) = server.try_wait() {
                eprintln!("a server of the test ended by itself: {server:?}, {status}");
            }
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The window's program.
pub fn desktop_program() -> PathBuf {
    crate::program().with_file_name("aloft-desktop")
}

/// Starts a server and reads the line in which it says where it is.
fn first_line(mut command: Command) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    assert!(!line.trim().is_empty(), "{command:?} did not start");
    (child, line.trim().to_owned())
}

/// Looks until something is there.
///
/// # Panics
/// When it doesn't come.
#[track_caller]
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The exit code of a program that ends by itself, and what it said.
#[track_caller]
pub fn end(child: &mut Child) -> (Option<i32>, String) {
    let status = wait("the program's end", || child.try_wait().expect("a child"));
    let mut errors = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut errors);
    }
    (status.code(), errors)
}
