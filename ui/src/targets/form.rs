//! The form for a new target. The host's key is shown before it is trusted.

use crate::dialog;
use crate::preflight::fingerprint_ui;
use crate::tokens::{Tokens, size, space};
use crate::view::Frame;
use crate::widgets::{Button, sentence_ui};
use aloft_protocol::operation::Secret;
use aloft_protocol::snapshot::{Notice, Question, TargetView};
use aloft_protocol::{BlockId, NoticeId, Operation, Snapshot};
use aloft_spec::project::SshTarget;
use egui::{Context, RichText, Ui};

/// What is typed into the form. It holds a secret until the form is closed: it prints nothing of itself.
#[derive(Default)]
pub struct TargetForm {
    adding: bool,
    name: String,
    host: String,
    port: String,
    user: String,
    folder: String,
    key_file: String,
    secret: String,
    waiting: Option<Waiting>,
    /// What went wrong last.
    problem: Option<Notice>,
    /// The cell that is sent once there is a target.
    then_send: Option<BlockId>,
    focused: bool,
}

/// What the form waits for.
#[derive(Debug, Clone)]
struct Waiting {
    answer: Awaited,
    /// The latest message when it was asked: a later problem is the answer.
    after: Option<NoticeId>,
}

#[derive(Debug, Clone)]
enum Awaited {
    /// The key of a host.
    Key { host: String, port: u16 },
    /// The target among those of the project.
    Target,
}

/// A host's key, and what it is known by.
#[derive(Clone, Copy)]
struct HostKey<'a> {
    key: &'a str,
    fingerprint: &'a str,
}

impl Waiting {
    fn new(answer: Awaited, snapshot: &Snapshot) -> Self {
        Self {
            answer,
            after: snapshot.notices.last().map(|notice| notice.id),
        }
    }

    fn problem<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Notice> {
        let mut notices = snapshot.notices.iter().rev();
        notices.find(|notice| !notice.good && Some(notice.id) > self.after)
    }

    fn key<'a>(&self, snapshot: &'a Snapshot) -> Option<HostKey<'a>> {
        let Awaited::Key { host, port } = &self.answer else {
            return None;
        };
        match &snapshot.question {
            Some(Question::HostKey {
                host: of,
                port: at,
                key,
                fingerprint,
            }) if (host, port) == (of, at) => Some(HostKey { key, fingerprint }),
            _ => None,
        }
    }
}

impl TargetForm {
    /// An empty form.
    pub fn new_target() -> Self {
        Self {
            adding: true,
            port: "22".into(),
            folder: "aloft".into(),
            ..Self::default()
        }
    }

    /// An empty form for a target that a cell is to be sent to.
    pub fn to_send(cell: BlockId) -> Self {
        Self {
            then_send: Some(cell),
            ..Self::new_target()
        }
    }

    /// Whether it is a form, and not the list.
    pub fn is_new(&self) -> bool {
        self.adding
    }

    /// What is wrong with it, in the order of its fields.
    fn complaint(&self, taken: &[TargetView]) -> Option<&'static str> {
        let valid = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if !valid(&self.name) {
            return Some("A name of letters, digits, - and _ is needed");
        }
        if taken.iter().any(|target| target.name == self.name) {
            return Some("A target has that name already");
        }
        if self.host.trim().is_empty() {
            return Some("The host's name or address is needed");
        }
        if self.port.trim().parse::<u16>().map_or(true, |port| port == 0) {
            return Some("The port is a number from 1 to 65535");
        }
        if self.user.trim().is_empty() {
            return Some("The account's name there is needed");
        }
        None
    }

    fn port(&self) -> u16 {
        self.port.trim().parse().unwrap_or(22)
    }

    fn target(&self, host_key: &str) -> SshTarget {
        let key_file = self.key_file.trim();
        let folder = self.folder.trim();
        SshTarget {
            host: self.host.trim().to_owned(),
            port: self.port(),
            user: self.user.trim().to_owned(),
            folder: if folder.is_empty() { "aloft" } else { folder }.to_owned(),
            host_key: host_key.to_owned(),
            key_file: (!key_file.is_empty()).then(|| key_file.to_owned()),
        }
    }
}

