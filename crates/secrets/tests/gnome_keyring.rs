//! The real thing: a private D-Bus session with its own gnome-keyring, in a home folder of its own.
//!
//! Each test starts this same test program again inside `dbus-run-session`; what runs there is marked `ignore`.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

use aloft_secrets::{Keyring, SecretStore, Sensitive};
use aloft_spec::Code;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const INSTALL: &str = "run `apt-get install gnome-keyring dbus`: this test needs the real keyring";

/// What the shell does in the session before it becomes the test program. The password has no newline. The daemon goes
/// to the background before it has its name on the bus, and a call in between would start a second one.
const UNLOCKED: &str = "printf correct-horse | gnome-keyring-daemon --unlock --components=secrets >/dev/null
for i in $(seq 100); do
  dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \\
    string:org.freedesktop.secrets | grep -q true && break
  sleep 0.05
done";

fn run_inside(test: &str, prepare: &str) {
    let home = tempfile::tempdir().unwrap();
    let output = session(home.path(), test, prepare);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{test} failed inside the session:\n{stdout}\n{}",
        text(&output.stderr),
    );
    assert!(!holds(home.path(), b"hunter2"), "the secret lies in a file");
}

fn session(home: &Path, test: &str, prepare: &str) -> Output {
    let runtime = home.join("runtime");
    std::fs::create_dir(&runtime).unwrap();
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).unwrap();
    let daemon = Command::new("gnome-keyring-daemon").arg("--version").output();
    assert!(daemon.is_ok(), "{INSTALL}");
    // The daemon ends by itself when the session's bus does.
    let script = format!("{prepare}\nexec \"$0\" --ignored --exact {test} --nocapture");
    let started = Command::new("dbus-run-session")
        .args(["--", "bash", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("XDG_DATA_HOME", home.join("data"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("GNOME_KEYRING_CONTROL")
        .output();
    match started {
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("{INSTALL}"),
        started => started.unwrap(),
    }
}

/// Whether any file below the folder holds these bytes.
fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn an_unlocked_keyring_keeps_secrets() {
    run_inside("inside_unlocked", UNLOCKED);
}

#[test]
#[ignore = "runs inside a session"]
fn inside_unlocked() {
    let keyring = Keyring::new();
    keyring.probe().unwrap();
    let account = "/home/ada/flights#gpu-box";
    assert_eq!(keyring.get(account).err().unwrap().code, Code::SecretMissing);
    for secret in ["first", "hunter2 ünïcode"] {
        keyring.set(account, &Sensitive::new(secret.to_owned())).unwrap();
        assert_eq!(keyring.get(account).ok().unwrap().expose(), secret);
    }
    let other = keyring.get("/home/ada/penguins#gpu-box").err().unwrap();
    assert_eq!(other.code, Code::SecretMissing);
    keyring.delete(account).unwrap();
    assert_eq!(keyring.get(account).err().unwrap().code, Code::SecretMissing);
    keyring
        .set(account, &Sensitive::new("hunter2".to_owned()))
        .unwrap();
}

#[test]
fn a_locked_keyring_is_told_from_an_empty_one() {
    run_inside("inside_locked", UNLOCKED);
}

#[test]
#[ignore = "runs inside a session"]
fn inside_locked() {
    let keyring = Keyring::new();
    let account = "/home/ada/flights#gpu-box";
    keyring
        .set(account, &Sensitive::new("hunter2".to_owned()))
        .unwrap();
    lock_default_collection();
    let problem = keyring.probe().unwrap_err();
    assert_eq!(problem.code, Code::KeyringLocked);
    assert!(problem.hint.unwrap().contains("--unlock"));
    assert_eq!(keyring.get(account).err().unwrap().code, Code::KeyringLocked);
    let secret = Sensitive::new("other".to_owned());
    assert_eq!(
        keyring.set(account, &secret).unwrap_err().code,
        Code::KeyringLocked
    );
}

fn lock_default_collection() {
    use zbus::zvariant::OwnedObjectPath;
    let bus = zbus::blocking::Connection::session().unwrap();
    let service = zbus::blocking::Proxy::new(
        &bus,
        "org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service",
    )
    .unwrap();
    let path: OwnedObjectPath = service.call("ReadAlias", &("default",)).unwrap();
    let _: (Vec<OwnedObjectPath>, OwnedObjectPath) = service.call("Lock", &(vec![path],)).unwrap();
}

#[test]
fn a_keyring_that_was_never_set_up_says_so() {
    run_inside("inside_not_set_up", ":");
}

#[test]
#[ignore = "runs inside a session"]
fn inside_not_set_up() {
    let problem = Keyring::new().probe().unwrap_err();
    assert_eq!(problem.code, Code::KeyringLocked);
    assert!(problem.message.contains("no default collection"), "{problem}");
}

#[test]
fn without_a_session_the_keyring_is_unavailable() {
    let runtime = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "inside_unavailable", "--nocapture"])
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env("XDG_RUNTIME_DIR", runtime.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "runs without a session"]
fn inside_unavailable() {
    let problem = Keyring::new().get("any").err().unwrap();
    assert_eq!(problem.code, Code::KeyringUnavailable);
    assert!(problem.hint.unwrap().contains("gnome-keyring"));
}
