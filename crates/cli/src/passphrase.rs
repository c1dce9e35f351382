//! Where the key passphrase comes from: a file, the environment or a prompt, never an argument,
//! because arguments are visible to every user of the machine.

use std::{io::IsTerminal as _, path::Path};

use certseal_core::crypto::Passphrase;

use crate::output::{Context as _, Failure};

const VARIABLE: &str = "CERTSEAL_PASSPHRASE";

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
        let text = rpassword::prompt_password("密钥口令 Passphrase: ").context("读取口令")?;
        return Passphrase::new(text).context("读取口令");
    }
    Err(Failure::new(
        "没有密钥口令 (no passphrase)",
        format!("用 --passphrase-file 指定口令文件，或设置环境变量 {VARIABLE}。"),
    ))
}
