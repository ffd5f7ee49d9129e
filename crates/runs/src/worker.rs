//! The process that executes a run: started, alone on its run, alive or not, asked to stop.
//!
//! `worker.lock` guards `worker.json`. Who starts a worker holds the lock while it puts the child's identity there; the
//! child then takes the lock for as long as it lives. So two workers never go on with one run, whether they were started
//! by two windows at once or by hand, and there is no moment between the start and the claim when the run looks dead.

use crate::{Result, error::Error, files, folder::file, process};
use aloft_spec::run::WorkerRecord;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// So long a lock is waited for: whoever starts a worker holds it for some milliseconds, a worker holds it to its end.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Starts `aloft execute RUNDIR` and returns its process id.
///
/// The worker gets a session of its own, so that closing the terminal or the window, or Ctrl+C, doesn't end it. It reads
/// nothing, and what it prints is added to `worker.log`. With a number of `threads` it computes on so many, else on all cores. A `stop` file from before is removed. A thread waits for
/// the process to end, so that it is no zombie of a program that lives longer.
///
/// # Errors
/// `Unsupported` when a worker is on the run already; `NotFound` or `Incompatible` when the program can't be started.
pub fn spawn_worker(aloft: &Path, run_dir: &Path, threads: Option<usize>) -> Result<u32> {
    let run_dir = std::path::absolute(run_dir).map_err(Error::io("find", run_dir))?;
    let lock = lock(&run_dir, None)?;
    let stop = run_dir.join(file::STOP);
    match fs::remove_file(&stop) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &stop)(error).into());
        }
        _ => {}
    }
    let log_path = run_dir.join(file::WORKER_LOG);
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&log_path)
        .and_then(|log| Ok((log.try_clone()?, log)));
    let (stdout, stderr) = log.map_err(Error::io("open", &log_path))?;

    let mut command = Command::new(aloft);
    command
        .arg("execute")
        .arg(&run_dir)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    if let Some(threads) = threads {
        // The one for candle, gemm and trees, the other for polars.
        for name in ["RAYON_NUM_THREADS", "POLARS_MAX_THREADS"] {
            command.env(name, threads.to_string());
        }
    }
    in_own_session(&mut command);
    let mut child = command.spawn().map_err(|source| Error::NoStart {
        program: aloft.to_owned(),
        source,
    })?;
    let pid = child.id();
    // Where this fails the worker is on its way nevertheless, and says who it is itself when it claims the run.
    if let Some(record) = process::identify(pid) {
        let _ = write_record(&run_dir, &record);
    }
    // Said aloud, because a child that another thread is just starting may hold a copy of the open file for a moment.
    lock.unlock()
        .map_err(Error::io("unlock", &run_dir.join(file::WORKER_LOCK)))?;
    // Without a thread the child would stay a zombie, which does no harm but takes a process id.
    let _ = thread::Builder::new()
        .name(format!("reap-{pid}"))
        .spawn(move || child.wait());
    Ok(pid)
}

/// Makes the child call setsid(2) before it becomes the program.
///
/// The safe ways don't do: std has `process_group` only, after which the worker would stay in the terminal's session and
/// couldn't leave it any more (setsid fails for the leader of a group); a worker that calls setsid by itself at its claim
/// would be hit by a Ctrl+C before, and would also leave the terminal when someone runs `aloft execute` in a script.
#[expect(
    unsafe_code,
    reason = "the one way to start a child in a session of its own; tested in tests/worker.rs"
)]
fn in_own_session(command: &mut Command) {
    // SAFETY: between fork and exec only functions that are safe in a signal handler may be called. rustix::setsid is
    // a bare system call and the conversion of its error takes no memory and no lock.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

/// A worker's hold on its run. Dropped, it removes `worker.json` and gives the run free; if the process is killed, the
/// kernel frees the lock and the left `worker.json` names a process that is no more.
#[derive(Debug)]
pub struct Claim {
    run_dir: PathBuf,
    _lock: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While the lock is still held. If this fails, the record names a process that soon is no more.
        let _ = fs::remove_file(self.run_dir.join(file::WORKER));
    }
}

