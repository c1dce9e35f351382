//! What goes to stdout (data) and stderr (everything else), and the exit status.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

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
    /// said them already.
    pub(crate) fn from_error(context: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut message = context.to_owned();
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = in_chinese(cause);
            if !message.contains(&text) {
                if !message.is_empty() {
                    message.push('：');
                }
                message.push_str(&text);
            }
            next = cause.source();
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

/// An error's own words; before those of the operating system, the Chinese for the usual ones.
fn in_chinese(error: &(dyn std::error::Error + 'static)) -> String {
    let chinese = error
        .downcast_ref::<io::Error>()
        .and_then(|error| match error.kind() {
            io::ErrorKind::NotFound => Some("文件或目录不存在"),
            io::ErrorKind::PermissionDenied => Some("没有权限"),
            io::ErrorKind::AlreadyExists => Some("已存在"),
            io::ErrorKind::IsADirectory => Some("这是目录，不是文件"),
            io::ErrorKind::NotADirectory => Some("路径中有一段不是目录"),
            io::ErrorKind::StorageFull => Some("磁盘空间不足"),
            io::ErrorKind::ReadOnlyFilesystem => Some("文件系统只读"),
            io::ErrorKind::AddrInUse => Some("端口已被占用"),
            io::ErrorKind::AddrNotAvailable => Some("本机没有这个地址"),
            io::ErrorKind::InvalidFilename => Some("文件名无效或过长"),
            _ => None,
        });
    match chinese {
        Some(chinese) => format!("{chinese} ({error})"),
        None => error.to_string(),
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

impl<T, E: std::error::Error + 'static> Context<T> for Result<T, E> {
    fn context(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::from_error(doing, &error))
    }
}

/// Prints one line of data. A closed pipe ends the program quietly, as tools in a pipeline should.
pub(crate) fn line(text: impl fmt::Display) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
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
