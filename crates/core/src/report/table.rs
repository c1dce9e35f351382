//! A table and the forms it is written in: aligned text, CSV, XLSX.

use jiff::Timestamp;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, utility,
};
use unicode_width::UnicodeWidthStr;

use super::ReportError;

/// A table with its heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Heading.
    pub title: String,
    /// Name of the worksheet, at most 31 characters.
    pub sheet: String,
    /// Lines between heading and table.
    pub notes: Vec<String>,
    /// The instant the figures were taken; also the workbook's creation time, so that the same
    /// figures give the same file.
    pub as_of: Timestamp,
    /// How it lies on paper.
    pub paper: Paper,
    /// Columns from left to right.
    pub columns: Vec<Column>,
    /// Rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// Label of the last row, which sums the number columns; none for no such row.
    pub total: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    header: String,
    /// In half-width characters, for the worksheet; text takes what the cells need.
    width: u16,
    number: bool,
    summed: bool,
    grouped: bool,
}

impl Column {
    /// A column of texts.
    pub fn text(header: &str, width: u16) -> Self {
        Self {
            header: header.to_owned(),
            width,
            number: false,
            summed: false,
            grouped: false,
        }
    }

    /// A column of numbers, summed in the last row.
    pub fn number(header: &str, width: u16) -> Self {
        Self {
            number: true,
            summed: true,
            ..Self::text(header, width)
        }
    }

    /// Not summed: ordinals.
    #[must_use]
    pub fn not_summed(self) -> Self {
        Self {
            summed: false,
            ..self
        }
    }

    /// Equal neighbours are shown as one: merged on a worksheet, once in text.
    #[must_use]
    pub fn grouped(self) -> Self {
        Self {
            grouped: true,
            ..self
        }
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A number, set to the right.
    Number(u64),
    /// A text, set to the left.
    Text(String),
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// How a sheet of A4 lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Upright.
    Portrait,
    /// On its side.
    Landscape,
}

impl Table {
    /// Aligned text for a terminal, where a Chinese character is two columns wide.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<Vec<String>> = vec![self.columns.iter().map(|c| c.header.clone()).collect()];
        for (index, row) in self.rows.iter().enumerate() {
            let above = index.checked_sub(1).and_then(|above| self.rows.get(above));
            let cell = |(at, cell): (usize, &Cell)| match (self.columns.get(at), above) {
                (Some(column), Some(above)) if column.grouped && above.get(at) == Some(cell) => String::new(),
                _ => printable(&cell.text()),
            };
            lines.push(row.iter().enumerate().map(cell).collect());
        }
        let body = lines.len();
        lines.extend(self.total_row().map(|row| row.iter().map(Cell::text).collect()));

        let mut widths = vec![0; self.columns.len()];
        for line in &lines {
            for (width, text) in widths.iter_mut().zip(line) {
                *width = (*width).max(text.width());
            }
        }
        let full = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let rule = "-".repeat(full);

        let mut out = String::new();
        let mut put = |line: &str| {
            out.push_str(line.trim_end());
            out.push('\n');
        };
        put(&format!(
            "{}{}",
            " ".repeat(full.saturating_sub(self.title.width()) / 2),
            self.title
        ));
        for note in &self.notes {
            put(note);
        }
        put(&rule);
        for (index, line) in lines.iter().enumerate() {
            if index == 1 || index == body {
                put(&rule);
            }
            let cells = self.columns.iter().zip(line).zip(&widths);
            let cells = cells.map(|((column, text), width)| {
                let pad = " ".repeat(width.saturating_sub(text.width()));
                if column.number {
                    format!("{pad}{text}")
                } else {
                    format!("{text}{pad}")
                }
            });
            put(&cells.collect::<Vec<_>>().join(GAP));
        }
        put(&rule);
        out
    }

