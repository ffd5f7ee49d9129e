//! How fast a large file is understood, and in how much memory: Aloft against DuckDB, pandas and pyarrow.

use aloft_benches::{Row, peers, print};
use aloft_data::{Access, Cancel, Relation, query};
use aloft_spec::{
    chart::{ChartSpec, Mark, Marks},
    source::SourceSpec,
    table::Scope,
};
use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// As the programs have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEERS_PROGRAM: &str = include_str!("explore.py");
const PACKAGES: [&str; 4] = ["duckdb", "numpy", "pandas", "pyarrow"];
const HEAD_ROWS: u64 = 1000;
const SAMPLE_ROWS: u64 = 100_000;

/// Time and peak memory of tasks of exploring, each in a process of its own, interleaved in one run.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    /// Rows of the Parquet file, which has 16 columns
    #[arg(long, default_value_t = 50_000_000, value_name = "N")]
    rows: u64,
    /// Rows of the CSV file; 0 for none
    #[arg(long, default_value_t = 14_000_000, value_name = "M")]
    csv_rows: u64,
    /// Where the files are made and kept; in the user's cache folder when absent
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// How often each task is done by each; medians are told
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,
    /// Against whom
    #[arg(long, value_delimiter = ',', default_values_t = [Peer::Duckdb, Peer::Pandas, Peer::Pyarrow])]
    peers: Vec<Peer>,
    /// Only these tasks
    #[arg(long, value_delimiter = ',')]
    tasks: Vec<Task>,
    /// Do one task on a file and tell what it took: how this program starts itself
    #[arg(long, num_args = 2, hide = true, value_names = ["TASK", "FILE"])]
    ours: Option<Vec<String>>,
    /// Where is kept what was found in files, as a project keeps it
    #[arg(long, hide = true, value_name = "FOLDER")]
    copies: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    Duckdb,
    Pandas,
    Pyarrow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Task {
    /// The schema and the first 1,000 rows
    Open,
    /// How many rows there are
    Count,
    /// 100,000 rows, uniformly
    Sample,
    /// The profile of all columns
    Profile,
    /// Rows and a mean for each of 1,325 groups
    GroupFew,
    /// The same for 2,000,000 groups
    GroupMany,
    /// A histogram of a column with 40 bins
    Histogram,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&name(self))
    }
}

/// What a process tells of the task it did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Measured {
    seconds: f64,
    /// Of all its threads: other work on the machine weighs less on these.
    cpu_seconds: f64,
    /// The most memory that the process ever held.
    megabytes: f64,
    /// A number that all must agree on.
    check: u64,
}

fn main() -> Result<()> {
    #[expect(unsafe_code, reason = "the environment is written to, by the only thread")]
    // SAFETY: no other thread was started yet.
    unsafe {
        aloft_data::limit_read_ahead();
    }
    let arguments = Arguments::parse();
    if let Some([task, file]) = arguments.ours.as_deref() {
        let task = Task::from_str(task, false).map_err(|error| anyhow::anyhow!("{task}: {error}"))?;
        let measured = ours(task, Path::new(file), arguments.copies.as_deref())?;
        return print_measured(&measured);
    }
    let lab = Lab::new(&arguments)?;
    let parquet = lab.parquet(&arguments)?;
    let mut rows = measure(&lab, &arguments, "Parquet", &parquet, None)?;
    if arguments.csv_rows > 0 {
        let csv = lab.csv(&arguments)?;
        rows.extend(measure(&lab, &arguments, "CSV", &csv, None)?);
        // As in a project from the second time on.
        let copies = lab.dir.join("copies");
        std::fs::create_dir_all(&copies)?;
        lab.ours(Task::Count, &csv, Some(&copies))?;
        rows.extend(measure(&lab, &arguments, "CSV again", &csv, Some(&copies))?);
    }
    print(&rows, arguments.json)
}

#[expect(clippy::print_stdout, reason = "what a child tells its parent")]
fn print_measured(measured: &Measured) -> Result<()> {
    println!("{}", serde_json::to_string(measured)?);
    Ok(())
}

