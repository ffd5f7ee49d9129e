//! Targets: a list to test and remove, and a form for a new one. A host's key is shown before it is trusted.

use crate::dialog;
use crate::fonts;
use crate::preflight::fingerprint_ui;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::Frame;
use crate::widgets::{Button, dot, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::operation::Secret;
use aloft_protocol::snapshot::{Question, TargetView};
use aloft_spec::project::SshTarget;
use egui::{Align, Context, Layout, RichText, Sense, Stroke, Ui};

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
    /// The host and port whose key was asked for.
    probed: Option<(String, u16)>,
    focused: bool,
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

/// Shows list or form while they are open.
pub fn targets_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let Some(mut form) = frame.view.targets.take() else {
        return;
    };
    let keep = if form.adding {
        form_ui(ctx, frame, &mut form)
    } else {
        list_ui(ctx, frame, &mut form)
    };
    if keep {
        frame.view.targets = Some(form);
    }
}

fn list_ui(ctx: &Context, frame: &mut Frame<'_>, form: &mut TargetForm) -> bool {
    let targets: &[TargetView] = frame.project().map_or(&[], |project| &project.targets);
    let mut done = false;
    let closed = dialog::show(ctx, "Targets", size::DIALOG, |ui| {
        let t = Tokens::of(ui);
        if targets.is_empty() {
            let words = "No targets yet. Any Linux machine that you reach over SSH can be one.";
            text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        }
        for target in targets {
            target_ui(ui, frame, target);
        }
        dialog::buttons_ui(ui, |ui| {
            done = ui.add(Button::new("Done")).clicked();
            if ui.add(Button::new("Add a target…").primary()).clicked() {
                *form = TargetForm::new_target();
            }
        });
    });
    !(closed || done)
}

fn target_ui(ui: &mut Ui, frame: &mut Frame<'_>, target: &TargetView) {
    let t = Tokens::of(ui);
    egui::Frame::new()
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(egui::CornerRadius::same(radius::CONTROL))
        .inner_margin(space::S + 2.0)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let (rect, _) =
                    ui.allocate_exact_size(egui::vec2(size::DOT, font::BODY_LINE), Sense::hover());
                let mark = match &target.tested {
                    Some(Ok(_)) => t.ok,
                    Some(Err(_)) => t.bad,
                    None => t.faint,
                };
                dot(ui.painter(), rect.center(), mark);
                ui.label(
                    RichText::new(&target.name)
                        .font(fonts::medium(font::BODY))
                        .color(t.text),
                );
                ui.label(RichText::new(target.spec.address()).color(t.dim));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let name = target.name.clone();
                    let remove = format!("Remove {name}");
                    let test = format!("Test {name}");
                    if ui
                        .add(Button::new("Remove").quiet().small().name(&remove))
                        .clicked()
                    {
                        frame.send(Operation::RemoveTarget { name });
                    } else if ui.add(Button::new("Test").small().name(&test)).clicked() {
                        frame.send(Operation::TestTarget { name });
                    }
                });
            });
            match &target.tested {
                Some(Ok(said)) => {
                    text_ui(ui, said.as_str(), fonts::regular(font::SMALL + 0.5), t.dim);
                }
                Some(Err(problem)) => crate::cell::problem_ui(ui, problem),
                None => {}
            }
        });
}

/// The form, and then the host's key. False when it is done with.
fn form_ui(ctx: &Context, frame: &mut Frame<'_>, form: &mut TargetForm) -> bool {
    let targets: &[TargetView] = frame.project().map_or(&[], |project| &project.targets);
    let asked = form.probed.clone();
    let key = match &frame.snapshot.question {
        Some(Question::HostKey {
            host,
            port,
            key,
            fingerprint,
        }) if asked == Some((host.clone(), *port)) => Some((key.clone(), fingerprint.clone())),
        _ => None,
    };
    let mut keep = true;
    let mut probe = false;
    let mut trust = false;
    let closed = dialog::show(ctx, "Add a target", size::DIALOG, |ui| {
        let t = Tokens::of(ui);
        if let Some((_, fingerprint)) = &key {
            fingerprint_ui(ui, form.host.trim(), form.port(), fingerprint);
            dialog::buttons_ui(ui, |ui| {
                trust = ui.add(Button::new("Trust and add").primary()).clicked();
                if ui.add(Button::new("Back")).clicked() {
                    form.probed = None;
                }
            });
            return;
        }
        fields_ui(ui, form);
        let complaint = form.complaint(targets);
        let words = match (complaint, &form.probed) {
            (Some(complaint), _) => complaint,
            (None, Some(_)) => "Asking the host for its key…",
            (None, None) => "The host's key comes next: you see its fingerprint before anything is trusted",
        };
        text_ui(ui, words, fonts::regular(font::SMALL + 0.5), t.dim);
        dialog::buttons_ui(ui, |ui| {
            let next = Button::new("Continue").primary();
            probe = ui.add_enabled(complaint.is_none(), next).clicked();
            keep = !ui.add(Button::new("Cancel")).clicked();
        });
    });
    if probe {
        let (host, port) = (form.host.trim().to_owned(), form.port());
        form.probed = Some((host.clone(), port));
        frame.send(Operation::ProbeHost { host, port });
    }
    if let Some((host_key, _)) = key.filter(|_| trust) {
        let secret = (!form.secret.is_empty()).then(|| Secret(std::mem::take(&mut form.secret)));
        frame.send(Operation::AddTarget {
            name: form.name.clone(),
            target: form.target(&host_key),
            secret,
        });
        frame.view.target = Some(form.name.clone());
        return false;
    }
    keep && !closed
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
