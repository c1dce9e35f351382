//! What goes to stdout (data) and stderr (everything else), and the exit status.

use std::{
    error::Error,
    fmt::{self, Write as _},
    io::{self, Write as _},
    process::ExitCode,
    sync::OnceLock,
};

use certseal_core::os_error::in_words;
use serde::Serialize;

/// Outcome of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done; TOTAL-PASSED; accepted.
    Done,
    /// Judged negatively: TOTAL-FAILED, not accepted, rows rejected.
    Negative,
    /// INDETERMINATE.
    Undecided,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Negative => Self::from(1),
            Outcome::Undecided => Self::from(3),
        }
    }
}

/// Why a command could not do its work: what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with advice.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// A failure in the words of the error that caused it, its sources appended unless the error has
    /// said them already. What the operating system said is told in Chinese.
    pub(crate) fn from_error(context: &str, error: &(dyn Error + 'static)) -> Self {
        let mut message = context.to_owned();
        let mut next = Some(error);
        let mut first = true;
        while let Some(cause) = next {
            next = cause.source();
            let text = in_words(cause);
            // A wrapper that only repeats its source lets the source speak.
            let repeats = !first && next.is_some_and(|inner| inner.to_string() == cause.to_string());
            first = false;
            if repeats || message.contains(&text) {
                continue;
            }
            if !message.is_empty() {
                message.push('：');
            }
            message.push_str(&text);
        }
        Self { message, hint: None }
    }

    /// What went wrong, without the advice.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "错误：{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n\n建议：{hint}")?;
        }
        Ok(())
    }
}

/// Adds "while doing what" to any error.
pub(crate) trait Context<T> {
    /// Turns the error into a [`Failure`] that names what was being done.
    fn context(self, doing: &str) -> Result<T, Failure>;
}

impl<T, E: Error + 'static> Context<T> for Result<T, E> {
    fn context(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::from_error(doing, &error))
    }
}

/// Bytes that hold nearly every line: reports come in one.
const USUAL_LINE: usize = 16 << 10;

/// Why stdout took no more.
static CLOSED: OnceLock<io::Error> = OnceLock::new();

/// Prints one line of data. Where stdout takes no more, the command still runs to its end: its exit status is
/// a verdict, and what it does is more than what it says.
pub(crate) fn line(text: impl fmt::Display) {
    if CLOSED.get().is_some() {
        return;
    }
    // Its end goes out with it: a long line by itself would be a call of the system of its own.
    let mut whole = String::with_capacity(USUAL_LINE);
    let _ = writeln!(whole, "{text}");
    if let Err(error) = io::stdout().lock().write_all(whole.as_bytes()) {
        let _ = CLOSED.set(error);
    }
}

/// Whether stdout takes no more.
pub(crate) fn is_closed() -> bool {
    CLOSED.get().is_some()
}

/// Fails if not all could be printed. A reader that has seen enough is no failure, as usual in a pipeline.
pub(crate) fn finish() -> Result<(), Failure> {
    match CLOSED.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failure = Failure::from_error("结果没有全部写到标准输出 (output)", error);
            Err(failure.hint(
                "命令已执行到底，只是没有显示完整；签发、变更之类先查登记簿（certseal certificate find），不要直接重做。",
            ))
        }
        _ => Ok(()),
    }
}

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(text),
        Err(error) => note(format_args!("无法输出 JSON：{error}")),
    }
}

/// Prints progress and remarks, which are not data, to stderr.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