/// Every task by everyone in turns; the rows of the result. What was found in files before is in `copies`.
fn measure(
    lab: &Lab,
    arguments: &Arguments,
    format: &str,
    file: &Path,
    copies: Option<&Path>,
) -> Result<Vec<Row>> {
    // All find the file in the system's cache.
    std::io::copy(&mut std::fs::File::open(file)?, &mut std::io::sink())?;
    let mut rows = Vec::new();
    for task in Task::value_variants()
        .iter()
        .copied()
        .filter(|task| arguments.tasks.is_empty() || arguments.tasks.contains(task))
    {
        let mut of_us = Vec::new();
        let mut of_peers: Vec<(Peer, Vec<Measured>)> =
            arguments.peers.iter().map(|peer| (*peer, Vec::new())).collect();
        for round in 0..arguments.rounds {
            let measured = lab.ours(task, file, copies)?;
            of_us.push(measured);
            of_peers.retain_mut(|(peer, seen)| match lab.peer(*peer, task, file, &[]) {
                Ok(other) if other.check == measured.check => {
                    seen.push(other);
                    true
                }
                Ok(other) => {
                    note(format_args!(
                        "{peer} has another result of {task:?}: {}, not {}",
                        other.check, measured.check
                    ));
                    false
                }
                // For instance, there wasn't enough memory.
                Err(error) => {
                    note(format_args!("{peer} can't do {task:?}: {error:#}"));
                    false
                }
            });
            note(format_args!("{format}, {}, round {}", name(&task), round + 1));
        }
        for (peer, seen) in of_peers {
            rows.extend(rows_of(&format!("{format} {}", name(&task)), peer, &of_us, &seen));
        }
    }
    Ok(rows)
}

fn rows_of(case: &str, peer: Peer, ours: &[Measured], peers: &[Measured]) -> [Row; 3] {
    let row = |unit: &str, of: fn(&Measured) -> f64| {
        let (ours, peer_number) = (median(ours, of), median(peers, of));
        Row {
            case: case.to_owned(),
            unit: unit.to_owned(),
            ours,
            peer: peer_number,
            peer_name: peer.to_string(),
            ratio: peer_number / ours,
        }
    };
    [
        row("s", |measured| measured.seconds),
        row("CPU s", |measured| measured.cpu_seconds),
        row("MB", |measured| measured.megabytes),
    ]
}

fn median(measured: &[Measured], of: fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = measured.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Files, and the programs that read them.
struct Lab {
    dir: PathBuf,
    python: PathBuf,
    /// The program of the peers, as a file.
    program: PathBuf,
}

impl Lab {
    fn new(arguments: &Arguments) -> Result<Self> {
        let dir = match &arguments.dir {
            Some(dir) => dir.clone(),
            None => peers::cache()?.join("aloft/explore"),
        };
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let program = dir.join("explore.py");
        std::fs::write(&program, PEERS_PROGRAM)?;
        Ok(Self {
            python: peers::python("explore", &PACKAGES)?,
            program,
            dir,
        })
    }

    fn parquet(&self, arguments: &Arguments) -> Result<PathBuf> {
        self.made(&format!("{}.parquet", arguments.rows), |file| {
            let options = serde_json::json!({ "rows": arguments.rows, "csv_rows": 0, "csv": "" });
            self.peer_task(Peer::Duckdb, "generate", file, &[options.to_string()])
        })
    }

    fn csv(&self, arguments: &Arguments) -> Result<PathBuf> {
        self.made(&format!("{}.csv", arguments.csv_rows), |file| {
            let options = serde_json::json!({ "rows": 0, "csv_rows": arguments.csv_rows, "csv": file });
            self.peer_task(Peer::Duckdb, "generate", file, &[options.to_string()])
        })
    }

    /// The file of this name, made when it isn't there; never a part of one.
    fn made(&self, name: &str, make: impl FnOnce(&Path) -> Result<Measured>) -> Result<PathBuf> {
        let file = self.dir.join(name);
        if !file.exists() {
            note(format_args!("making {}", file.display()));
            let part = self.dir.join(format!("part-{name}"));
            make(&part)?;
            std::fs::rename(&part, &file)?;
        }
        Ok(file)
    }

    fn ours(&self, task: Task, file: &Path, copies: Option<&Path>) -> Result<Measured> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--ours").arg(name(&task)).arg(file);
        if let Some(copies) = copies {
            command.arg("--copies").arg(copies);
        }
        measured(&mut command)
    }

    fn peer(&self, peer: Peer, task: Task, file: &Path, more: &[String]) -> Result<Measured> {
        self.peer_task(peer, &name(&task), file, more)
    }

    fn peer_task(&self, peer: Peer, task: &str, file: &Path, more: &[String]) -> Result<Measured> {
        let mut command = Command::new(&self.python);
        command
            .arg(&self.program)
            .arg(name(&peer))
            .arg(task)
            .arg(file)
            .args(more);
        measured(&mut command)
    }
}

