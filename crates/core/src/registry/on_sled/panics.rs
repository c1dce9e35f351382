//! The engine gives up on a damaged file by panicking, sled 0.34 does. That is caught and told as damage;
//! what the panic would print besides is kept for the debug log.

use std::{
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

/// Runs what may panic inside the engine.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    quieten();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| "存储引擎异常中止".to_owned())
}

/// From now on the engine's panics, on threads of its own too, print nothing; all others are shown as
/// before.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |told| {
            if told
                .location()
                .is_some_and(|place| is_of_the_engine(place.file()))
            {
                tracing::debug!("the storage engine gave up: {told}");
            } else {
                before(told);
            }
        }));
    });
}

/// Whether a source file is the engine's, from a registry of crates or a vendored copy.
fn is_of_the_engine(file: &str) -> bool {
    file.split(['/', '\\'])
        .any(|part| part == "sled" || part.starts_with("sled-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_engine_is_quiet() {
        assert!(is_of_the_engine("/x/registry/src/index-1/sled-0.34.7/src/lib.rs"));
        assert!(is_of_the_engine("vendor/sled/src/lib.rs"));
        assert!(!is_of_the_engine("crates/core/src/registry/on_sled/store.rs"));
        assert!(!is_of_the_engine("/rustc/1/library/alloc/src/raw_vec.rs"));
    }

    #[test]
    fn a_panic_is_an_error() {
        let text = "not a number";
        assert!(guarded(|| text.parse::<u8>().is_ok()).is_ok());
        assert!(
            guarded(|| panic::resume_unwind(Box::new(())))
                .map(|(): ()| ())
                .is_err()
        );
    }
}
