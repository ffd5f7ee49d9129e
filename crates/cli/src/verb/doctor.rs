//! `aloft doctor`: what this machine has, and where things are looked for.

use super::open;
use crate::{
    Result,
    screen::Screen,
    table::{TextTable, wrap},
};
use aloft_secrets::{Keyring, SecretStore};
use aloft_spec::{Problem, text};
use aloft_train::DeviceReport;
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Arguments {}

#[derive(Serialize)]
struct Document {
    devices: Vec<DeviceReport>,
    memory_bytes: u64,
    /// On the disk of the current folder.
    free_disk_bytes: u64,
    keyring: Keys,
    programs: Programs,
}

#[derive(Serialize)]
struct Keys {
    usable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

#[derive(Serialize)]
struct Programs {
    /// This one.
    aloft: Program,
    /// The one that executes runs, here and on targets.
    worker: Program,
    /// The window.
    desktop: Program,
}

#[derive(Serialize)]
struct Program {
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl Program {
    fn at(path: Result<PathBuf>) -> Self {
        let (path, problem) = match path {
            Ok(path) => (Some(path), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            path,
            version: None,
            problem,
        }
    }
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let machine = aloft_engine::machine(Path::new("."));
        let problem = Keyring::new().probe().err();
        let document = Document {
            devices: aloft_train::devices(),
            memory_bytes: machine.memory_bytes,
            free_disk_bytes: machine.free_disk_bytes,
            keyring: Keys {
                usable: problem.is_none(),
                problem,
            },
            programs: Programs {
                aloft: Program {
                    path: std::env::current_exe().ok(),
                    version: Some(env!("CARGO_PKG_VERSION")),
                    problem: None,
                },
                worker: Program::at(aloft_runs::worker_program()),
                desktop: Program::at(open::desktop()),
            },
        };
        screen.result(&document, |screen| print(screen, &document));
        Ok(0)
    }
}

fn print(screen: &Screen, document: &Document) {
    let mut table = TextTable::new(&["!what", "!state", "found"]);
    let mut notes = Vec::new();
    for device in &document.devices {
        let state = if device.usable { "usable" } else { "not usable" };
        let memory = device
            .memory_bytes
            .map(|bytes| format!(", {}", text::bytes(bytes)));
        let found = format!("{}{}", device.name, memory.unwrap_or_default());
        table.row([device.kind.clone(), state.into(), found]);
        if !device.usable {
            notes.push(format!("{}: {}", device.kind, device.looked_for));
        }
    }
    table.row(["memory".into(), String::new(), text::bytes(document.memory_bytes)]);
    table.row([
        "free disk".into(),
        String::new(),
        format!("{} here", text::bytes(document.free_disk_bytes)),
    ]);
    let usable = if document.keyring.usable {
        "usable"
    } else {
        "not usable"
    };
    table.row(["keyring".into(), usable.into()]);
    notes.extend(
        document
            .keyring
            .problem
            .as_ref()
            .map(|problem| format!("keyring: {problem}")),
    );
    let programs = &document.programs;
    for (name, program) in [
        ("aloft", &programs.aloft),
        ("worker", &programs.worker),
        (open::DESKTOP, &programs.desktop),
    ] {
        let state = match (&program.path, program.version) {
            (Some(_), Some(version)) => version,
            (Some(_), None) => "found",
            (None, _) => "not found",
        };
        let path = program.path.as_ref().map(|path| path.display().to_string());
        table.row([name.into(), state.into(), path.unwrap_or_default()]);
        notes.extend(
            program
                .problem
                .as_ref()
                .map(|problem| format!("{name}: {problem}")),
        );
    }
    for line in table.lines(screen.width()) {
        screen.line(line);
    }
    for note in notes {
        screen.line(wrap(&note, 2, screen.width()));
    }
}
