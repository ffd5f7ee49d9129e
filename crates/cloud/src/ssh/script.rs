//! What is run on the machine: POSIX shell, with nothing assumed but `/bin/sh`, `/proc` and what POSIX asks for.
//!
//! The layout there:
//!
//! ```text
//! <folder>/blobs/<hash>          what was sent, by BLAKE3; `<hash>.part` while it is on its way
//! <folder>/bin/aloft-<hash16>    programs: links to blobs
//! <folder>/runs/<id>/            the run's folder, as everywhere, and
//!     launcher                   process id, start in ticks and boot id of the shell around the worker
//!     exit                       the worker's exit code, once it has ended
//! ```

use crate::{Blob, Launch, Role};

/// A text as one word of a shell script.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Shell functions about processes. A process id is used again, together with its start and the boot it isn't.
const PROCESSES: &str = r#"
stat_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null; }
started() { stat_of "$1" | cut -d' ' -f20; }
boot() { cat /proc/sys/kernel/random/boot_id; }
# A zombie has ended, though nobody has asked for its exit code yet.
lives() {
  [ -n "$1" ] && [ "$3" = "$(boot)" ] && [ "$(started "$1")" = "$2" ] &&
    case "$(stat_of "$1")" in Z*) false ;; esac
}
field() { sed -n 's/.*"'"$1"'": *"\{0,1\}\([0-9a-f-]*\).*/\1/p' worker.json 2>/dev/null; }
launcher_lives() { [ -f launcher ] && read -r pid ticks boot <launcher && lives "$pid" "$ticks" "$boot"; }
worker_lives() { lives "$(field pid)" "$(field started_ticks)" "$(field boot)"; }
alive() { launcher_lives || worker_lives; }
"#;

/// A shell function: the free kilobytes where a folder is.
const FREE: &str = r#"
free_kilobytes() { df -Pk "$1" | { read -r _ && read -r _ _ _ free _ && echo "$free"; }; }
"#;

/// A shell function: what the machine is and how much is free where a folder is,
/// `Linux x86_64, 16 cores, glibc 2.36, NVIDIA L4, 31 GB free`. Needs [`FREE`].
const MACHINE: &str = r#"
machine() {
  printf '%s %s' "$(uname -s)" "$(uname -m)"
  cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null) && printf ', %s cores' "$cores"
  if libc=$(getconf GNU_LIBC_VERSION 2>/dev/null); then
    printf ', %s' "$libc"
  elif ls /lib/ld-musl-* >/dev/null 2>&1; then
    printf ', musl'
  fi
  if command -v nvidia-smi >/dev/null 2>&1; then
    gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1) &&
      [ -n "$gpu" ] && printf ', %s' "$gpu"
  fi
  free=$(free_kilobytes "$1") && printf ', %s GB free\n' $((free * 128 / 125000000))
}
"#;

/// Makes the folder, checks that it can be written, and prints what the machine is.
pub(super) fn test(folder: &str) -> String {
    let folder = quote(folder);
    format!(
        "{FREE}{MACHINE}
umask 077
mkdir -p {folder} && cd {folder} || exit 1
: >.write-test && rm .write-test || exit 1
machine ."
    )
}