    /// CSV: header, rows and last row, every row complete in itself.
    ///
    /// UTF-8 with a byte order mark, because Excel takes a CSV without one for the system's legacy
    /// code page and shows Chinese as rubbish; lines end in CRLF (RFC 4180). A text a spreadsheet
    /// would run as a formula gets an apostrophe in front.
    pub fn to_csv(&self) -> Result<Vec<u8>, ReportError> {
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.to_vec());
        csv.write_record(self.columns.iter().map(|column| &column.header))
            .map_err(ReportError::Csv)?;
        for row in self.rows.iter().chain(self.total_row().as_ref()) {
            csv.write_record(row.iter().map(|cell| harmless(cell.text())))
                .map_err(ReportError::Csv)?;
        }
        csv.into_inner()
            .map_err(|failed| ReportError::Csv(failed.into_error().into()))
    }

    /// An XLSX workbook with one sheet, set up to print on A4 with the header on every page. Sums are
    /// formulas that carry their result, so that viewers that do not calculate show it too.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, ReportError> {
        let mut workbook = Workbook::new();
        let mut properties = DocProperties::new().set_title(&self.title);
        if let Ok(made) = ExcelDateTime::from_timestamp(self.as_of.as_second()) {
            properties = properties.set_creation_datetime(&made);
        }
        workbook.set_properties(&properties);
        let sheet = workbook.add_worksheet();
        sheet.set_name(&self.sheet)?;
        self.fill(sheet)?;
        Ok(workbook.save_to_buffer()?)
    }

    fn fill(&self, sheet: &mut Worksheet) -> Result<(), ReportError> {
        let plain = Format::new().set_font_name(FONT).set_font_size(11);
        let cell = plain
            .clone()
            .set_border(FormatBorder::Thin)
            .set_align(FormatAlign::VerticalCenter);
        let text = cell.clone().set_text_wrap();
        let group = text.clone().set_align(FormatAlign::Center);
        let number = cell.clone().set_num_format("#,##0");
        let ordinal = cell.clone().set_align(FormatAlign::Center);
        let header = group.clone().set_bold();
        let title = plain
            .clone()
            .set_bold()
            .set_font_size(16)
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter);

        // 1. Heading and notes, across the table.
        let last_column = count(self.columns.len().saturating_sub(1));
        let mut at: u32 = 0;
        for (line, format) in
            std::iter::once((&self.title, &title)).chain(self.notes.iter().map(|n| (n, &plain)))
        {
            if last_column > 0 {
                sheet.merge_range(at, 0, at, last_column, line, format)?;
            } else {
                sheet.write_string_with_format(at, 0, line, format)?;
            }
            at += 1;
        }
        sheet.set_row_height(0, 30)?;

        // 2. Header, repeated on every page and kept in sight.
        for (column, index) in self.columns.iter().zip(0_u16..) {
            sheet.set_column_width(index, f64::from(column.width))?;
            sheet.write_string_with_format(at, index, &column.header, &header)?;
        }
        sheet.set_repeat_rows(at, at)?;
        sheet.set_freeze_panes(at + 1, 0)?;

        // 3. Rows.
        let first = at + 1;
        for (row, at) in self.rows.iter().zip(first..) {
            for ((column, cell), index) in self.columns.iter().zip(row).zip(0_u16..) {
                match cell {
                    Cell::Number(value) => {
                        let format = if column.summed { &number } else { &ordinal };
                        sheet.write_number_with_format(at, index, *value as f64, format)?;
                    }
                    Cell::Text(_) if column.grouped => {}
                    Cell::Text(value) => {
                        sheet.write_string_with_format(at, index, value, &text)?;
                    }
                }
            }
        }
        for (index, (start, end)) in self.groups() {
            let value = self.rows.get(start).and_then(|row| row.get(usize::from(index)));
            let value = value.map(Cell::text).unwrap_or_default();
            let (from, to) = (first + start as u32, first + end as u32);
            if from < to {
                sheet.merge_range(from, index, to, index, &value, &group)?;
            } else {
                sheet.write_string_with_format(from, index, &value, &group)?;
            }
        }

        // 4. Sums.
        if let Some(total) = self.total_row() {
            let end = first + self.rows.len() as u32;
            let (label, sum) = (header, number.set_bold());
            for ((column, cell), index) in self.columns.iter().zip(&total).zip(0_u16..) {
                if column.summed && end > first {
                    let name = utility::column_number_to_name(index);
                    let formula = Formula::new(format!("=SUM({name}{}:{name}{end})", first + 1));
                    sheet.write_formula_with_format(end, index, formula.set_result(cell.text()), &sum)?;
                } else {
                    sheet.write_string_with_format(end, index, cell.text(), &label)?;
                }
            }
        }

        // 5. Paper.
        sheet.set_paper_size(PAPER_A4);
        if self.paper == Paper::Landscape {
            sheet.set_landscape();
        }
        sheet.set_print_fit_to_pages(1, 0);
        sheet.set_print_center_horizontally(true);
        sheet.set_margins(0.6, 0.6, 0.75, 0.75, 0.3, 0.3);
        sheet.set_footer("&C第 &P 页，共 &N 页");
        Ok(())
    }

    /// Runs of equal neighbours in grouped columns: column, first and last row.
    fn groups(&self) -> Vec<(u16, (usize, usize))> {
        let mut groups = Vec::new();
        for (at, _) in self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.grouped)
        {
            let cells = || self.rows.iter().map(|row| row.get(at));
            let mut start = 0;
            for (row, (cell, next)) in cells().zip(cells().skip(1).chain([None])).enumerate() {
                if cell != next {
                    groups.push((count(at), (start, row)));
                    start = row + 1;
                }
            }
        }
        groups
    }

    fn total_row(&self) -> Option<Vec<Cell>> {
        let label = self.total.as_ref()?;
        let mut labelled = false;
        let row = self.columns.iter().enumerate().map(|(at, column)| {
            if column.summed {
                let values = self.rows.iter().filter_map(|row| match row.get(at) {
                    Some(Cell::Number(value)) => Some(*value),
                    _ => None,
                });
                Cell::Number(values.sum())
            } else if !labelled && !column.number {
                labelled = true;
                Cell::Text(label.clone())
            } else {
                Cell::Text(String::new())
            }
        });
        Some(row.collect())
    }
}

