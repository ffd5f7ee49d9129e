//! The program `aloft`: notebooks on the command line, and the worker that executes runs, here and on targets.
//!
//! Each verb prints one thing on standard output, a JSON document with `--json`; progress goes to standard error. Exit
//! codes: 0 done, 1 failed, 2 bad usage or bad input, 3 stopped by a limit, a policy or a person.

mod cuda;
mod following;
mod interrupt;
mod locate;
mod param;
mod progress;
mod remote;
mod report;
mod screen;
mod source;
mod sweeping;
mod table;
mod verb;
mod warnings;

use aloft_spec::{Code, Problem};
use clap::Parser;
use screen::Screen;
use std::process::ExitCode;

/// Training makes and drops many buffers of the same sizes; the system's allocator gives their pages back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a verb gives: the exit code, or a problem that has one.
type Result<T = u8> = std::result::Result<T, Problem>;

/// Exploring data, training small models and sending runs elsewhere, from notebooks that are plain Markdown.
#[derive(Parser)]
#[command(
    name = "aloft",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or bad input, 3 stopped by a limit, a policy or a person."
)]
struct CommandLine {
    /// Print one JSON document on standard output; progress stays on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: verb::Verb,
}

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment is written to, by the only thread")]
    // SAFETY: no other thread was started yet.
    unsafe {
        aloft_engine::limit_read_ahead();
    }
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return usage(&error),
    };
    let screen = Screen::new(command_line.json);
    let code = command_line.verb.run(&screen).unwrap_or_else(|problem| {
        screen.problem(&problem);
        problem.code.exit_code()
    });
    ExitCode::from(code)
}

/// Help and version go to standard output and are no failure; anything else is bad usage.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message.trim_start_matches("error: ").to_owned();
        Screen::new(true).problem(&Problem::new(Code::BadValue, message).with_hint("see `aloft help`"));
    } else {
        // A closed pipe is no reason to fail while printing help.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
