//! `aloft jobs list|logs|stop|fetch`

use crate::{
    Result,
    interrupt::Interrupt,
    locate,
    progress::{AmountProgress, Count, line},
    remote::{self, JobReport, state_word},
    screen::Screen,
    table::TextTable,
};
use aloft_project::Project;
use aloft_spec::Event;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: JobsVerb,
}

#[derive(Subcommand)]
enum JobsVerb {
    /// List what was sent, latest first
    List(OfProject),
    /// Show what a job has said so far
    Logs {
        #[command(flatten)]
        named: Named,
        /// Attach to it: stay until its outcome is home
        #[arg(long, short)]
        follow: bool,
    },
    /// Ask a job to stop
    Stop(Named),
    /// Bring a job's outcome home, once more if need be
    Fetch(Named),
}

#[derive(Args)]
struct OfProject {
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

#[derive(Args)]
struct Named {
    /// The run: its folder, its id, or the beginning of its id
    run: PathBuf,
    #[command(flatten)]
    of: OfProject,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        match self.verb {
            JobsVerb::List(of) => list(screen, &of),
            JobsVerb::Logs { named, follow } => named.logs(screen, follow),
            JobsVerb::Stop(named) => named.stop(screen),
            JobsVerb::Fetch(named) => named.fetch(screen),
        }
    }
}

fn list(screen: &Screen, of: &OfProject) -> Result {
    let jobs = aloft_engine::jobs(&Project::open(&of.project)?)?;
    screen.result(&json!({ "jobs": jobs }), |screen| {
        if jobs.is_empty() {
            screen.line("nothing was sent yet");
            return;
        }
        let mut table = TextTable::new(&["!run", "target", "sent", "state"]);
        for job in &jobs {
            let state = match &job.problem {
                Some(problem) => format!("{}: {}", state_word(job.state), problem.message),
                None => state_word(job.state).into(),
            };
            table.row([job.run.clone(), job.target.clone(), job.sent_at.clone(), state]);
        }
        for line in table.lines(screen.width()) {
            screen.line(line);
        }
    });
    Ok(0)
}

/// `aloft jobs logs --json`: the report with all events.
#[derive(Serialize)]
struct LogDocument {
    #[serde(flatten)]
    report: JobReport,
    events: Vec<Event>,
}

impl Named {
    fn logs(self, screen: &Screen, follow: bool) -> Result {
        let interrupt = Interrupt::listen()?;
        let project = Project::open(&self.of.project)?;
        let run_dir = locate::run_dir(&self.run, &self.of.project)?;
        let mut home = false;
        if follow {
            home = remote::attach(screen, &project, &run_dir, &interrupt)?;
        } else {
            aloft_engine::poll_job(&project, &run_dir)?;
        }
        let document = LogDocument {
            report: JobReport::read(&run_dir, None)?,
            events: aloft_runs::read_events(&run_dir)?,
        };
        let mut count = Count::of(&aloft_runs::read(&run_dir)?);
        screen.result(&document, |screen| {
            if !follow {
                print(screen, &document.events, &mut count);
            }
            document.report.print(screen);
        });
        document.report.note_error(screen);
        Ok(if home { document.report.exit_code() } else { 0 })
    }

    fn stop(self, screen: &Screen) -> Result {
        let project = Project::open(&self.of.project)?;
        let run_dir = locate::run_dir(&self.run, &self.of.project)?;
        aloft_engine::stop_job(&project, &run_dir)?;
        screen.result(&json!({ "stopping": run_dir }), |screen| {
            screen.line("asked it to stop; what it has learned so far can be fetched");
        });
        Ok(0)
    }

    fn fetch(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let project = Project::open(&self.of.project)?;
        let run_dir = locate::run_dir(&self.run, &self.of.project)?;
        // The target is asked first: the outcome may have been made since the last look.
        aloft_engine::poll_job(&project, &run_dir)?;
        let mut download = AmountProgress::of_bytes(*screen, "fetching");
        let fetched = aloft_engine::fetch_job(
            &project,
            &run_dir,
            &mut |done, total| download.show(done, total),
            &interrupt.cancel(),
        );
        download.clear();
        fetched?;
        let report = JobReport::read(&run_dir, None)?;
        screen.result(&report, |screen| report.print(screen));
        report.note_error(screen);
        Ok(report.exit_code())
    }
}

fn print(screen: &Screen, events: &[Event], count: &mut Count) {
    for event in events {
        if let Some(line) = line(&event.kind, count) {
            screen.line(line);
        }
    }
}