/// The form, and then the host's key. False when it is done with.
pub fn form_ui(ctx: &Context, frame: &mut Frame<'_>, form: &mut TargetForm) -> bool {
    let targets: &[TargetView] = frame.project().map_or(&[], |project| &project.targets);
    let snapshot = frame.snapshot;
    if let Some(waiting) = &form.waiting {
        let there = targets.iter().any(|target| target.name == form.name);
        if there && matches!(waiting.answer, Awaited::Target) {
            added(frame, form);
            return false;
        }
        if let Some(problem) = waiting.problem(snapshot) {
            // It is said in the form, so it needn't be said in the corner as well.
            frame.send(Operation::DismissNotice { notice: problem.id });
            form.problem = Some(problem.clone());
            form.waiting = None;
        }
    }
    let key = form.waiting.as_ref().and_then(|waiting| waiting.key(snapshot));
    let mut step = None;
    let closed = dialog::show(ctx, "Add a target", size::DIALOG, |ui| {
        step = match key {
            Some(HostKey { key, fingerprint }) => key_ui(ui, form, fingerprint, key),
            None => content_ui(ui, form, targets),
        };
    });
    match step.or(closed.then_some(Step::Leave)) {
        Some(step) => take(frame, form, step),
        None => true,
    }
}

/// The host's key, before it is trusted.
fn key_ui<'a>(ui: &mut Ui, form: &TargetForm, fingerprint: &str, key: &'a str) -> Option<Step<'a>> {
    let mut step = None;
    fingerprint_ui(ui, form.host.trim(), form.port(), fingerprint);
    dialog::buttons_ui(ui, |ui| {
        if ui.add(Button::new("Trust and add").primary()).clicked() {
            step = Some(Step::Trust(key));
        }
        if ui.add(Button::new("Back")).clicked() {
            step = Some(Step::Back);
        }
    });
    step
}

