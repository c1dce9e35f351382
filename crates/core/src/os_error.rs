//! What the operating system says when it refuses, in the operator's language: one place for all.

use std::{error::Error, io};

use rustix::io::Errno;

/// An error of the operating system in Chinese, its own words behind. What has no wording here, and
/// what programs raise themselves, stays as it is.
pub(crate) fn os_error_zh(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let code = error.raw_os_error();
    let is = |errno: Errno| code == Some(errno.raw_os_error());
    let said = match error.kind() {
        Kind::StorageFull => "磁盘空间不足",
        Kind::QuotaExceeded => "超出磁盘配额",
        Kind::PermissionDenied => "没有权限",
        Kind::NotFound => "文件或目录不存在",
        Kind::AlreadyExists => "文件已存在",
        Kind::ReadOnlyFilesystem => "文件系统只读",
        Kind::IsADirectory => "是目录，不是文件",
        Kind::NotADirectory => "路径中有一级不是目录",
        Kind::FileTooLarge => "文件过大，超出系统限制",
        Kind::InvalidFilename => "文件名过长或不合规",
        Kind::AddrInUse => "地址已被占用",
        Kind::AddrNotAvailable => "本机没有这个地址",
        Kind::OutOfMemory => "内存不足",
        Kind::ConnectionRefused => "对方未提供此服务，连接被拒",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => "连接被对方中断",
        Kind::HostUnreachable | Kind::NetworkUnreachable => "网络不通",
        Kind::CrossesDevices => "不在同一文件系统",
        _ if is(Errno::MFILE) || is(Errno::NFILE) => "打开的文件过多",
        _ if is(Errno::IO) => "磁盘读写错误",
        _ => return error.to_string(),
    };
    if code.is_none() {
        // Without a number it was not the system that spoke, and the words may say more.
        return match error.get_ref() {
            Some(_) => error.to_string(),
            None => said.to_owned(),
        };
    }
    let text = error.to_string();
    let own = text.split(" (os error").next().unwrap_or_default();
    format!("{said} ({own})")
}

/// Any error in its own words, or those above where it is the operating system's.
pub fn in_words(error: &(dyn Error + 'static)) -> String {
    as_os_error(error).map_or_else(|| error.to_string(), os_error_zh)
}

/// The error of the operating system that another one comes from, if it comes from one.
pub(crate) fn os_error_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut cause = Some(error);
    while let Some(present) = cause {
        if let Some(found) = as_os_error(present) {
            return Some(found);
        }
        cause = present.source();
    }
    None
}

fn as_os_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    // The csv crate does not name what it wraps as its source.
    match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(wrapped)) => Some(wrapped),
        _ => error.downcast_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_refusals_are_chinese_first() {
        for (errno, said) in [
            (Errno::NOSPC, "磁盘空间不足 (No space left on device)"),
            (Errno::ACCESS, "没有权限 (Permission denied)"),
            (Errno::NOENT, "文件或目录不存在 (No such file or directory)"),
            (Errno::ROFS, "文件系统只读 (Read-only file system)"),
            (Errno::MFILE, "打开的文件过多 (Too many open files)"),
            (Errno::IO, "磁盘读写错误 (Input/output error)"),
        ] {
            assert_eq!(os_error_zh(&errno.into()), said);
        }
        let own = io::Error::other("words of ours");
        assert_eq!(os_error_zh(&own), "words of ours");
        let wrapped = csv::Error::from(io::Error::from(Errno::NOSPC));
        assert!(os_error_in(&wrapped).is_some());
        assert_eq!(in_words(&wrapped), "磁盘空间不足 (No space left on device)");
        assert_eq!(in_words(&std::fmt::Error), std::fmt::Error.to_string());
    }
}
