//! Verbs that compute become `aloft-cuda` where it lies beside `aloft` and the driver counts a GPU; and nowhere else.
//! Here the driver is a library with the same functions, and `aloft-cuda` says what it was asked for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Ran, program, with_input};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// `aloft` in a folder of the lab with `aloft-cuda` beside it.
fn install(lab: &Lab) {
    let folder = lab.path("bin");
    fs::create_dir(&folder).unwrap();
    // Not a symbolic link: the program looks beside the file that it is.
    let aloft = folder.join("aloft");
    if fs::hard_link(program(), &aloft).is_err() {
        fs::copy(program(), &aloft).unwrap();
    }
    let cuda = folder.join("aloft-cuda");
    let version = env!("CARGO_PKG_VERSION");
    fs::write(
        &cuda,
        format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo aloft {version} && exit\necho \"asked: $*\"\ncat\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&cuda, fs::Permissions::from_mode(0o755)).unwrap();
}

/// `aloft` where the driver's cuInit returns `status`.
fn aloft(lab: &Lab, status: u32, arguments: &[&str]) -> Command {
    let drivers = lab.path(&format!("driver-{status}"));
    if !drivers.is_dir() {
        fs::create_dir(&drivers).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/runs/tests/fixtures/libcuda.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", &format!("-DINIT={status}"), "-o"])
            .args([drivers.join("libcuda.so.1"), source])
            .status()
            .unwrap();
        assert!(built.success());
    }
    let mut command = lab.command(lab.path("bin/aloft"), arguments);
    command.env("LD_LIBRARY_PATH", drivers);
    command
}

#[test]
fn a_gpu_and_the_program_for_it_are_used() {
    let lab = Lab::new();
    install(&lab);
    let doctor = Ran::of(&mut aloft(&lab, 0, &["doctor", "--json"])).json();
    let cuda = &doctor["devices"][1];
    assert_eq!(cuda["usable"], true, "{cuda}");
    assert_eq!(cuda["name"], "cuda, Test GPU 0");
    assert_eq!(cuda["memory_bytes"], 8u64 << 30);

    let executed = Ran::of(&mut aloft(&lab, 0, &["execute", "a/run"]));
    assert_eq!(executed.expect_code(0).stdout, "asked: execute a/run\n");
    let measured = with_input(
        &mut aloft(&lab, 0, &["measure", "rows.parquet", "--rows", "3"]),
        "a cell",
    );
    assert_eq!(
        measured.expect_code(0).stdout,
        "asked: measure rows.parquet --rows 3\na cell"
    );
    let others = Ran::of(&mut aloft(&lab, 0, &["runs", "--json"]));
    assert!(!others.stdout.contains("asked"), "{}", others.stdout);
}

#[test]
fn without_a_gpu_the_cpu_is_used_and_doctor_says_what_was_looked_for() {
    let lab = Lab::new();
    install(&lab);
    let doctor = Ran::of(&mut aloft(&lab, 100, &["doctor", "--json"])).json();
    let cuda = &doctor["devices"][1];
    assert_eq!(cuda["usable"], false);
    let looked_for = cuda["looked_for"].as_str().unwrap();
    assert!(
        looked_for.contains("libcuda.so.1: cuInit: no device") && looked_for.contains("bin/aloft-cuda"),
        "{looked_for}"
    );
    let executed = Ran::of(&mut aloft(&lab, 100, &["execute", "a/run"]));
    assert_eq!(executed.expect_code(2).stdout, "");
    assert!(
        executed.stderr.contains("isn't the folder of a run"),
        "{}",
        executed.stderr
    );
}