/// The fields, and what is missing or going on.
fn content_ui<'a>(ui: &mut Ui, form: &mut TargetForm, targets: &[TargetView]) -> Option<Step<'a>> {
    let t = Tokens::of(ui);
    let mut step = None;
    ui.add_enabled_ui(form.waiting.is_none(), |ui| fields_ui(ui, form));
    let complaint = form.complaint(targets);
    let (words, color) = match (&form.waiting, complaint, &form.problem) {
        (Some(waiting), ..) => match waiting.answer {
            Awaited::Key { .. } => ("Asking the host for its key…", t.dim),
            Awaited::Target => ("Adding the target…", t.dim),
        },
        (None, Some(complaint), _) => (complaint, t.dim),
        (None, None, Some(problem)) => (problem.message.as_str(), t.bad),
        (None, None, None) => (
            "The host's key comes next: you see its fingerprint before anything is trusted",
            t.dim,
        ),
    };
    sentence_ui(ui, words, color);
    if let (None, None, Some(Notice { hint: Some(hint), .. })) = (&form.waiting, complaint, &form.problem) {
        sentence_ui(ui, hint, t.dim);
    }
    dialog::buttons_ui(ui, |ui| {
        let next = Button::new("Continue").primary();
        let ready = complaint.is_none() && form.waiting.is_none();
        if ui.add_enabled(ready, next).clicked() {
            step = Some(Step::Probe);
        }
        if ui.add(Button::new("Cancel")).clicked() {
            step = Some(Step::Leave);
        }
    });
    step
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Probe,
    Trust(&'a str),
    Back,
    Leave,
}

/// Does what a button says; whether the form stays.
fn take(frame: &mut Frame<'_>, form: &mut TargetForm, step: Step<'_>) -> bool {
    match step {
        Step::Probe => {
            let (host, port) = (form.host.trim().to_owned(), form.port());
            let key = Awaited::Key {
                host: host.clone(),
                port,
            };
            form.waiting = Some(Waiting::new(key, frame.snapshot));
            form.problem = None;
            frame.send(Operation::ProbeHost { host, port });
        }
        Step::Trust(host_key) => {
            // What was typed stays until the target is there: adding it may fail.
            let secret = (!form.secret.is_empty()).then(|| Secret(form.secret.clone()));
            form.waiting = Some(Waiting::new(Awaited::Target, frame.snapshot));
            frame.send(Operation::AddTarget {
                name: form.name.clone(),
                target: form.target(host_key),
                secret,
            });
        }
        Step::Back => {
            form.waiting = None;
            frame.send(Operation::CancelSend);
        }
        Step::Leave => {
            if form.waiting.is_some() {
                frame.send(Operation::CancelSend);
            }
        }
    }
    !matches!(step, Step::Leave)
}

/// The target is there: it is the chosen one, and who wanted to send something goes on to what would leave.
fn added(frame: &mut Frame<'_>, form: &mut TargetForm) {
    let target = std::mem::take(&mut form.name);
    frame.view.target = Some(target.clone());
    if let Some(block) = form.then_send {
        let rows = frame.view.rows_of(block);
        frame.send(Operation::Preflight { block, target, rows });
    }
}

fn fields_ui(ui: &mut Ui, form: &mut TargetForm) {
    let first = !std::mem::replace(&mut form.focused, true);
    egui::Grid::new("target")
        .num_columns(2)
        .spacing(egui::vec2(space::L, space::S))
        .show(ui, |ui| {
            let name = field_ui(ui, "Name", "lab", &mut form.name, false);
            if first {
                name.request_focus();
            }
            field_ui(ui, "Host", "lab.example.org", &mut form.host, false);
            field_ui(ui, "Port", "22", &mut form.port, false);
            field_ui(ui, "User", "ada", &mut form.user, false);
            field_ui(
                ui,
                "Folder",
                "aloft, in the account's home",
                &mut form.folder,
                false,
            );
            field_ui(
                ui,
                "Key file",
                "~/.ssh/id_ed25519, or empty for a password",
                &mut form.key_file,
                false,
            );
            let label = if form.key_file.trim().is_empty() {
                "Password"
            } else {
                "Passphrase"
            };
            field_ui(
                ui,
                label,
                "kept in the system's keyring, nowhere else",
                &mut form.secret,
                true,
            );
        });
}

fn field_ui(ui: &mut Ui, label: &str, hint: &str, text: &mut String, secret: bool) -> egui::Response {
    let t = Tokens::of(ui);
    let name = ui.label(RichText::new(label).color(t.dim));
    let response = egui::TextEdit::singleline(text)
        .id_salt(label)
        .hint_text(RichText::new(hint).color(t.dim))
        .password(secret)
        .desired_width(ui.available_width().max(320.0))
        .align(egui::Align2::LEFT_CENTER)
        .show(ui)
        .response
        .response
        .labelled_by(name.id);
    ui.end_row();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_is_missing() {
        let mut form = TargetForm::new_target();
        assert!(form.complaint(&[]).is_some_and(|words| words.contains("name")));
        form.name = "lab".into();
        form.host = " lab.example.org ".into();
        form.user = "ada".into();
        assert_eq!(form.complaint(&[]), None);
        form.port = "0".into();
        assert!(form.complaint(&[]).is_some_and(|words| words.contains("port")));
        form.port = "2222".into();
        let target = form.target("ssh-ed25519 AAAA");
        assert_eq!((target.host.as_str(), target.port), ("lab.example.org", 2222));
        assert_eq!((target.folder.as_str(), target.key_file), ("aloft", None));
    }
}
