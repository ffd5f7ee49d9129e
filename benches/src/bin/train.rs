//! How fast models learn, against PyTorch: the same models, weights, rows, optimizer and threads, in turns.

use aloft_benches::{
    Row, print,
    train::{ours, side::Side, side::median, torch, workload::Workload},
};
use aloft_nn::ops::Factors;
use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use std::{
    io::{self, Write},
    path::Path,
    process::Command,
};

/// Training makes and drops many buffers; `aloft` has this allocator too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seconds that a side trains before it is another's turn.
const TURN: f64 = 0.5;
/// How far the sides' losses may be apart, relative to the loss.
const LOSS_TOLERANCE: f64 = 0.01;
/// The same where products are of bf16: each side rounds other numbers, by up to 2^-9 of them, and steps go apart.
const BF16_LOSS_TOLERANCE: f64 = 0.05;

/// Training speed against PyTorch, in samples a second; then peak memory, and the share of the matrix peak.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2], value_name = "N,..")]
    threads: Vec<usize>,
    /// Workloads; all when none is given
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAME,..")]
    workloads: Vec<Workload>,
    /// Seconds that each side trains
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    seconds: f64,
    /// Leave `torch.compile` out, which takes a minute or so for each workload
    #[arg(long)]
    eager_only: bool,
    /// Train on the first CUDA device
    #[arg(long, conflicts_with = "bf16")]
    cuda: bool,
    /// Train in mixed precision: products of bf16, and PyTorch under `torch.autocast`; and beside both, ours in f32
    #[arg(long)]
    bf16: bool,
    #[command(subcommand)]
    side: Option<OurSide>,
}

#[derive(Subcommand)]
enum OurSide {
    /// Aloft's side, which the bench starts itself
    #[command(hide = true)]
    Side {
        #[arg(value_enum)]
        workload: Workload,
        threads: usize,
        #[arg(long)]
        cuda: bool,
        #[arg(long)]
        bf16: bool,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(OurSide::Side {
        workload,
        threads,
        cuda,
        bf16,
    }) = arguments.side
    {
        let factors = if bf16 { Factors::Bf16 } else { Factors::F32 };
        return ours::answer(workload, threads, cuda, factors);
    }
    let workloads = match arguments.workloads.is_empty() {
        true => Workload::value_variants().to_vec(),
        false => arguments.workloads.clone(),
    };
    let python = torch::python()?;
    let mut rows = Vec::new();
    for &threads in &arguments.threads {
        for &workload in &workloads {
            rows.extend(measure(&arguments, workload, threads, &python)?);
        }
    }
    print(&rows, arguments.json)
}

/// All sides of a workload, in turns.
fn measure(arguments: &Arguments, workload: Workload, threads: usize, python: &Path) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    torch::hand_over(workload, folder.path())?;
    let program = std::env::current_exe()?;
    let own = |bf16: bool| {
        let mut command = Command::new(&program);
        command.args(["side", &workload.name(), &threads.to_string()]);
        if arguments.cuda {
            command.arg("--cuda");
        }
        if bf16 {
            command.arg("--bf16");
        }
        command
    };
    let peak = if arguments.cuda {
        0.0
    } else {
        ours::matrix_peak(threads)
    };
    let mut ours = Side::start("aloft", own(arguments.bf16))?;
    let mut peers = Vec::new();
    if arguments.bf16 {
        peers.push(Side::start("aloft in f32", own(false))?);
    }
    for (name, compiled) in [("torch", false), ("torch.compile", true)] {
        if compiled && arguments.eager_only {
            continue;
        }
        let how = torch::How {
            compiled,
            cuda: arguments.cuda,
            bf16: arguments.bf16,
        };
        let command = torch::command(python, folder.path(), workload, threads, how);
        match Side::start(name, command) {
            Ok(peer) => peers.push(peer),
            // It needs a C++ compiler, which not every machine has.
            Err(error) if compiled => writeln!(io::stderr(), "{name} is left out: {error:#}")?,
            Err(error) => return Err(error),
        }
    }
    let case = format!(
        "{}, {threads} {}",
        workload.name(),
        if threads == 1 { "thread" } else { "threads" }
    );
    let tolerance = match arguments.bf16 {
        true => BF16_LOSS_TOLERANCE,
        false => LOSS_TOLERANCE,
    };
    for peer in &peers {
        same_losses(&ours, peer, tolerance).with_context(|| case.clone())?;
    }
    for _ in 0..(arguments.seconds / TURN).ceil().max(1.0) as usize {
        ours.train(TURN)?;
        for peer in &mut peers {
            peer.train(TURN)?;
        }
    }
    let mut rows = Vec::new();
    for peer in &peers {
        let mut row = |unit: &str, ours: f64, theirs: f64, ratio: f64| {
            rows.push(Row {
                case: case.clone(),
                unit: unit.into(),
                ours,
                peer: theirs,
                peer_name: peer.name.clone(),
                ratio,
            });
        };
        // Turn by turn, so that what else the machine does weighs on both.
        let ratios: Vec<f64> = ours
            .speeds
            .iter()
            .zip(&peer.speeds)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        row("samples/s", ours.speed(), peer.speed(), median(&ratios));
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (own, theirs) = (megabytes(ours.peak_bytes), megabytes(peer.peak_bytes));
        row("MB", own, theirs, theirs / own);
        if peak > 0.0 {
            let share = |speed: f64| speed * workload.multiply_adds() as f64 / peak;
            row(
                "of peak",
                share(ours.speed()),
                share(peer.speed()),
                median(&ratios),
            );
        }
    }
    Ok(rows)
}

/// Fails unless both sides learned the same: same weights, same rows, so the same losses but for rounding.
fn same_losses(ours: &Side, peer: &Side, tolerance: f64) -> Result<()> {
    if ours.losses.len() != peer.losses.len() {
        bail!("{} and {} took different numbers of steps", ours.name, peer.name);
    }
    for (step, (own, theirs)) in ours.losses.iter().zip(&peer.losses).enumerate() {
        if (own - theirs).abs() > tolerance * theirs.abs().max(0.1) {
            bail!(
                "after {step} steps the loss of {} is {own}, that of {} {theirs}",
                ours.name,
                peer.name
            );
        }
    }
    Ok(())
}
