//! Panics of polars as errors.

use crate::error::{DataError, Result, first_paragraph};
use polars::prelude::PolarsError;
use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

/// Runs something of polars on what a user wrote. polars panics in some corners; here that is an error like others, and isn't
/// told on standard error as well.
pub(crate) fn guarded<T>(work: impl FnOnce() -> std::result::Result<T, PolarsError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(|| quietly(work))) {
        Ok(result) => Ok(result?),
        Err(panic) => {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no reason given");
            // polars ends some of these by advice for those who build it.
            let said = first_paragraph(said);
            let said = said.split(". You ").next().unwrap_or_default();
            Err(DataError::Unsupported {
                what: format!("polars can't do this: {said}"),
                hint: "write it in another way, or leave out columns of unusual types".into(),
            })
        }
    }
}

thread_local! {
    /// Whether a panic of this thread becomes an error.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Does something on this thread whose panic nobody but the caller is to hear of.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    /// Says again what was said before, however the work ends.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IS_GUARDED.set(self.0);
        }
    }
    static SET: Once = Once::new();
    SET.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                told(info);
            }
        }));
    });
    let _before = Before(IS_GUARDED.replace(true));
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_one_is_told_again() {
        let panicked = guarded(|| -> std::result::Result<(), PolarsError> { panic!("not implemented") });
        let error = panicked.unwrap_err().to_string();
        assert!(error.ends_with("not implemented"), "{error}");
        assert!(!IS_GUARDED.get());
        let within = guarded(|| {
            let _ = guarded(|| Ok(()));
            Ok(IS_GUARDED.get())
        });
        assert!(
            within.unwrap(),
            "what comes after a guarded part of guarded work is guarded too"
        );
    }
}
