//! The SSH target against OpenSSH: host keys, credentials, uploads.

use crate::support::{ACCOUNT, Asks, GO_ON, PasswordServer, Sshd, ssh_keygen, target, target_with, until};
use aloft_cloud::{Blob, Role, probe_host_key};
use aloft_secrets::{MemoryStore, SecretError, SecretStore, Sensitive};
use aloft_spec::Code;
use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_key_lets_in_and_the_machine_is_described() {
    let server = Sshd::start();
    for folder in ["plain", "it's a folder; with $(odd) \"words\""] {
        let spec = server.spec(folder);
        let target = target(&spec).unwrap();
        let machine = target.test().unwrap();
        assert!(machine.starts_with("Linux "), "{machine}");
        assert!(
            machine.contains(" cores, ") && machine.ends_with(" GB free"),
            "{machine}"
        );
        assert!(Path::new(&spec.folder).is_dir());
        assert!(target.identity().contains("key /"));
        assert!(target.destination().ends_with(folder));
    }
}

#[test]
fn a_shell_that_talks_at_its_start_does_no_harm() {
    let server =
        Sshd::start_with("ForceCommand echo welcome; echo warning >&2; eval \"$SSH_ORIGINAL_COMMAND\"\n");
    let target = target(&server.spec("runs")).unwrap();
    assert!(target.test().unwrap().starts_with("Linux "));
    assert!(target.present(&["abc"]).unwrap().is_empty());
}

#[test]
fn only_the_pinned_host_key_is_accepted() {
    let server = Sshd::start();
    let mut spec = server.spec("runs");
    spec.host_key = server.public("client");
    let changed = target(&spec).unwrap().test().unwrap_err();
    assert_eq!(changed.code, Code::HostKeyChanged);
    for key in ["client", "host_ed25519"] {
        let fingerprint = fingerprint(&server, key);
        assert!(changed.message.contains(&fingerprint), "{changed}");
    }
    spec.host_key = String::new();
    let unknown = target(&spec).unwrap().test().unwrap_err();
    assert_eq!(unknown.code, Code::HostKeyUnknown);
    assert!(unknown.message.contains(&fingerprint(&server, "host_ed25519")));
    spec.host_key = "ssh-ed25519 nonsense".into();
    assert_eq!(target(&spec).err().unwrap().code, Code::BadValue);
    assert!(!server.log().contains("Accepted"), "nobody logged in");
    assert!(!server.path("runs").exists());
}

#[test]
fn a_host_key_of_any_kind_can_be_pinned() {
    let mut server = Sshd::start();
    ssh_keygen(&["-t", "rsa", "-b", "2048", "-N", ""], &server.path("host_rsa"));
    server.interrupt();
    server.configure(&["host_ed25519", "host_rsa"]);
    server.resume();
    let mut spec = server.spec("runs");
    spec.host_key = server.public("host_rsa");
    target(&spec).unwrap().test().unwrap();
    // The host was set up anew, without a key of that kind.
    server.interrupt();
    server.configure(&["host_ed25519"]);
    server.resume();
    let changed = target(&spec).unwrap().test().unwrap_err();
    assert_eq!(changed.code, Code::HostKeyChanged, "{changed}");
    assert!(changed.message.contains(&fingerprint(&server, "host_ed25519")));
}

#[test]
fn the_key_of_a_host_can_be_asked_for() {
    let server = Sshd::start();
    let key = probe_host_key("127.0.0.1", server.port).unwrap();
    assert_eq!(key.openssh, server.public("host_ed25519"));
    assert_eq!(key.fingerprint, fingerprint(&server, "host_ed25519"));
}

fn fingerprint(server: &Sshd, key: &str) -> String {
    let file = server.path(&format!("{key}.pub"));
    let output = Command::new("ssh-keygen").arg("-lf").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_host_that_does_not_answer_is_unreachable() {
    let mut server = Sshd::start();
    let target = target(&server.spec("runs")).unwrap();
    server.interrupt();
    assert_eq!(target.test().unwrap_err().code, Code::Unreachable);
    let probed = probe_host_key("127.0.0.1", server.port).unwrap_err();
    assert_eq!(probed.code, Code::Unreachable);
}

#[test]
fn keys_of_all_kinds_and_formats_let_in() {
    let server = Sshd::start();
    let mut authorized = String::new();
    let kinds: [(&str, &[&str]); 4] = [
        ("ecdsa", &["-t", "ecdsa", "-b", "256", "-N", ""]),
        ("p384", &["-t", "ecdsa", "-b", "384", "-N", ""]),
        ("rsa", &["-t", "rsa", "-b", "2048", "-N", ""]),
        ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]),
    ];
    for (name, arguments) in kinds {
        ssh_keygen(arguments, &server.path(name));
        authorized.push_str(&std::fs::read_to_string(server.path(&format!("{name}.pub"))).unwrap());
    }
    std::fs::write(server.path("authorized_keys"), authorized).unwrap();
    for (name, _) in kinds {
        let mut spec = server.spec("runs");
        spec.key_file = Some(server.path(name).display().to_string());
        let test = target(&spec).unwrap().test();
        assert!(test.is_ok(), "{name}: {}", test.unwrap_err());
    }
}

