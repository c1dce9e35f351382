//! Loading the catalogue from its folder, with every fault found at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

use super::{CertificateType, Department, rules, toml_fault};

const TYPE_FILE: &str = "type.toml";
const DEPARTMENTS_FILE: &str = "departments.toml";
const LAYOUTS_FOLDER: &str = "_layouts";
const OWN_LAYOUT: &str = "own";
const FACE_FILE: &str = "face.toml";

/// All certificate types of an installation, in every version it knows.
#[derive(Debug, Clone)]
pub struct Catalogue {
    root: PathBuf,
    departments: Vec<Department>,
    /// Latest versions, in the order of the monthly table.
    types: Vec<Arc<CertificateType>>,
    by_key: BTreeMap<String, usize>,
    by_name: BTreeMap<String, usize>,
    by_code: BTreeMap<String, usize>,
    older: BTreeMap<(String, u16), Arc<CertificateType>>,
}

/// One fault of the catalogue's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Type key, where it is known.
    pub type_key: Option<String>,
    /// Field key, where the fault lies in one.
    pub field: Option<String>,
    /// What is wrong, in Chinese.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(key) = &self.type_key {
            write!(f, " 类型 {key}")?;
        }
        if let Some(field) = &self.field {
            write!(f, " 字段 {field}")?;
        }
        write!(f, "：{}", self.what)
    }
}

/// Why a catalogue could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A file or folder cannot be read.
    #[error("无法读取 {path} / cannot read {path}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Files are there but wrong; all faults, in order of file.
    #[error("证照目录有{}处错误 / the catalogue has faults:\n{}", problems.len(), lines(problems))]
    Invalid {
        /// The faults.
        problems: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

impl Catalogue {
    /// Loads `departments.toml` and every `<key>/type.toml` under a folder, and older versions of types
    /// from `<key>/v<N>/type.toml`.
    pub fn load(root: &Path) -> Result<Catalogue, CatalogueError> {
        let mut load = Load {
            root,
            problems: Vec::new(),
        };
        let departments = load.departments()?;
        let mut types = Vec::new();
        let mut older = BTreeMap::new();
        for folder in folders(root)? {
            let Some(key) = folder
                .file_name()
                .and_then(|name| name.to_str())
                .map(str::to_owned)
            else {
                continue;
            };
            if key.starts_with(['_', '.']) {
                continue;
            }
            let Some(latest) = load.certificate_type(&folder, &key, &departments)? else {
                continue;
            };
            for (number, folder) in version_folders(&folder)? {
                let Some(old) = load.certificate_type(&folder, &key, &departments)? else {
                    continue;
                };
                if old.version != number || number >= latest.version {
                    let what = format!(
                        "version 为{}，应与文件夹 v{number} 相符，并小于最新版本{}",
                        old.version, latest.version
                    );
                    load.problem(&folder.join(TYPE_FILE), Some(&key), None, what);
                }
                older.insert((key.clone(), old.version), old);
            }
            types.push(latest);
        }
        load.across(&types);
        if !load.problems.is_empty() {
            return Err(CatalogueError::Invalid {
                problems: load.problems,
            });
        }
        types.sort_by(|a, b| a.seq.cmp(&b.seq).then_with(|| a.key.cmp(&b.key)));
        let index = |of: fn(&CertificateType) -> &String| {
            types
                .iter()
                .enumerate()
                .map(|(at, found)| (of(found).clone(), at))
                .collect()
        };
        Ok(Catalogue {
            root: root.to_owned(),
            departments,
            by_key: index(|found| &found.key),
            by_name: index(|found| &found.name),
            by_code: index(|found| &found.code),
            types,
            older,
        })
    }

    /// The latest version of every type, in the order of the monthly table.
    pub fn types(&self) -> impl Iterator<Item = &Arc<CertificateType>> {
        self.types.iter()
    }

    /// The latest version of a type.
    pub fn get(&self, key: &str) -> Option<&Arc<CertificateType>> {
        self.types.get(*self.by_key.get(key)?)
    }

    /// The version of a type under which a certificate was issued.
    pub fn get_version(&self, key: &str, version: u16) -> Option<&Arc<CertificateType>> {
        self.get(key)
            .filter(|latest| latest.version == version)
            .or_else(|| self.older.get(&(key.to_owned(), version)))
    }

    /// The latest version of the type of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<CertificateType>> {
        self.types.get(*self.by_name.get(name)?)
    }

    /// The latest version of the type of this certificate type code (GB/T 36904).
    pub fn by_code(&self, code: &str) -> Option<&Arc<CertificateType>> {
        self.types.get(*self.by_code.get(code)?)
    }

    /// Departments, in the order of the monthly table.
    pub fn departments(&self) -> &[Department] {
        &self.departments
    }

    /// The department of this key.
    pub fn department(&self, key: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.key == key)
    }

    /// The folder of a type's latest version, where `face.toml` lies.
    pub fn folder(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// The folder of one version of a type.
    pub fn folder_of(&self, certificate_type: &CertificateType) -> PathBuf {
        let folder = self.folder(&certificate_type.key);
        match self.get(&certificate_type.key) {
            Some(latest) if latest.version != certificate_type.version => {
                folder.join(format!("v{}", certificate_type.version))
            }
            _ => folder,
        }
    }

    /// The folder of family layouts.
    pub fn layouts(&self) -> PathBuf {
        self.root.join(LAYOUTS_FOLDER)
    }
}

