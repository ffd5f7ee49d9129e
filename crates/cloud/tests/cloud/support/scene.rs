//! A server, a target on it, a run and a program for it.

use super::{GO_ON, Sshd, Worker, new_run, program, target, until};
use aloft_cloud::{Target, attach, fetch, send};
use aloft_runs::file;
use aloft_spec::Problem;
use aloft_spec::job::{JobRecord, JobState, SentFile};
use std::fs;
use std::path::PathBuf;

/// A server, a target on it, a run and a program for it.
pub struct Scene {
    pub server: Sshd,
    pub target: Box<dyn Target>,
    pub runs: PathBuf,
    pub run: PathBuf,
    pub program: PathBuf,
}

impl Scene {
    pub fn new(worker: Worker) -> Self {
        let server = Sshd::start();
        let runs = server.path("here");
        Self {
            target: target(&server.spec("over there")).unwrap(),
            run: new_run(&runs, "late", b"these are the rows"),
            program: program(&server.path(""), "job::the_worker", worker),
            runs,
            server,
        }
    }

    pub fn send(&self) -> Result<JobRecord, Problem> {
        send(&*self.target, &self.run, &self.program, &mut |_, _| {}, &GO_ON)
    }

    pub fn attach(&self) -> Result<JobRecord, Problem> {
        attach(&*self.target, &self.run)
    }

    pub fn fetch(&self) -> Result<JobRecord, Problem> {
        fetch(&*self.target, &self.run, &mut |_, _| {}, &GO_ON)
    }

    pub fn until_ended(&self) -> JobRecord {
        until("the job has ended", || {
            let job = self.attach().unwrap();
            (job.state != JobState::Running).then_some(job)
        })
    }

    /// The run's folder there.
    pub fn there(&self) -> PathBuf {
        let id = self.run.file_name().unwrap();
        self.server.path("over there/runs").join(id)
    }

    pub fn log_here(&self) -> Vec<u8> {
        fs::read(self.run.join(file::EVENTS)).unwrap_or_default()
    }

    pub fn log_there(&self) -> Vec<u8> {
        fs::read(self.there().join(file::EVENTS)).unwrap_or_default()
    }

    pub fn worker(&self) -> Option<u32> {
        let text = fs::read_to_string(self.there().join(file::WORKER)).ok()?;
        let worker: serde_json::Value = serde_json::from_str(&text).ok()?;
        u32::try_from(worker["pid"].as_u64()?).ok()
    }
}

pub const SLOW: Worker = Worker {
    epochs: 3000,
    pace: 20,
    stops: true,
};

/// Names of the files that were sent, or weren't since they were there.
pub fn names(files: &[SentFile], sent: bool) -> Vec<&str> {
    let chosen = files.iter().filter(|file| file.sent == sent);
    chosen.map(|file| file.name.as_str()).collect()
}