fn measured(command: &mut Command) -> Result<Measured> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?}"))
}

/// Does a task with Aloft, in this process.
fn ours(task: Task, file: &Path, copies: Option<&Path>) -> Result<Measured> {
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let check = done(task, file, copies)?;
    Ok(Measured {
        seconds: start.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds()? - cpu,
        megabytes: peak_megabytes()?,
        check,
    })
}

fn done(task: Task, file: &Path, copies: Option<&Path>) -> Result<u64> {
    let mut spec = SourceSpec::new(file.to_string_lossy());
    let cancel = Cancel::new();
    let access = copies.map_or_else(Access::new, |copies| Access::new().with_copies(copies));
    let chosen = match task {
        Task::Open => Some((HEAD_ROWS, Scope::Head)),
        Task::Sample => Some((SAMPLE_ROWS, Scope::Sample)),
        _ => None,
    };
    if let Some((rows, scope)) = chosen {
        spec.sample.rows = rows;
        return Ok(access.source(&spec, file, scope, &cancel)?.rows()?);
    }
    let relation = match task {
        Task::Profile => access.source_to_profile(&spec, file, 0, &cancel, &mut |_| ())?,
        _ => access.source(&spec, file, Scope::All, &cancel)?,
    };
    let ask = |sql: &str| -> Result<Relation> { Ok(query(sql, &[("t".to_owned(), &relation)], &cancel)?) };
    let groups = |column: &str| -> Result<u64> {
        let sql = format!("SELECT {column}, count(*) AS n, avg(real) AS mean FROM t GROUP BY {column}");
        Ok(ask(&sql)?.collect()?.height() as u64)
    };
    match task {
        Task::Count => Ok(relation.rows()?),
        Task::Profile => Ok(relation.profile()?.columns.len() as u64),
        Task::GroupFew => groups("few"),
        Task::GroupMany => groups("many"),
        Task::Histogram | Task::Open | Task::Sample => {
            let spec = ChartSpec {
                x: Some("real".into()),
                bins: Some(40),
                ..ChartSpec::new("t", Mark::Histogram)
            };
            let chart = relation.chart(&spec)?;
            match chart.panels.first().map(|panel| &panel.marks) {
                Some(Marks::Bars { bars }) => Ok(bars.iter().map(|bar| bar.value as u64).sum()),
                other => bail!("a histogram is {other:?}"),
            }
        }
    }
}

/// The most memory that this process ever held.
fn peak_megabytes() -> Result<f64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("peak memory is only known on Linux")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kilobytes.context("VmHWM isn't in the status")?.parse::<f64>()? / 1024.0)
}

/// What all threads of this process have worked.
fn cpu_seconds() -> Result<f64> {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").context("CPU time is only known on Linux")?;
    // The name of the program, in parentheses, may hold anything.
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Ok(ticks as f64 / TICKS)
}

fn name(value: &impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

fn note(text: std::fmt::Arguments<'_>) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_tell_medians_and_how_much_better_ours_is() {
        let measured = |seconds, megabytes| Measured {
            seconds,
            cpu_seconds: 2.0 * seconds,
            megabytes,
            check: 1,
        };
        let ours = [measured(2.0, 10.0), measured(1.0, 30.0), measured(9.0, 20.0)];
        let [time, cpu, memory] = rows_of("case", Peer::Duckdb, &ours, &[measured(6.0, 10.0)]);
        assert_eq!(
            (time.ours, time.peer, time.ratio, time.unit.as_str()),
            (2.0, 6.0, 3.0, "s")
        );
        assert_eq!((cpu.ours, cpu.unit.as_str()), (4.0, "CPU s"));
        assert_eq!(
            (memory.ours, memory.ratio, memory.peer_name.as_str()),
            (20.0, 0.5, "duckdb")
        );
    }
}
