//! Projects made for one test.

use crate::Lab;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Writes a file and the folders above it.
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(path, content).expect("a file");
}

/// A CSV file with three columns of numbers and the class that follows from them, always the same for the same rows.
pub fn numbers_csv(rows: u64) -> String {
    let mut text = String::from("a,b,c,label\n");
    // A linear congruential generator (Knuth's MMIX): the tests need no good randomness, only the same on all machines.
    let mut state = 42_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1_u32 << 24) - 0.5
    };
    for _ in 0..rows {
        let (a, b, c) = (next(), next(), next());
        let noise = next() * 0.4;
        let label = if a + b * c + noise > 0.0 { "up" } else { "down" };
        let _ = writeln!(text, "{a:.4},{b:.4},{c:.4},{label}");
    }
    text
}

/// A project with one notebook, one source and one train cell.
pub struct Notebook {
    /// The project's folder.
    pub root: PathBuf,
    /// The notebook.
    pub file: PathBuf,
}

impl Notebook {
    /// A project `name` in the lab: a source `rows` over a file of this content, and a train cell `model` with this body.
    pub fn new(lab: &Lab, name: &str, data: (&str, impl AsRef<[u8]>), train: &str) -> Self {
        let root = lab.path(name);
        let (data_name, content) = data;
        write(&root.join("data").join(data_name), content);
        write(&root.join("aloft.toml"), "[project]\nname = \"test\"\n");
        let file = root.join("notebooks/test.aloft.md");
        let text = format!(
            "# A test\n\n```toml source rows\npath = \"data/{data_name}\"\n```\n\n```toml train model\ndata = \"rows\"\n{train}\n```\n"
        );
        write(&file, text);
        Self { root, file }
    }

    /// Puts something in place of the project's `aloft.toml`.
    pub fn settings(&self, text: &str) {
        write(&self.root.join("aloft.toml"), text);
    }

    /// Replaces a text in the notebook, which has to be there.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.file).expect("the notebook");
        assert!(text.contains(from), "`{from}` isn't in the notebook:\n{text}");
        write(&self.file, text.replace(from, to));
    }

    /// The folders of the project's runs, in order of their names.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.root.join("runs")) else {
            return Vec::new();
        };
        let mut runs: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.join("run.toml").is_file())
            .collect();
        runs.sort();
        runs
    }
}