/// Claims a run for this process: the first thing that a worker does. Hold the claim to the end.
///
/// # Errors
/// `Unsupported` when another living process has the run.
pub fn claim_worker(run_dir: &Path) -> Result<Claim> {
    let own = std::process::id();
    let lock = lock(run_dir, Some(own))?;
    let record = process::identify(own).unwrap_or(WorkerRecord {
        pid: own,
        started_ticks: 0,
        boot: String::new(),
    });
    write_record(run_dir, &record)?;
    Ok(Claim {
        run_dir: run_dir.to_owned(),
        _lock: lock,
    })
}

/// Whether a process executes this run at this moment, on this machine.
pub fn is_alive(run_dir: &Path) -> bool {
    living_worker(run_dir).is_some()
}

/// Asks the run's worker to stop at its next step. The best model so far is kept.
///
/// # Errors
/// What the operating system says.
pub fn request_stop(run_dir: &Path) -> Result<()> {
    let path = run_dir.join(file::STOP);
    File::create(&path).map_err(Error::io("create", &path))?;
    Ok(())
}

/// Whether someone asked for a stop.
pub fn stop_requested(run_dir: &Path) -> bool {
    run_dir.join(file::STOP).exists()
}

/// The program that executes runs: what `ALOFT_PROGRAM` says; else this program, if it is `aloft`; else the `aloft`
/// beside it, or in the folder above (where `cargo test` has it).
///
/// # Errors
/// `NotFound` with the hint to set `ALOFT_PROGRAM`.
pub fn worker_program() -> Result<PathBuf> {
    let named = std::env::var_os("ALOFT_PROGRAM").filter(|path| !path.is_empty());
    let current = std::env::current_exe().ok();
    Ok(find_program(named.map(PathBuf::from), current.as_deref())?)
}

fn find_program(named: Option<PathBuf>, current: Option<&Path>) -> std::result::Result<PathBuf, Error> {
    let name = format!("aloft{}", std::env::consts::EXE_SUFFIX);
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Error::NoProgram(Some(path)))
        };
    }
    // The folder above counts only as the one above `deps`, so that no stranger's `aloft` is started.
    let folders = current.into_iter().flat_map(|program| {
        let folder = program.parent();
        let above = folder.filter(|folder| folder.ends_with("deps"));
        [folder, above.and_then(Path::parent)]
    });
    folders
        .flatten()
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .ok_or(Error::NoProgram(None))
}

/// Takes the lock of a run for a process that may execute it: `own`, or a child that is still to be started.
fn lock(run_dir: &Path, own: Option<u32>) -> Result<File> {
    if !run_dir.join(file::RUN).is_file() {
        return Err(Error::NoRun(run_dir.to_owned()).into());
    }
    let path = run_dir.join(file::WORKER_LOCK);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        let locked = match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error).into()),
        };
        let other = living_worker(run_dir).filter(|worker| Some(worker.pid) != own);
        if other.is_some() || (!locked && Instant::now() > deadline) {
            return Err(Error::Busy {
                run_dir: run_dir.to_owned(),
                pid: other.map(|worker| worker.pid),
            }
            .into());
        }
        if locked {
            return Ok(lock);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn living_worker(run_dir: &Path) -> Option<WorkerRecord> {
    let bytes = fs::read(run_dir.join(file::WORKER)).ok()?;
    let record = serde_json::from_slice(&bytes).ok()?;
    process::is_living(&record).then_some(record)
}

fn write_record(run_dir: &Path, record: &WorkerRecord) -> Result<()> {
    let text = serde_json::to_vec(record).map_err(|error| Error::Unwritable(error.to_string()))?;
    files::replace_file(&run_dir.join(file::WORKER), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_where_it_is_installed_and_where_tests_run() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("debug");
        let deps = bin.join("deps");
        fs::create_dir_all(&deps).unwrap();
        let aloft = bin.join("aloft");
        let missing = find_program(None, Some(&bin.join("aloft-desktop")));
        assert!(matches!(missing, Err(Error::NoProgram(None))));
        fs::write(&aloft, "").unwrap();
        for program in ["aloft", "aloft-desktop", "deps/engine-0a1b2c"] {
            assert_eq!(find_program(None, Some(&bin.join(program))).unwrap(), aloft);
        }
        let elsewhere = folder.path().join("debug/other/program");
        assert!(find_program(None, Some(&elsewhere)).is_err());
        assert_eq!(find_program(Some(aloft.clone()), None).unwrap(), aloft);
        let named = find_program(Some(folder.path().join("none")), Some(&aloft));
        assert!(matches!(named, Err(Error::NoProgram(Some(_)))));
    }
}