#[test]
fn a_passphrase_comes_from_the_keyring() {
    let server = Sshd::start();
    let locked = server.path("locked");
    ssh_keygen(&["-t", "ed25519", "-N", "open sesame"], &locked);
    std::fs::copy(server.path("locked.pub"), server.path("authorized_keys")).unwrap();
    let mut spec = server.spec("runs");
    spec.key_file = Some(locked.display().to_string());

    assert_eq!(target(&spec).err().unwrap().code, Code::SecretMissing);
    let secrets = MemoryStore::new();
    let keep = |secret: &str| {
        let secret = Sensitive::new(secret.to_owned());
        secrets.set(ACCOUNT, &secret).unwrap();
    };
    keep("tr0ub4dor");
    let problem = target_with(&spec, &secrets).err().unwrap();
    assert_eq!(problem.code, Code::AuthFailed);
    assert!(!problem.to_string().contains("tr0ub4dor"));
    keep("open sesame");
    target_with(&spec, &secrets).unwrap().test().unwrap();
    let locked = MemoryStore::unusable(SecretError::Locked);
    let problem = target_with(&spec, &locked).err().unwrap();
    assert_eq!(problem.code, Code::KeyringLocked);
}

#[test]
fn a_password_comes_from_the_keyring() {
    for asks in [Asks::Plainly, Asks::ByQuestion] {
        let server = PasswordServer::start("open sesame", asks);
        let folder = tempfile::tempdir().unwrap();
        let spec = server.spec(&folder.path().join("runs").display().to_string());
        let with = |password: &str| {
            let secrets = MemoryStore::new();
            let password = Sensitive::new(password.to_owned());
            secrets.set(ACCOUNT, &password).unwrap();
            target_with(&spec, &secrets).unwrap()
        };
        assert!(with("open sesame").test().unwrap().starts_with("Linux "));
        let problem = with("hunter2").test().unwrap_err();
        assert_eq!(problem.code, Code::AuthFailed);
        assert!(problem.message.contains("accepts a password"), "{problem}");
        assert!(!problem.to_string().contains("hunter2"));
    }
}

#[test]
fn a_key_that_the_host_does_not_know_is_told() {
    let server = Sshd::start();
    ssh_keygen(&["-t", "ed25519", "-N", ""], &server.path("stranger"));
    let mut spec = server.spec("runs");
    spec.key_file = Some(server.path("stranger").display().to_string());
    let problem = target(&spec).unwrap().test().unwrap_err();
    assert_eq!(problem.code, Code::AuthFailed);
    assert!(problem.message.contains("accepts a public key"), "{problem}");
    assert!(problem.hint.unwrap().contains("authorized_keys"));
}

#[test]
fn the_agent_signs_when_there_is_no_key_file_and_no_secret() {
    let server = Sshd::start();
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the agent is up", || socket.exists().then_some(()));
    let with_agent = |command: &mut Command| {
        let command = command.env("SSH_AUTH_SOCK", &socket);
        let output = command.output().unwrap();
        (output.status.success(), format!("{output:?}"))
    };
    let added = with_agent(Command::new("ssh-add").arg(server.path("client")));
    // The environment of a test can't be changed, so the test program is started again with the agent in it.
    let spec = serde_json::to_string(&server.spec("runs")).unwrap();
    let mut inner = Command::new(std::env::current_exe().unwrap());
    inner.args(["--ignored", "--exact", "ssh::inside_an_agent", "--nocapture"]);
    let tested = with_agent(inner.env("ALOFT_TEST_SPEC", spec));
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(added.0, "{}", added.1);
    assert!(tested.0 && tested.1.contains("1 passed"), "{}", tested.1);
}

