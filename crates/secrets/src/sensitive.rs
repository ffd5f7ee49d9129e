//! A value that can't be printed or serialized.

use zeroize::Zeroize;

/// A secret value. It has no `Debug`, no `Display`, no `Serialize` and no `Clone`, and its memory is overwritten when
/// it is dropped. Whoever needs the value says so with [`Sensitive::expose`], which is easy to search for.
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Takes a value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Don't keep it, print it or hand it to another process.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Sensitive<String> {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doesn't compile when the type implements the trait: the call below would then have two candidates.
    macro_rules! assert_not_implemented {
        ($type:ty: $trait:path) => {
            const _: fn() = || {
                struct Implemented;
                trait AmbiguousIfImplemented<A> {
                    fn check() {}
                }
                impl<T: ?Sized> AmbiguousIfImplemented<()> for T {}
                impl<T: ?Sized + $trait> AmbiguousIfImplemented<Implemented> for T {}
                <$type as AmbiguousIfImplemented<_>>::check();
            };
        };
    }

    assert_not_implemented!(Sensitive<String>: std::fmt::Debug);
    assert_not_implemented!(Sensitive<String>: std::fmt::Display);
    assert_not_implemented!(Sensitive<String>: serde::Serialize);
    assert_not_implemented!(Sensitive<String>: Clone);
    assert_not_implemented!(Sensitive<String>: AsRef<str>);
    assert_not_implemented!(Sensitive<String>: std::ops::Deref);

    struct Probe<'a>(&'a std::cell::Cell<bool>);

    impl Zeroize for Probe<'_> {
        fn zeroize(&mut self) {
            self.0.set(true);
        }
    }

    #[test]
    fn a_dropped_secret_is_overwritten() {
        let overwritten = std::cell::Cell::new(false);
        let secret = Sensitive::new(Probe(&overwritten));
        assert!(!secret.expose().0.get());
        drop(secret);
        assert!(overwritten.get());
    }
}
