//! Waiting for a network: with patience, but not for ever, and not when it is cancelled.

use super::failure::{failed, silent};
use crate::{
    Cancel,
    error::{DataError, Result},
};
use polars::error::PolarsResult;
use std::{
    future::Future,
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// How long a server may take to say what it has, and how long it may pause in a transfer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How often waiting looks whether it is cancelled.
const BETWEEN_CHECKS: Duration = Duration::from_millis(50);
/// Things that a server is asked for at once.
const AT_ONCE: usize = 16;

/// Waits for a future that needs no network to be patient about.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime()?.block_on(future))
}

pub(super) fn patiently<T>(address: &str, cancel: &Cancel, future: impl Future<Output = T>) -> Result<T> {
    wait(cancel, Some(PATIENCE), address, future)
}

pub(super) fn wait<T>(
    cancel: &Cancel,
    patience: Option<Duration>,
    address: &str,
    future: impl Future<Output = T>,
) -> Result<T> {
    runtime()?.block_on(async {
        let mut future = pin!(future);
        let begun = Instant::now();
        loop {
            cancel.step()?;
            if let Ok(done) = tokio::time::timeout(BETWEEN_CHECKS, future.as_mut()).await {
                return Ok(done);
            }
            if patience.is_some_and(|patience| begun.elapsed() > patience) {
                return Err(silent(address));
            }
        }
    })
}

/// One runtime for as long as the program runs: polars keeps connections, which belong to the runtime that made them.
fn runtime() -> Result<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<std::io::Result<tokio::runtime::Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("aloft-remote")
            .enable_all()
            .build()
    });
    runtime.as_ref().map_err(|error| DataError::Unsupported {
        what: format!("threads for the network can't be started: {error}"),
        hint: "close other programs, then try again".into(),
    })
}

/// Asks for several things, some at once; the answers in the order of the questions, or the first error.
pub(super) fn all<T, F>(address: &str, cancel: &Cancel, questions: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = PolarsResult<T>> + Send + 'static,
{
    runtime()?.block_on(async {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut answers: Vec<Option<T>> = questions.iter().map(|_| None).collect();
        let mut asked = JoinSet::new();
        for (number, question) in questions.into_iter().enumerate() {
            let permits = permits.clone();
            asked.spawn(async move {
                let _permit = permits.acquire_owned().await;
                (number, question.await)
            });
        }
        let mut last = Instant::now();
        loop {
            cancel.step()?;
            match tokio::time::timeout(BETWEEN_CHECKS, asked.join_next()).await {
                Ok(None) => break,
                Ok(Some(Ok((number, answer)))) => {
                    answers[number] = Some(answer.map_err(|error| failed(address, &error))?);
                    last = Instant::now();
                }
                Ok(Some(Err(_))) => {
                    return Err(DataError::Compute(
                        "a request has ended before it was answered".into(),
                    ));
                }
                Err(_) if last.elapsed() > PATIENCE => return Err(silent(address)),
                Err(_) => {}
            }
        }
        Ok(answers.into_iter().flatten().collect())
    })
}
