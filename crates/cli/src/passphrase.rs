//! Where the key passphrase comes from: a file, the environment or a prompt, never an argument,
//! because arguments are visible to every user of the machine.

use std::{io::IsTerminal as _, path::Path};

use certseal_core::crypto::Passphrase;

use crate::output::{Context as _, Failure};

const VARIABLE: &str = "CERTSEAL_PASSPHRASE";

/// Fewest characters of a passphrase for new keys (NIST SP 800-63B §5.1.1.2).
const SHORTEST: usize = 8;

/// Reads the passphrase that new keys are to have: typed twice where it is typed, because a slip would lock
/// up everything made with it.
pub(crate) fn choose(file: Option<&Path>) -> Result<Passphrase, Failure> {
    let chosen = obtain(file)?;
    let typed = file.is_none() && std::env::var_os(VARIABLE).is_none();
    if typed && chosen != Passphrase::new(prompt("再次输入 Again: ")?).context("读取口令")? {
        return Err(Failure::new("两次输入的口令不同 (the two differ)", "重新运行。"));
    }
    if chosen.chars() < SHORTEST {
        return Err(Failure::new(
            format!("口令不足 {SHORTEST} 个字符 (the passphrase is too short)"),
            "用更长的口令；私钥文件一旦外泄，只有口令挡得住。",
        ));
    }
    Ok(chosen)
}

fn prompt(text: &str) -> Result<String, Failure> {
    rpassword::prompt_password(text).context("读取口令")
}

/// Reads the passphrase from `file`, else from the environment, else from the terminal.
pub(crate) fn obtain(file: Option<&Path>) -> Result<Passphrase, Failure> {
    if let Some(path) = file {
        return Passphrase::from_file(path).map_err(|error| {
            Failure::from_error(&format!("读取口令文件 {}", path.display()), &error)
                .hint("文件第一行应为口令，且只有运行用户可读（chmod 600）。")
        });
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Passphrase::new(text).context(&format!("环境变量 {VARIABLE}"));
    }
    if std::io::stdin().is_terminal() {
        return Passphrase::new(prompt("密钥口令 Passphrase: ")?).context("读取口令");
    }
    Err(Failure::new(
        "没有密钥口令 (no passphrase)",
        format!("用 --passphrase-file 指定口令文件，或设置环境变量 {VARIABLE}。"),
    ))
}
