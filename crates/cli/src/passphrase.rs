//! Where the key passphrase comes from: a file, the environment or a prompt, never an argument,
//! because arguments are visible to every user of the machine.

use std::{io::IsTerminal as _, path::Path};

use zeroize::Zeroizing;

use crate::output::Failure;

const VARIABLE: &str = "CERTSEAL_PASSPHRASE";

/// A passphrase, wiped from memory when dropped.
pub type Passphrase = Zeroizing<String>;

/// Reads the passphrase from `file`, else from the environment, else from the terminal.
pub fn obtain(file: Option<&Path>) -> Result<Passphrase, Failure> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| {
                Failure::from_error(&format!("读取口令文件 {}", path.display()), &error)
                    .hint("文件应为一行文本，且只有运行用户可读（chmod 600）。")
            })?;
        return checked(text.trim_end_matches(['\r', '\n']));
    }
    if let Ok(text) = std::env::var(VARIABLE).map(Zeroizing::new) {
        return checked(&text);
    }
    if std::io::stdin().is_terminal() {
        let text = rpassword::prompt_password("密钥口令 Passphrase: ")
            .map(Zeroizing::new)
            .map_err(|error| Failure::from_error("读取口令", &error))?;
        return checked(&text);
    }
    Err(Failure::new(
        "没有密钥口令",
        format!("用 --passphrase-file 指定口令文件，或设置环境变量 {VARIABLE}。"),
    ))
}

fn checked(text: &str) -> Result<Passphrase, Failure> {
    if text.is_empty() {
        return Err(Failure::new("口令为空", "请提供非空口令。"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