#[test]
#[ignore = "runs with an agent in its environment"]
fn inside_an_agent() {
    let spec = std::env::var("ALOFT_TEST_SPEC").unwrap();
    let mut spec: aloft_spec::project::SshTarget = serde_json::from_str(&spec).unwrap();
    spec.key_file = None;
    let target = target(&spec).unwrap();
    assert!(target.identity().contains("agent"));
    target.test().unwrap();
}

/// Bytes that don't repeat, so that a piece at the wrong place is noticed.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn blob(folder: &Path, content: &[u8]) -> Blob {
    let path = folder.join("content");
    std::fs::write(&path, content).unwrap();
    let found = aloft_runs::hash_file(&path).unwrap();
    Blob {
        name: "data.parquet".into(),
        hash: found.hash,
        bytes: found.bytes,
        path,
        role: Role::Rows,
    }
}

#[test]
fn an_upload_that_was_cut_off_goes_on_where_it_stopped() {
    let server = Sshd::start();
    let target = target(&server.spec("my runs")).unwrap();
    let content = bytes(24 << 20);
    let blob = blob(server.path("").as_path(), &content);
    let there = server.path("my runs").join("blobs").join(&blob.hash);
    let part = there.with_extension("part");

    let cancel = AtomicBool::new(false);
    let mut stop_half_way = |done: u64, total: u64| {
        assert_eq!(total, blob.bytes);
        cancel.store(done > total / 2, Ordering::Relaxed);
    };
    let cancelled = target.upload(&blob, &mut stop_half_way, &cancel).unwrap_err();
    assert_eq!(cancelled.code, Code::Stopped);
    assert!(
        target.present(&[&blob.hash]).unwrap().is_empty(),
        "half a blob isn't there"
    );
    assert!(!there.exists());
    // What was under way when the upload was cancelled arrives after it.
    let arrived = until("the server has written what it got", || {
        let before = part.metadata().unwrap().len();
        std::thread::sleep(std::time::Duration::from_millis(100));
        (part.metadata().unwrap().len() == before).then_some(before)
    });
    assert!(arrived > blob.bytes / 4 && arrived < blob.bytes, "{arrived}");

    let told = RefCell::new(Vec::new());
    let mut tell = |done, _| told.borrow_mut().push(done);
    target.upload(&blob, &mut tell, &GO_ON).unwrap();
    assert!(told.borrow()[0] > arrived, "what had arrived is not sent again");
    assert_eq!(told.borrow().last(), Some(&blob.bytes));
    assert_eq!(std::fs::read(&there).unwrap(), content);
    assert!(!part.exists());
    assert_eq!(target.present(&[&blob.hash, "0f"]).unwrap().len(), 1);
}

#[test]
fn a_beginning_that_is_broken_there_is_sent_anew() {
    let server = Sshd::start();
    let target = target(&server.spec("runs")).unwrap();
    let content = bytes(1 << 20);
    let blob = blob(server.path("").as_path(), &content);
    let blobs = server.path("runs").join("blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.part", blob.hash));
    for broken in [vec![0; 300 << 10], vec![1; 2 << 20]] {
        std::fs::write(&part, broken).unwrap();
        target.upload(&blob, &mut |_, _| {}, &GO_ON).unwrap();
        assert_eq!(std::fs::read(blobs.join(&blob.hash)).unwrap(), content);
        std::fs::remove_file(blobs.join(&blob.hash)).unwrap();
    }
}

#[test]
fn a_file_that_is_not_what_its_hash_says_does_not_arrive() {
    let server = Sshd::start();
    let target = target(&server.spec("runs")).unwrap();
    let blob = blob(server.path("").as_path(), b"as it was");
    std::fs::write(&blob.path, b"as it is ").unwrap();
    let problem = target.upload(&blob, &mut |_, _| {}, &GO_ON).unwrap_err();
    assert_eq!(problem.code, Code::Corrupted);
    assert!(target.present(&[&blob.hash]).unwrap().is_empty());
}

#[test]
fn a_folder_that_is_not_ours_to_write_is_told() {
    let server = Sshd::start();
    std::fs::write(server.path("file"), "").unwrap();
    let target = target(&server.spec("file/runs")).unwrap();
    let problem = target.test().unwrap_err();
    assert_eq!(problem.code, Code::Unreadable);
    assert!(problem.hint.unwrap().contains("`folder`"));
}