/// Worksheets have at most 16,384 columns, reports under twenty.
fn count(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// A text that cannot break lines or move the cursor.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

const GAP: &str = "  ";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const FONT: &str = "宋体";
/// Paper size 9 of the SpreadsheetML page setup: 210 × 297 mm.
const PAPER_A4: u8 = 9;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;
    use crate::report::annex3::tests::month;

    fn table() -> Table {
        Table {
            title: "示范区统计表".to_owned(),
            sheet: "附件".to_owned(),
            notes: vec!["单位：件".to_owned()],
            as_of: "2026-11-21T08:00:00Z".parse().unwrap(),
            paper: Paper::Portrait,
            columns: vec![
                Column::number("序号", 6).not_summed(),
                Column::text("部门", 12).grouped(),
                Column::text("名称", 20),
                Column::number("数量", 8),
            ],
            rows: vec![
                row(1, "甲局", "ABC证", 1_200),
                row(2, "甲局", "许可证，“甲”\n二行", 3),
                row(3, "乙局", "=1+1", 0),
            ],
            total: Some("合计".to_owned()),
        }
    }

    fn row(seq: u64, department: &str, name: &str, value: u64) -> Vec<Cell> {
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            Cell::Number(seq),
            text(department),
            text(name),
            Cell::Number(value),
        ]
    }

    /// One part of a ZIP package, by its local header.
    fn part(package: &[u8], name: &str) -> String {
        let at = package
            .windows(name.len() + 30)
            .position(|w| w.starts_with(b"PK\x03\x04") && &w[30..] == name.as_bytes())
            .unwrap();
        let extra = usize::from(u16::from_le_bytes([package[at + 28], package[at + 29]]));
        assert_eq!(package[at + 8], 8, "deflated");
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&package[at + 30 + name.len() + extra..])
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn text_is_aligned_by_display_width() {
        let expected = "           示范区统计表
单位：件
-----------------------------------
序号  部门  名称               数量
-----------------------------------
   1  甲局  ABC证              1200
   2        许可证，“甲” 二行     3
   3  乙局  =1+1                  0
-----------------------------------
      合计                     1203
-----------------------------------
";
        assert_eq!(table().to_text(), expected);
    }

    #[test]
    fn csv_opens_in_excel_and_reads_back() {
        let csv = table().to_csv().unwrap();
        let text = std::str::from_utf8(csv.strip_prefix(b"\xEF\xBB\xBF").unwrap()).unwrap();
        assert!(
            text.starts_with("序号,部门,名称,数量\r\n1,甲局,ABC证,1200\r\n"),
            "{text}"
        );
        let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(text.as_bytes())
            .records()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(&rows[1][2], "许可证，“甲”\n二行");
        assert_eq!(&rows[1][1], "甲局", "each row is complete in itself");
        assert_eq!(&rows[2][2], "'=1+1");
        assert_eq!(rows[3].iter().collect::<Vec<_>>(), ["", "合计", "", "1203"]);
    }

    #[test]
    fn a_workbook_has_merged_groups_sums_and_a_page_setup() {
        let package = table().to_xlsx().unwrap();
        assert_eq!(
            package,
            table().to_xlsx().unwrap(),
            "the same figures give the same file"
        );
        let sheet = part(&package, "xl/worksheets/sheet1.xml");
        for wanted in [
            "<f>SUM(D4:D6)</f><v>1203</v>",
            "<mergeCell ref=\"A1:D1\"/>",
            "<mergeCell ref=\"A2:D2\"/>",
            "<mergeCell ref=\"B4:B5\"/>",
            "paperSize=\"9\"",
            "fitToHeight=\"0\"",
            "ySplit=\"3\"",
        ] {
            assert!(sheet.contains(wanted), "{wanted} in {sheet}");
        }
        assert!(!sheet.contains("B6:"), "a group of one is not merged");
        let texts = part(&package, "xl/sharedStrings.xml");
        assert!(texts.contains("=1+1"), "kept as text");
        assert!(part(&package, "docProps/core.xml").contains("2026-11-21T08:00:00Z"));
    }

    /// Set `CERTSEAL_LOOK` to a folder to look at the month's table in every form.
    #[test]
    fn a_month_is_written_in_every_form() {
        let table = month().table();
        let (text, csv, xlsx) = (table.to_text(), table.to_csv().unwrap(), table.to_xlsx().unwrap());
        let last = text.lines().rev().nth(1).unwrap();
        assert_eq!(
            last.split_whitespace().collect::<Vec<_>>(),
            ["合计", "6799", "34528"]
        );
        let csv_text = String::from_utf8(csv.clone()).unwrap();
        assert_eq!(csv_text.lines().count(), 65);
        assert!(csv_text.ends_with(",合计,,6799,34528\r\n"));
        let sheet = part(&xlsx, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("<f>SUM(E4:E66)</f><v>34528</v>"));
        if let Some(folder) = std::env::var_os("CERTSEAL_LOOK").map(std::path::PathBuf::from) {
            std::fs::write(folder.join("annex3.txt"), text).unwrap();
            std::fs::write(folder.join("annex3.csv"), csv).unwrap();
            std::fs::write(folder.join("annex3.xlsx"), xlsx).unwrap();
        }
    }

    #[test]
    fn a_table_without_rows_is_still_a_table() {
        let empty = Table {
            rows: Vec::new(),
            ..table()
        };
        assert!(empty.to_text().contains("合计"));
        assert!(empty.to_xlsx().is_ok());
        let csv = String::from_utf8(empty.to_csv().unwrap()).unwrap();
        assert_eq!(csv.lines().count(), 2);
    }
}
