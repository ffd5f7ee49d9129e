//! `aloft.toml`: read with findings, edited in place.

use crate::project::CONFIG_FILE;
use crate::{Error, Result};
use aloft_notebook::Lines;
use aloft_notebook::toml_reader::{self, Finding, Reading, keys_of};
use aloft_spec::project::{About, CacheSpec, Policy, ProjectSpec, SshTarget, TargetSpec, Thresholds};
use aloft_spec::{Code, DataClass, Diagnostic, Problem, Severity};
use std::path::Path;
use toml::de::DeValue;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

/// Keys that a secret could have. They aren't read: secrets are in the keyring.
const SECRETS: [&str; 5] = ["password", "passphrase", "secret", "token", "private_key"];

/// What the file says, and warnings about it.
///
/// # Errors
/// The first error in it, with line and column.
pub(crate) fn read(text: &str) -> Result<(ProjectSpec, Vec<Diagnostic>)> {
    let body = text.trim_start_matches('\u{feff}');
    let mark = text.len() - body.len();
    let mut reading = toml_reader::read::<ProjectSpec>(body, |path| match path {
        [] => keys_of::<ProjectSpec>(),
        ["project"] => keys_of::<About>(),
        ["thresholds"] => keys_of::<Thresholds>(),
        ["policy"] => keys_of::<Policy>(),
        ["cache"] => keys_of::<CacheSpec>(),
        _ => &[],
    });
    targets(&mut reading);
    if let Some(spec) = reading.value.clone() {
        values(&mut reading, &spec);
    }
    let lines = Lines::new(text);
    let diagnostic = |finding: &Finding| {
        let at = finding.span.as_ref().map_or(0, |span| span.start);
        finding.diagnostic(Path::new(CONFIG_FILE), lines.position(at + mark))
    };
    reading
        .findings
        .sort_by_key(|finding| finding.span.as_ref().map(|span| span.start));
    let found: Vec<Diagnostic> = reading.findings.iter().map(diagnostic).collect();
    if let Some(error) = found.iter().find(|found| found.severity == Severity::Error) {
        return Err(error.problem.clone());
    }
    let spec = reading
        .value
        .ok_or_else(|| Problem::new(Code::Internal, "the file wasn't understood").in_file(CONFIG_FILE))?;
    Ok((spec, found))
}

/// Findings in targets: serde reads these by their kind, and then knows no places.
fn targets(reading: &mut Reading<'_, ProjectSpec>) {
    let Some(DeValue::Table(targets)) = reading.table.get("targets").map(toml::Spanned::get_ref) else {
        return;
    };
    let mut findings = Vec::new();
    for (name, target) in targets {
        let Some(table) = target.get_ref().as_table() else {
            continue;
        };
        let kind = table.get("kind").and_then(|kind| kind.get_ref().as_str());
        if kind != Some("ssh") {
            continue;
        }
        let (_, found) = toml_reader::typed::<SshTarget>(table, target.span(), |_| keys_of::<SshTarget>());
        for mut finding in found {
            let about = finding.span.clone().and_then(|span| {
                table
                    .keys()
                    .find(|key| key.span() == span)
                    .map(|key| key.get_ref().to_string())
            });
            match about.as_deref() {
                Some("kind") => continue,
                Some(key) if SECRETS.contains(&key) => {
                    finding.message = format!("`{key}` isn't read here: `{CONFIG_FILE}` holds no secrets");
                    finding.hint =
                        Some("remove the line; `aloft targets add` keeps secrets in the keyring".into());
                }
                _ => {}
            }
            // What is missing is said at the target's name.
            finding.span = finding.span.or(Some(name.span()));
            findings.push(finding);
        }
    }
    // What serde said of the target as a whole is said more precisely now.
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        let spans: Vec<_> = targets.values().map(toml::Spanned::span).collect();
        let vague = |finding: &Finding| finding.span.as_ref().is_none_or(|span| spans.contains(span));
        reading
            .findings
            .retain(|finding| finding.severity != Severity::Error || !vague(finding));
    }
    reading.findings.extend(findings);
}

