//! `aloft send NOTEBOOK --cell NAME --to TARGET`

use crate::{
    Result,
    interrupt::Interrupt,
    locate,
    param::Parameters,
    progress::AmountProgress,
    remote::{self, JobReport},
    screen::Screen,
    table::TextTable,
};
use aloft_engine::{Evaluator, Workspace};
use aloft_spec::{Code, Problem, job::Preflight, text};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The notebook
    notebook: PathBuf,
    /// Its train cell
    #[arg(long, value_name = "NAME")]
    cell: String,
    /// The target, as in aloft.toml
    #[arg(long, value_name = "TARGET")]
    to: String,
    /// All rows instead of the samples of the sources
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    parameters: Parameters,
    /// Send without asking
    #[arg(long)]
    yes: bool,
    /// Return as soon as it runs there; `aloft jobs logs --follow` attaches again
    #[arg(long)]
    detach: bool,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let cancel = interrupt.cancel();
        let workspace = self.parameters.apply(Workspace::open(&self.notebook)?)?;
        let project = &workspace.project;
        let scope = locate::scope(self.full);
        let run_dir = aloft_engine::prepare_run(&Evaluator::new(), &workspace, &self.cell, scope, &cancel)?;
        let agreed = aloft_engine::preflight(project, &run_dir, &self.to)
            .and_then(|preflight| self.agree(screen, &preflight).map(|()| preflight));
        let preflight = match agreed {
            Ok(preflight) => preflight,
            Err(problem) => {
                // Nothing left this machine, so nothing is kept of it; the first problem is the one to tell.
                let _ = aloft_engine::discard(&run_dir);
                return Err(problem);
            }
        };
        let mut upload = AmountProgress::of_bytes(*screen, "sending");
        let sent = aloft_engine::send(
            project,
            &run_dir,
            &self.to,
            &mut |done, total| upload.show(done, total),
            &cancel,
        );
        upload.clear();
        let job = sent?;
        screen.note(format_args!("`{}` runs on {} as {}", self.cell, self.to, job.run));
        let attached = if self.detach {
            false
        } else {
            remote::attach(screen, project, &run_dir, &interrupt)?
        };
        let report = JobReport::read(&run_dir, Some(preflight))?;
        screen.result(&report, |screen| report.print(screen));
        report.note_error(screen);
        Ok(if attached { report.exit_code() } else { 0 })
    }

    /// Shows what would leave, and has someone agree.
    fn agree(&self, screen: &Screen, preflight: &Preflight) -> Result<()> {
        print(screen, preflight);
        if !preflight.allowed {
            let reason = preflight
                .note
                .clone()
                .unwrap_or_else(|| "the policy keeps this data here".into());
            return Err(Problem::new(Code::Forbidden, reason).with_hint(
                "`policy.may_leave` in aloft.toml says what may leave; restricted data never does",
            ));
        }
        if self.yes {
            return Ok(());
        }
        match screen.ask("Send it?") {
            Some(true) => Ok(()),
            Some(false) => Err(Problem::new(Code::Stopped, "nothing was sent")),
            None => Err(
                Problem::new(Code::BadValue, "nothing was sent: there is no terminal to ask on")
                    .with_hint("add --yes to send without being asked"),
            ),
        }
    }
}

/// The preflight is read before anything is agreed to, so it goes to standard error also with `--json`.
fn print(screen: &Screen, preflight: &Preflight) {
    screen.note(format_args!("to {}", preflight.destination));
    screen.note(format_args!("as {}", preflight.identity));
    screen.note(format_args!(
        "{}; {} data: {}",
        preflight.rows_told(),
        preflight.class,
        preflight.columns.join(", ")
    ));
    let mut table = TextTable::new(&["file", ">size", ""]);
    for file in &preflight.files {
        let sent = if file.sent { "" } else { "is there already" };
        table.row([file.name.clone(), text::bytes(file.bytes), sent.into()]);
    }
    for line in table.lines(screen.width()) {
        screen.note(format_args!("  {line}"));
    }
    screen.note(format_args!("{} to send", text::bytes(preflight.bytes_to_send())));
    if let Some(note) = &preflight.note {
        screen.note(format_args!("note: {note}"));
    }
}
