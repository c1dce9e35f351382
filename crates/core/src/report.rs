//! Reports: what an authority tells about its certificates and seals.
//!
//! | report | from | rows |
//! |---|---|---|
//! | [`annex3()`] | catalogue, counts of the registry | one a certificate type, the month's table (附件3) |
//! | [`seal_register()`] | seals, their entries in the register, uses | one a seal (印章登记簿) |
//!
//! A report is data that serialises to JSON as it is; its `table()` is what people see, which
//! [`Table`] writes as aligned text, CSV and XLSX.

mod annex3;
mod seals;
mod table;

pub use annex3::{Annex3, Annex3Row, DepartmentTally, Tally, annex3};
pub use seals::{SealRegister, SealRow, SealUse, seal_register};
pub use table::{Cell, Column, Paper, Table};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The CSV writer failed.
    #[error("无法写出 CSV 报表 (the CSV report cannot be written)")]
    Csv(#[source] csv::Error),
    /// The workbook breaks a limit of the format.
    #[error("无法写出 XLSX 报表 (the XLSX report cannot be written)")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

impl ReportError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Csv(_) => "report-csv",
            Self::Xlsx(_) => "report-xlsx",
        }
    }
}