struct Load<'a> {
    root: &'a Path,
    problems: Vec<Problem>,
}

impl Load<'_> {
    fn problem(&mut self, file: &Path, type_key: Option<&str>, field: Option<String>, what: String) {
        let type_key = type_key.map(str::to_owned);
        self.problems.push(Problem {
            file: file.to_owned(),
            type_key,
            field,
            what,
        });
    }

    fn departments(&mut self) -> Result<Vec<Department>, CatalogueError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct DepartmentsFile {
            department: Vec<Department>,
        }

        let path = self.root.join(DEPARTMENTS_FILE);
        let text = read(&path)?;
        let departments = match toml::from_str::<DepartmentsFile>(&text) {
            Ok(file) => file.department,
            Err(error) => {
                self.problem(&path, None, None, toml_fault(&text, &error));
                return Ok(Vec::new());
            }
        };
        let (mut keys, mut names) = (BTreeSet::new(), BTreeSet::new());
        for department in &departments {
            let Department {
                key,
                name,
                full_name,
                name_en,
            } = department;
            if !rules::is_key(key)
                || [name, full_name, name_en]
                    .iter()
                    .any(|text| text.trim().is_empty())
            {
                self.problem(
                    &path,
                    None,
                    None,
                    format!("部门 {key} 的 key、name、full-name 或 name-en 有误"),
                );
            }
            if !keys.insert(key) || !names.insert(name) {
                self.problem(&path, None, None, format!("部门 {key}（{name}）重复"));
            }
        }
        Ok(departments)
    }

    /// Reads one version of a type; none when the file is no type at all.
    fn certificate_type(
        &mut self,
        folder: &Path,
        key: &str,
        departments: &[Department],
    ) -> Result<Option<Arc<CertificateType>>, CatalogueError> {
        let path = folder.join(TYPE_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => {
                let what = match source.kind() {
                    io::ErrorKind::NotFound => {
                        "文件夹里没有 type.toml：请补上；若不是证照类型，请移走或在名称前加“_”".to_owned()
                    }
                    io::ErrorKind::InvalidData => "不是 UTF-8 编码，请另存为 UTF-8".to_owned(),
                    _ => return Err(CatalogueError::Unreadable { path, source }),
                };
                self.problem(&path, Some(key), None, what);
                return Ok(None);
            }
        };
        let found: Arc<CertificateType> = match toml::from_str(&text) {
            Ok(found) => Arc::new(found),
            Err(error) => {
                self.problem(&path, Some(key), None, toml_fault(&text, &error));
                return Ok(None);
            }
        };
        if found.key != key {
            self.problem(
                &path,
                Some(key),
                None,
                format!("key “{}”与文件夹名不符", found.key),
            );
        }
        if !departments
            .iter()
            .any(|department| department.key == found.department)
        {
            let what = format!("部门“{}”不在 {DEPARTMENTS_FILE} 之中", found.department);
            self.problem(&path, Some(key), None, what);
        }
        let layout = if found.layout == OWN_LAYOUT {
            folder.join(FACE_FILE)
        } else {
            self.root
                .join(LAYOUTS_FOLDER)
                .join(format!("{}.toml", found.layout))
        };
        if (found.layout != OWN_LAYOUT && !rules::is_key(&found.layout)) || !layout.is_file() {
            let what = format!("layout “{}”没有对应的文件 {}", found.layout, layout.display());
            self.problem(&path, Some(key), None, what);
        }
        for (field, what) in rules::faults(&found) {
            self.problem(&path, Some(key), field, what);
        }
        Ok(Some(found))
    }

    /// What must be unique among all types.
    fn across(&mut self, types: &[Arc<CertificateType>]) {
        let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
        for found in types {
            let unique = [
                ("seq", found.seq.to_string()),
                ("name", found.name.clone()),
                ("code", found.code.clone()),
            ];
            for (what, value) in unique {
                let told = format!("{what} “{value}”");
                if let Some(other) = seen.insert((what, value), &found.key) {
                    let path = self.root.join(&found.key).join(TYPE_FILE);
                    let what = format!("{told}与类型 {other} 相同");
                    self.problem(&path, Some(&found.key), None, what);
                }
            }
        }
    }
}

fn read(path: &Path) -> Result<String, CatalogueError> {
    fs::read_to_string(path).map_err(|source| CatalogueError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Folders directly under a folder, by name.
fn folders(root: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let unreadable = |source| CatalogueError::Unreadable {
        path: root.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn version_folders(folder: &Path) -> Result<Vec<(u16, PathBuf)>, CatalogueError> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix('v')?.parse().ok();
    let found = folders(folder)?;
    Ok(found
        .into_iter()
        .filter_map(|path| Some((number(&path)?, path)))
        .collect())
}
