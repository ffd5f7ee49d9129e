//! Logging in: the credential is offered in the ways that the host takes it.

use super::connection::HostKeyCheck;
use super::credential::Credential;
use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::PrivateKeyWithHashAlg;
use russh::keys::agent::client::AgentClient;
use std::path::Path;

/// Offers the credential. The error is that of the connection or of the agent.
pub(super) async fn log_in(
    handle: &mut Handle<HostKeyCheck>,
    user: &str,
    credential: &Credential,
) -> std::result::Result<AuthResult, String> {
    let text = |error: russh::Error| error.to_string();
    match credential {
        Credential::Key { key, .. } => {
            let hash = match key.algorithm().is_rsa() {
                true => handle.best_supported_rsa_hash().await.map_err(text)?.flatten(),
                false => None,
            };
            let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
            handle.authenticate_publickey(user, key).await.map_err(text)
        }
        Credential::Password(password) => {
            let password = password.expose();
            let result = handle.authenticate_password(user, password).await;
            match result.map_err(text)? {
                // Many hosts take passwords by question and answer only.
                AuthResult::Failure {
                    remaining_methods, ..
                } if remaining_methods.contains(&MethodKind::KeyboardInteractive) => {
                    answer_questions(handle, user, password).await.map_err(text)
                }
                result => Ok(result),
            }
        }
        Credential::Agent(socket) => log_in_by_agent(handle, user, socket).await,
    }
}

async fn answer_questions(
    handle: &mut Handle<HostKeyCheck>,
    user: &str,
    password: &str,
) -> std::result::Result<AuthResult, russh::Error> {
    use KeyboardInteractiveAuthResponse as Answer;
    let mut answer = handle.authenticate_keyboard_interactive_start(user, None).await?;
    // A host asks once, and at most says something without a question before and after.
    for _ in 0..4 {
        match answer {
            Answer::Success => return Ok(AuthResult::Success),
            Answer::Failure {
                remaining_methods,
                partial_success,
            } => {
                return Ok(AuthResult::Failure {
                    remaining_methods,
                    partial_success,
                });
            }
            Answer::InfoRequest { prompts, .. } => {
                let answers = prompts.iter().map(|_| password.to_owned()).collect();
                answer = handle.authenticate_keyboard_interactive_respond(answers).await?;
            }
        }
    }
    Err(russh::Error::NoAuthMethod)
}

async fn log_in_by_agent(
    handle: &mut Handle<HostKeyCheck>,
    user: &str,
    socket: &Path,
) -> std::result::Result<AuthResult, String> {
    let silent = |error: russh::keys::Error| format!("the SSH agent doesn't answer: {error}");
    let mut agent = AgentClient::connect_uds(socket).await.map_err(silent)?;
    let identities = agent.request_identities().await.map_err(silent)?;
    let mut result = AuthResult::Failure {
        remaining_methods: (&[MethodKind::PublicKey][..]).into(),
        partial_success: false,
    };
    for identity in identities {
        let key = identity.public_key().into_owned();
        let hash = match key.algorithm().is_rsa() {
            true => {
                let best = handle.best_supported_rsa_hash().await;
                best.map_err(|error| error.to_string())?.flatten()
            }
            false => None,
        };
        result = handle
            .authenticate_publickey_with(user, key, hash, &mut agent)
            .await
            .map_err(|error| error.to_string())?;
        if result.success() {
            break;
        }
    }
    Ok(result)
}

/// What a host says that it would accept, for people.
pub(super) fn accepted(methods: &[MethodKind]) -> String {
    let names: Vec<&str> = methods
        .iter()
        .map(|method| match method {
            MethodKind::PublicKey => "a public key",
            MethodKind::Password | MethodKind::KeyboardInteractive => "a password",
            _ => "another method",
        })
        .collect();
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    if distinct.is_empty() {
        "nothing that Aloft knows".into()
    } else {
        distinct.join(" or ")
    }
}