/// Values that have the right type and can't be meant.
fn values(reading: &mut Reading<'_, ProjectSpec>, spec: &ProjectSpec) {
    let mut bad = |path: &[&str], message: &str, hint: &str| {
        let finding = Finding::error(Code::BadValue, message, reading.span(path));
        reading.findings.push(finding.with_hint(hint));
    };
    let limits = &spec.thresholds;
    if !(limits.minutes > 0.0 && limits.minutes.is_finite()) {
        bad(
            &["thresholds", "minutes"],
            "a limit is more than 0 minutes",
            "60 is the default",
        );
    }
    for (key, share) in [
        ("memory_share", limits.memory_share),
        ("disk_share", limits.disk_share),
    ] {
        if !(share > 0.0 && share <= 1.0) {
            bad(
                &["thresholds", key],
                "a share is more than 0 and at most 1",
                "0.5 is one half",
            );
        }
    }
    for (name, target) in &spec.targets {
        let TargetSpec::Ssh(ssh) = target;
        let path = |key| ["targets", name.as_str(), key];
        for (key, text) in [("host", &ssh.host), ("user", &ssh.user), ("folder", &ssh.folder)] {
            if text.trim().is_empty() {
                bad(
                    &path(key),
                    &format!("`{key}` is empty"),
                    "`aloft targets add` asks for all that is needed",
                );
            }
        }
        if ssh.port == 0 {
            bad(
                &path("port"),
                "a port is a number from 1 to 65535",
                "22 is the usual one",
            );
        }
        if ssh.host_key.split_whitespace().count() < 2 {
            bad(
                &path("host_key"),
                "`host_key` isn't a public key as in known_hosts",
                "`aloft targets add` asks the host for it and shows its fingerprint",
            );
        }
    }
    if spec.policy.may_leave == DataClass::Restricted {
        let message = "restricted data never leaves this machine, whatever is written here";
        let finding = Finding::warning(Code::BadValue, message, reading.span(&["policy", "may_leave"]));
        reading
            .findings
            .push(finding.with_hint("`confidential` is the highest class that may leave"));
    }
}

/// The text with a target set or removed.
///
/// # Errors
/// The text isn't TOML, or `targets` is something else than a table.
pub(crate) fn set_target(text: &str, name: &str, target: Option<&TargetSpec>) -> Result<String> {
    let body = text.trim_start_matches('\u{feff}');
    let mut document: DocumentMut = body.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = Lines::new(body).position(at);
        Problem::new(Code::Syntax, error.message().replace('\n', ", ")).at(CONFIG_FILE, line, column)
    })?;
    let not_a_table = |key: &str| Error::NotATable(CONFIG_FILE.into(), key.to_owned());
    let root = document.as_table_mut();
    match target {
        None => {
            let Some(targets) = root.get_mut("targets") else {
                return Ok(text.to_owned());
            };
            let targets = targets
                .as_table_like_mut()
                .ok_or_else(|| not_a_table("targets"))?;
            targets.remove(name);
            if targets.is_empty() {
                root.remove("targets");
            }
        }
        Some(TargetSpec::Ssh(ssh)) => {
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            let targets = root.entry("targets").or_insert(Item::Table(implicit));
            let targets = targets
                .as_table_like_mut()
                .ok_or_else(|| not_a_table("targets"))?;
            let entry = targets.entry(name).or_insert(Item::Table(Table::new()));
            let table = entry
                .as_table_like_mut()
                .ok_or_else(|| not_a_table(&format!("targets.{name}")))?;
            write_ssh(table, ssh);
        }
    }
    Ok(restore_newlines(text, &document.to_string()))
}

/// Sets what a target says. Other keys and comments stay; what is a default isn't written.
fn write_ssh(table: &mut dyn TableLike, ssh: &SshTarget) {
    set(table, "kind", Some(value("ssh")));
    set(table, "host", Some(value(ssh.host.as_str())));
    set(
        table,
        "port",
        (ssh.port != 22).then(|| value(i64::from(ssh.port))),
    );
    set(table, "user", Some(value(ssh.user.as_str())));
    set(
        table,
        "folder",
        (ssh.folder != "aloft").then(|| value(ssh.folder.as_str())),
    );
    set(table, "host_key", Some(value(ssh.host_key.as_str())));
    set(table, "key_file", ssh.key_file.as_deref().map(value));
}

/// Sets a key, keeping what stands around its value; removes it when `None`.
fn set(table: &mut dyn TableLike, key: &str, item: Option<Item>) {
    let Some(mut item) = item else {
        table.remove(key);
        return;
    };
    let decor = table
        .get(key)
        .and_then(Item::as_value)
        .map(|old| old.decor().clone());
    if let (Some(decor), Some(new)) = (decor, item.as_value_mut()) {
        *new.decor_mut() = decor;
    }
    table.insert(key, item);
}

/// Line ends and byte order mark as the old text had them.
fn restore_newlines(old: &str, new: &str) -> String {
    let mark = if old.starts_with('\u{feff}') {
        "\u{feff}"
    } else {
        ""
    };
    let windows = old
        .split_once('\n')
        .is_some_and(|(first, _)| first.ends_with('\r'));
    let new = new.replace("\r\n", "\n");
    let new = if windows { new.replace('\n', "\r\n") } else { new };
    format!("{mark}{new}")
}