/// Prints those of the hashes whose blobs are there.
pub(super) fn present(folder: &str, hashes: &[&str]) -> String {
    let words: Vec<String> = hashes.iter().map(|hash| quote(hash)).collect();
    format!(
        "cd {}/blobs 2>/dev/null || exit 0
for hash in {}; do
  if [ -f \"$hash\" ]; then echo \"$hash\"; fi
done",
        quote(folder),
        words.join(" "),
    )
}

/// Makes room for a blob and prints the free kilobytes and the bytes of it that have arrived.
pub(super) fn prepare(folder: &str, hash: &str) -> String {
    format!(
        "{FREE}
umask 077
mkdir -p {folder}/blobs && cd {folder}/blobs || exit 1
free_kilobytes .
if [ -f {part} ]; then wc -c <{part}; else echo 0; fi",
        folder = quote(folder),
        part = quote(&format!("{hash}.part")),
    )
}

/// Exit code of [`finish`] when the content isn't what was sent.
pub(super) const DIFFERS: u32 = 3;

/// Checks what has arrived and gives it its name.
pub(super) fn finish(folder: &str, hash: &str, bytes: u64, sha256: &str) -> String {
    format!(
        "cd {folder}/blobs || exit 1
if [ -f {part} ]; then
  if [ \"$(wc -c <{part})\" -ne {bytes} ]; then rm -f {part}; exit {DIFFERS}; fi
  if command -v sha256sum >/dev/null 2>&1; then
    sum=$(sha256sum <{part})
    if [ \"${{sum%% *}}\" != {sha256} ]; then rm -f {part}; exit {DIFFERS}; fi
  fi
  mv -f {part} {hash} || exit 1
fi
# Another sender may have given it its name meanwhile.
[ -f {hash} ]",
        folder = quote(folder),
        part = quote(&format!("{hash}.part")),
        hash = quote(hash),
        sha256 = quote(sha256),
    )
}

/// Exit code of [`launch`] when the program doesn't run there; what it printed, a line `--machine--` and what the
/// machine is are its output.
pub(super) const INCOMPATIBLE: u32 = 5;
/// The line between the two.
pub(super) const MACHINE_MARK: &str = "--machine--";

/// What runs around the worker, in a session of its own: it says who it is and keeps the worker's exit code. It
/// outlives a signal to its group that ends the worker. `$0` is the program, `$1` the run's folder.
const AROUND: &str = r#"
trap : HUP INT TERM
printf '%s %s %s\n' "$$" "$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)" \
  "$(cat /proc/sys/kernel/random/boot_id)" >launcher.part && mv launcher.part launcher
"$0" execute "$1" >>worker.log 2>&1
echo $? >exit.part && mv exit.part exit
"#;

/// Chooses what starts a process that outlives the connection.
const AWAY: &str = "away=nohup; if command -v setsid >/dev/null 2>&1; then away=setsid; fi";

/// Puts the run's folder together from blobs and starts the worker, unless one is on the run already. Prints the
/// folder's absolute path.
pub(super) fn launch(folder: &str, launch: &Launch<'_>) -> String {
    let mut script = format!(
        "{PROCESSES}{FREE}{MACHINE}
umask 077
mkdir -p {folder}/bin {folder}/runs/{run} && cd {folder}/runs/{run} || exit 1
run=$(pwd -P)
if alive; then echo \"$run\"; exit 0; fi
",
        folder = quote(folder),
        run = quote(launch.run),
    );
    for blob in launch.blobs {
        script.push_str(&place(blob));
    }
    script.push_str(&format!(
        r#"
said=$("$program" --version 2>&1) || {{
  printf '%s\n{MACHINE_MARK}\n' "$said"
  machine .
  exit {INCOMPATIBLE}
}}
rm -f stop exit launcher
{AWAY}
"$away" /bin/sh -c {around} "$program" "$run" </dev/null >/dev/null 2>&1 &
tries=0
while [ ! -f launcher ] && [ "$tries" -lt 50 ]; do
  sleep 0.1 2>/dev/null || sleep 1
  tries=$((tries + 1))
done
if [ ! -f launcher ]; then echo 'the worker has not started within 5 seconds' >&2; exit 1; fi
echo "$run""#,
        around = quote(AROUND),
    ));
    script
}

/// Puts one blob to its place in the run's folder, which is the current one.
fn place(blob: &Blob) -> String {
    let from = quote(&format!("../../blobs/{}", blob.hash));
    let name = quote(&blob.name);
    let part = quote(&format!("{}.part", blob.name));
    match blob.role {
        Role::Program => {
            let short = blob.hash.get(..16).unwrap_or(&blob.hash);
            let link = quote(&format!("../../bin/aloft-{short}"));
            format!(
                "chmod 700 {from} && {{ ln -f {from} {link} 2>/dev/null || cp {from} {link}; }} || exit 1\n\
                 program=$(cd ../../bin && pwd -P)/{}\n",
                quote(&format!("aloft-{short}")),
            )
        }
        Role::Rows => format!(
            "ln -f {from} {name} 2>/dev/null || ln -sf {from} {name} 2>/dev/null || cp {from} {name} || exit 1\n"
        ),
        Role::Record => format!("cp {from} {part} && mv -f {part} {name} || exit 1\n"),
        Role::Past => {
            let folder = blob.name.rsplit_once('/').map_or(".", |(folder, _)| folder);
            format!(
                "if [ ! -e {name} ]; then mkdir -p {} && cp {from} {part} && mv -f {part} {name} || exit 1; fi\n",
                quote(folder)
            )
        }
    }
}

/// The most that one poll brings, so that a long log comes in pieces.
const POLL_BYTES: u64 = 4 << 20;
/// The most that is shown of what a worker printed.
const PRINTED_BYTES: u64 = 4000;

/// Prints a line of numbers (alive, exit code or -1, stop asked for, size of the log, bytes of what the worker printed),
/// then those bytes, then the log from the offset on.
pub(super) fn poll(remote: &str, offset: u64) -> String {
    // Whether it lives is asked first: what a worker that is gone has written doesn't change any more.
    format!(
        r#"{PROCESSES}
cd {} || exit 1
if alive; then alive=1; else alive=0; fi
exit=-1
if [ -f exit ]; then exit=$(cat exit); fi
stop=0
if [ -f stop ]; then stop=1; fi
size=0
if [ -f events.jsonl ]; then size=$(wc -c <events.jsonl); fi
printed=0
if [ "$alive" = 0 ] && [ -f worker.log ]; then
  printed=$(wc -c <worker.log)
  if [ "$printed" -gt {PRINTED_BYTES} ]; then printed={PRINTED_BYTES}; fi
fi
echo "$alive" "$exit" "$stop" "$size" "$printed"
if [ "$printed" -gt 0 ]; then tail -c "$printed" worker.log; fi
new=$((size - {offset}))
if [ "$new" -gt {POLL_BYTES} ]; then new={POLL_BYTES}; fi
if [ "$new" -gt 0 ]; then tail -c +{first} events.jsonl | head -c "$new"; fi
exit 0"#,
        quote(remote),
        first = offset + 1,
    )
}

/// Asks the worker to stop, and leaves someone behind who ends it by signals: SIGTERM after `grace` seconds, SIGKILL ten
/// seconds later.
pub(super) fn stop(remote: &str, grace: u32) -> String {
    // Who is left behind remembers whom it is there for: the run may be sent again meanwhile.
    let watch = format!(
        r#"{PROCESSES}
if launcher_lives; then group=-$pid
elif worker_lives; then pid=$(field pid) ticks=$(field started_ticks) boot=$(field boot) group=$pid
else exit; fi
waited=0
while lives "$pid" "$ticks" "$boot"; do
  signal=
  if [ "$waited" -eq {grace} ]; then signal=TERM; fi
  if [ "$waited" -eq {kill} ]; then signal=KILL; fi
  if [ -n "$signal" ] && ! kill -s "$signal" -- "$group" 2>/dev/null; then
    # Without setsid the worker is in no group of its own.
    if worker_lives; then kill -s "$signal" "$(field pid)"; fi
  fi
  if [ "$waited" -gt {kill} ]; then exit; fi
  sleep 1
  waited=$((waited + 1))
done"#,
        kill = grace + 10,
    );
    format!(
        r#"{PROCESSES}
cd {} || exit 1
if [ -f stop ]; then exit 0; fi
: >stop || exit 1
if alive; then
  {AWAY}
  "$away" /bin/sh -c {} </dev/null >/dev/null 2>&1 &
fi
exit 0"#,
        quote(remote),
        quote(&watch),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Output};
    use std::time::Duration;

    /// Runs a script as the target does.
    fn run(script: &str) -> Output {
        let script = format!("main() {{\n{script}\n}}\nmain </dev/null\n");
        Command::new("/bin/sh").args(["-c", &script]).output().unwrap()
    }

    #[test]
    fn any_text_is_one_word() {
        let texts = [
            "plain",
            "two words",
            "it's",
            "$(rm -rf /)",
            "`x`; \"y\"",
            "a\nb",
            "",
            "'",
        ];
        for text in texts {
            let output = run(&format!("printf '%s' {}", quote(text)));
            assert_eq!(output.stdout, text.as_bytes());
        }
    }

    /// A folder with a program in its blobs that is this shell script.
    fn folder_with(program: &str) -> (tempfile::TempDir, Blob) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blobs/0123456789abcdef0123");
        std::fs::create_dir(folder.path().join("blobs")).unwrap();
        std::fs::write(&path, program).unwrap();
        let blob = Blob {
            name: "aloft".into(),
            hash: "0123456789abcdef0123".into(),
            bytes: 0,
            path,
            role: Role::Program,
        };
        (folder, blob)
    }

    fn launch_it(folder: &Path, blob: &Blob) -> String {
        let launched = run(&launch(
            &folder.display().to_string(),
            &Launch {
                run: "a run",
                blobs: std::slice::from_ref(blob),
            },
        ));
        assert!(launched.status.success(), "{launched:?}");
        String::from_utf8(launched.stdout).unwrap().trim().to_owned()
    }

    fn is_alive(remote: &str) -> bool {
        run(&poll(remote, 0)).stdout.starts_with(b"1 ")
    }

    #[test]
    fn who_does_not_stop_is_ended_after_the_grace() {
        let deaf = "#!/bin/sh\nif [ \"$1\" = execute ]; then sleep 60; fi\n";
        let (folder, blob) = folder_with(deaf);
        let remote = launch_it(folder.path(), &blob);
        assert!(is_alive(&remote));
        assert_eq!(launch_it(folder.path(), &blob), remote, "it is adopted");
        assert!(run(&stop(&remote, 1)).status.success());
        assert!(is_alive(&remote), "it has its grace");
        let ended = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            !is_alive(&remote)
        });
        assert!(ended);
        // 128 + SIGTERM: the shell around it has seen it end.
        assert!(run(&poll(&remote, 0)).stdout.starts_with(b"0 143 1 0 "));
    }

    #[test]
    fn a_run_that_is_sent_again_is_not_ended_by_the_earlier_stop() {
        let quick = "#!/bin/sh\nif [ \"$1\" = execute ]; then while [ ! -f stop ]; do sleep 0.05; done; fi\n";
        let (folder, blob) = folder_with(quick);
        let remote = launch_it(folder.path(), &blob);
        assert!(run(&stop(&remote, 1)).status.success());
        while is_alive(&remote) {
            std::thread::sleep(Duration::from_millis(20));
        }
        launch_it(folder.path(), &blob);
        std::thread::sleep(Duration::from_millis(2500));
        assert!(is_alive(&remote), "the grace of the first is over");
        assert!(run(&stop(&remote, 1)).status.success());
        while is_alive(&remote) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(run(&poll(&remote, 0)).stdout.starts_with(b"0 0 1 "));
    }
}
