//! Configuration of one installation: `certseal.toml` in the home directory.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{HomeError, TimestampConfig};
use crate::catalogue::{Issuer, toml_fault};

/// `certseal.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Host name of the verification page, in QR codes and certificate pointers.
    pub host: String,
    /// Identifier of this authority in trust lists.
    pub authority: String,
    /// Region code, six digits (GB/T 2260).
    pub region: String,
    /// Region name, printed before each department's name.
    pub region_name: String,
    /// Folders searched for fonts before the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fonts: Vec<PathBuf>,
    /// Art of the national emblem, for the faces that keep a place for it: a PNG file with a transparent
    /// ground, relative to the home directory. Without it the place stays free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emblem: Option<PathBuf>,
    /// What our own timestamps state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampConfig>,
    /// Where revocation data of others come from.
    #[serde(default, skip_serializing_if = "RevocationConfig::is_default")]
    pub revocation: RevocationConfig,
    /// Departments that issue here.
    #[serde(rename = "department")]
    pub departments: Vec<IssuingDepartment>,
}

/// Revocation data of others, for verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RevocationConfig {
    /// A folder that somebody fills with revocation lists, OCSP responses and CA certificates, PEM or DER,
    /// relative to the home directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Whether what is missing may be fetched from the addresses that certificates give.
    pub fetch: bool,
    /// Whether these may be addresses that are not public.
    pub private_hosts: bool,
    /// The proxy to fetch through; none takes what the environment says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How old revocation data may be that count for the present, in hours; none takes what they say themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_hours: Option<u32>,
}

impl RevocationConfig {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A department as an issuing authority (证照颁发机构).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IssuingDepartment {
    /// Key of the department in the catalogue.
    pub key: String,
    /// Full legal name, printed on faces.
    pub name: String,
    /// Unified social credit code.
    pub code: String,
}

impl Config {
    /// Reads `certseal.toml` under `home`.
    pub fn load(home: &Path) -> Result<Self, HomeError> {
        let path = home.join("certseal.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => HomeError::Missing(home.to_owned()),
            _ => HomeError::Io {
                path: path.clone(),
                source,
            },
        })?;
        let refused = |reason| HomeError::Config { path, reason };
        let config: Self = match toml::from_str(&text) {
            Ok(config) => config,
            Err(error) => return Err(refused(toml_fault(&text, &error))),
        };
        if !is_host(&config.host) {
            return Err(refused(format!(
                "host = “{}”应为主机名，可带端口，如 verify.example.gov.cn",
                config.host
            )));
        }
        Ok(config)
    }

    /// The issuer that a department is.
    pub fn issuer(&self, department: &str) -> Option<Issuer> {
        let found = self.departments.iter().find(|d| d.key == department)?;
        Some(Issuer {
            name: found.name.clone(),
            code: found.code.clone(),
            region: self.region.clone(),
        })
    }
}

/// Whether a text can stand between `https://` and the path in a QR code.
pub fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label) && port.parse::<u16>().is_ok_and(|port| port > 0)
}
