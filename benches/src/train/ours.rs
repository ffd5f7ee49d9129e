//! Aloft's side.

use super::{
    Done, FIRST_STEPS, LEARNING_RATE, Ready, Request, SEED, WEIGHT_DECAY,
    workload::{BATCHES, Data, Workload},
};
use aloft_nn::{
    learner::Learner,
    loss::{Loss, Targets},
    network::{Network, Rows},
    ops::{Factors, Matrix, MatrixMut, multiply},
    optimizer::{Kind, Optimizer, Rule},
};
use anyhow::Result;
use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

/// Answers requests on standard input until it ends.
///
/// # Errors
/// When standard input or output fail.
pub fn answer(workload: Workload, threads: usize, cuda: bool, factors: Factors) -> Result<()> {
    let mut trained = Trained::new(workload, threads, cuda, factors)?;
    let mut out = io::stdout().lock();
    let losses = (0..FIRST_STEPS).map(|_| trained.step()).collect::<Result<_>>()?;
    writeln!(out, "{}", serde_json::to_string(&Ready { losses })?)?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let start = Instant::now();
        let mut samples = 0;
        while start.elapsed().as_secs_f64() < request.seconds {
            trained.step()?;
            samples += workload.batch() as u64;
        }
        let done = Done {
            samples,
            seconds: start.elapsed().as_secs_f64(),
            peak_bytes: peak_bytes(),
        };
        writeln!(out, "{}", serde_json::to_string(&done)?)?;
    }
    Ok(())
}

struct Trained {
    workload: Workload,
    learner: Learner,
    data: Data,
    step: usize,
}

impl Trained {
    fn new(workload: Workload, threads: usize, cuda: bool, factors: Factors) -> Result<Self> {
        let graph = workload.graph();
        let rule = Rule {
            kind: Kind::Adamw,
            weight_decay: WEIGHT_DECAY,
            clip: None,
        };
        let loss = Loss::CrossEntropy {
            classes: workload.classes(),
            smoothing: 0.0,
            weights: Vec::new(),
        };
        let optimizer = Optimizer::new(rule, graph.parameters());
        let network = Network::new(graph, SEED, &aloft_train::compute_device(cuda)?)?;
        Ok(Self {
            workload,
            learner: Learner::new(network, loss, optimizer, threads)?.with_factors(factors)?,
            data: workload.data()?,
            step: 0,
        })
    }

    fn step(&mut self) -> Result<f64> {
        let rows = self.workload.batch();
        let first = self.step % BATCHES * rows;
        fn part<T>(all: &[T], first: usize, rows: usize) -> &[T] {
            let width = all.len() / (BATCHES * rows);
            &all[first * width..(first + rows) * width]
        }
        let batch = Rows {
            rows,
            numbers: part(&self.data.numbers, first, rows),
            indices: part(&self.data.tokens, first, rows),
        };
        let targets = Targets::Classes(part(&self.data.classes, first, rows));
        self.step += 1;
        Ok(self
            .learner
            .step(batch, targets, LEARNING_RATE, self.step as u64)?)
    }
}

/// Peak resident memory of this process in bytes; 0 where the system doesn't tell.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The most multiply-adds a second that large matrix products reach here, one product a thread.
pub fn matrix_peak(threads: usize) -> f64 {
    const SIZE: usize = 768;
    const TRIES: usize = 12;
    let numbers = vec![0.5f32; SIZE * SIZE];
    let matrix = Matrix::new(&numbers, SIZE, SIZE);
    let mut outs = vec![vec![0.0f32; SIZE * SIZE]; threads];
    let mut best: f64 = 0.0;
    for _ in 0..TRIES {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for out in &mut outs {
                scope.spawn(|| {
                    for _ in 0..4 {
                        multiply(MatrixMut::new(out, SIZE, SIZE), matrix, matrix, false);
                    }
                });
            }
        });
        best = best.max((4 * threads * SIZE.pow(3)) as f64 / start.elapsed().as_secs_f64());
    }
    best
}
