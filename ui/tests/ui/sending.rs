//! What leaves the machine and where to: preflights, and hosts that are trusted.

use crate::support::{CTRL, CTRL_SHIFT, WINDOW, asked, click, flights, preflight, press, window};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{Notice, Question};
use aloft_protocol::{BlockId, NoticeId, Operation};
use aloft_spec::Code;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

#[test]
fn what_would_leave_is_shown_and_sent_only_by_its_button() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    harness.get_all_by_label("Send to cloud…").next().unwrap().click();
    harness.run();
    let target = "lab".to_owned();
    let rows = Rows::Sample;
    assert_eq!(
        asked(&mut harness),
        [Operation::Preflight {
            block: BlockId(5),
            target: target.clone(),
            rows
        }]
    );
    harness.state_mut().snapshot.question = Some(Question::Preflight {
        target,
        preflight: Some(Box::new(preflight())),
    });
    harness.run();
    harness.get_by_label("ada@lab.example.org:aloft");
    harness.get_by_label("all 84,313,201 rows");
    press(&mut harness, CTRL, Key::Enter);
    assert_eq!(
        asked(&mut harness),
        [],
        "keys of the notebook rest while a question waits"
    );
    click(&mut harness, "Send 2.1 GB");
    assert_eq!(asked(&mut harness), [Operation::ConfirmSend]);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(asked(&mut harness), [Operation::CancelSend]);
}

#[test]
fn data_that_may_not_leave_has_no_button_to_send_it() {
    let mut harness = window(flights(), WINDOW);
    let mut kept = preflight();
    kept.allowed = false;
    kept.note = Some("restricted data never leaves this machine".into());
    harness.state_mut().snapshot.question = Some(Question::Preflight {
        target: "lab".into(),
        preflight: Some(Box::new(kept)),
    });
    harness.run();
    harness.get_by_label("Restricted data never leaves this machine");
    assert!(harness.query_by_label_contains("Send 2.1").is_none());
}

fn unreachable(message: &str) -> Notice {
    Notice {
        id: NoticeId(5),
        good: false,
        code: Some(Code::Unreachable),
        message: message.into(),
        hint: Some("is it switched on?".into()),
    }
}

#[test]
fn a_host_is_trusted_by_its_fingerprint() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL_SHIFT, Key::P);
    harness.get_by_label("Find a command").type_text("add a target");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    for (field, text) in [
        ("Name", "mill"),
        ("Host", "mill.example.org"),
        ("User", "ada"),
        ("Password", "s3cret"),
    ] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    click(&mut harness, "Continue");
    let host = "mill.example.org".to_owned();
    assert_eq!(
        asked(&mut harness),
        [Operation::ProbeHost {
            host: host.clone(),
            port: 22
        }]
    );
    harness.state_mut().snapshot.question = Some(Question::HostKey {
        host,
        port: 22,
        key: "ssh-ed25519 AAAAmill".into(),
        fingerprint: "SHA256:mill".into(),
    });
    harness.run();
    harness.get_by_label("SHA256:mill");
    click(&mut harness, "Trust and add");
    let operations = asked(&mut harness);
    let [Operation::AddTarget { name, target, secret }] = &operations[..] else {
        panic!("a target was to be added, not {operations:?}");
    };
    assert_eq!(
        (name.as_str(), target.host_key.as_str()),
        ("mill", "ssh-ed25519 AAAAmill")
    );
    assert_eq!(secret.as_ref().map(|secret| secret.0.as_str()), Some("s3cret"));
    assert!(!format!("{operations:?}").contains("s3cret"));
    harness.get_by_label("Adding the target…");
    harness.state_mut().snapshot.question = None;
    harness.state_mut().snapshot.notices = vec![unreachable("no keyring here")];
    harness.run();
    assert_eq!(
        asked(&mut harness),
        [Operation::DismissNotice { notice: NoticeId(5) }]
    );
    harness.state_mut().snapshot.notices.clear();
    harness.run();
    harness.get_by_label("No keyring here");
}

#[test]
fn who_sends_without_a_target_goes_on_once_there_is_one() {
    let mut project = flights();
    let known = std::mem::take(&mut project.project.as_mut().unwrap().targets);
    let mut harness = window(project, WINDOW);
    harness.run();
    harness.get_all_by_label("Send to cloud…").next().unwrap().click();
    harness.run();
    asked(&mut harness);
    for (field, text) in [("Name", "lab"), ("Host", "lab.example.org"), ("User", "ada")] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    click(&mut harness, "Continue");
    harness.state_mut().snapshot.question = Some(Question::HostKey {
        host: "lab.example.org".into(),
        port: 22,
        key: "ssh-ed25519 AAAAlab".into(),
        fingerprint: "SHA256:lab".into(),
    });
    harness.run();
    click(&mut harness, "Trust and add");
    asked(&mut harness);
    harness.state_mut().snapshot.question = None;
    harness.state_mut().snapshot.project.as_mut().unwrap().targets = known;
    harness.run();
    let (block, target, rows) = (BlockId(5), "lab".into(), Rows::Sample);
    assert_eq!(
        asked(&mut harness),
        [Operation::Preflight { block, target, rows }]
    );
}

#[test]
fn a_host_that_gives_no_key_says_so_in_the_form() {
    let mut harness = window(flights(), WINDOW);
    harness.run();
    press(&mut harness, CTRL, Key::P);
    harness.get_by_label("Find a command").type_text("add a target");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    for (field, text) in [("Name", "mill"), ("Host", "mill"), ("User", "ada")] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    click(&mut harness, "Continue");
    harness.get_by_label("Asking the host for its key…");
    asked(&mut harness);
    harness.state_mut().snapshot.notices = vec![unreachable("mill:22 doesn't answer")];
    harness.run();
    assert_eq!(
        asked(&mut harness),
        [Operation::DismissNotice { notice: NoticeId(5) }],
        "what the form says isn't said in the corner too"
    );
    harness.state_mut().snapshot.notices.clear();
    harness.run();
    harness.get_by_label("mill:22 doesn't answer");
    harness.get_by_label_contains("Is it switched on?");
    click(&mut harness, "Continue");
    asked(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(asked(&mut harness), [Operation::CancelSend]);
}
