//! The program, started with a home folder of its own.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program `aloft` beside this test's own executable (`target/debug/deps/…`), where `cargo build` puts it.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("ALOFT_PROGRAM") {
        return named.into();
    }
    let own = std::env::current_exe().expect("this test has a file");
    let program = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("aloft"))
        .find(|path| path.is_file());
    program.unwrap_or_else(|| {
        panic!(
            "there is no `aloft` beside {}: run `cargo build --workspace --bins` first, as ./check does",
            own.display()
        )
    })
}

/// A folder that is home, state and data to the programs of one test, and is removed at its end.
pub struct Lab {
    root: TempDir,
}

impl Lab {
    /// An empty one.
    #[expect(
        clippy::new_without_default,
        reason = "it makes a folder, which is no default"
    )]
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("aloft-test-")
            .tempdir()
            .expect("a temporary folder");
        for folder in ["home", "runtime"] {
            std::fs::create_dir(root.path().join(folder)).expect("a folder in it");
        }
        Self { root }
    }

    /// A path in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    /// The program, ready to start: it knows this lab and nothing of the machine's user.
    pub fn aloft<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.command(program(), arguments)
    }

    /// Any program in this lab.
    pub fn command<A: AsRef<std::ffi::OsStr>>(
        &self,
        program: impl AsRef<std::ffi::OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("home/.config"))
            .env("XDG_STATE_HOME", self.path("home/.local/state"))
            .env("XDG_DATA_HOME", self.path("home/.local/share"))
            .env("XDG_CACHE_HOME", self.path("home/.cache"))
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(&mut self.aloft(arguments))
    }

    /// Starts the program and collects what it says.
    pub fn start<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        Running::of(&mut self.aloft(arguments))
    }

    /// A copy of an example as `aloft new` makes it.
    pub fn example(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        self.run([
            "new".as_ref(),
            folder.as_os_str(),
            "--example".as_ref(),
            name.as_ref(),
        ])
        .expect_code(0);
        folder
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails with all that was said when the exit code is another.
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Standard output as the one JSON document that it has to be.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "no single JSON document: {error}\n{}\n--- stderr\n{}",
                self.stdout, self.stderr
            )
        })
    }
}

/// A program that is going on. Dropped, it is killed; a worker that it started is not.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<String>>,
}

impl Running {
    /// Starts a command.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let said = Arc::new(Mutex::new(String::new()));
        let mut stdout = child.stdout.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        let out = thread::spawn(move || {
            let mut text = String::new();
            let _ = stdout.read_to_string(&mut text);
            text
        });
        let shared = Arc::clone(&said);
        let err = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut said = shared.lock().expect("no panic while locked");
                said.push_str(&line);
                said.push('\n');
            }
            String::new()
        });
        Self {
            child,
            said,
            readers: vec![out, err],
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("no panic while locked").clone()
    }

    /// Waits until it says a word on standard error.
    #[track_caller]
    pub fn wait_for(&self, word: &str) {
        let found = wait_until(Duration::from_secs(60), || self.said().contains(word));
        assert!(found, "it never said `{word}`:\n{}", self.said());
    }

    /// Sends it a signal: `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Ran {
        let status: ExitStatus = self.child.wait().expect("it can be waited for");
        let mut texts = self
            .readers
            .drain(..)
            .map(|reader| reader.join().expect("a reader"));
        let stdout = texts.next().unwrap_or_default();
        drop(texts);
        Ran {
            code: status.code().unwrap_or(-1),
            stdout,
            stderr: self.said(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(status.expect("kill starts").success(), "no process {pid}");
}

/// Looks again and again until something holds; whether it did in time.
pub fn wait_until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command with a text on its standard input.
pub fn with_input(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The process id of a run's worker, once it has one.
pub fn worker_pid(run_dir: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(run_dir.join("worker.json")).ok()?;
    let record: Value = serde_json::from_str(&text).ok()?;
    record["pid"].as_u64()?.try_into().ok()
}
