//! Tables of made-up certificates, as departments hand them in.

use std::{fs, path::Path};

use certseal_core::codes::{CitizenId, CreditCode};

/// Pesticide business permits (农药经营许可证): held by organisations, valid for years.
pub const PERMIT: &str = "pesticide-business-permit";
/// Social sports instructors (社会体育指导员证书): held by persons, unlimited.
pub const INSTRUCTOR: &str = "social-sports-instructor-certificate";

/// Headers and rows of text.
#[derive(Debug, Clone)]
pub struct Table {
    /// Headers.
    pub header: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// `count` permits, numbered from `first`: the same numbers give the same rows.
    pub fn permits(first: usize, count: usize) -> Self {
        let header = [
            "许可证编号",
            "经营者名称",
            "统一社会信用代码",
            "法定代表人",
            "住所",
            "营业场所",
            "仓储场所",
            "经营范围",
            "发证日期",
            "有效期至",
        ];
        Self::new(header, (first..first + count).map(permit))
    }

    /// `count` instructors, numbered from `first`.
    pub fn instructors(first: usize, count: usize) -> Self {
        let header = [
            "证书编号",
            "姓名",
            "性别",
            "身份证号",
            "等级",
            "指导项目",
            "工作单位",
            "批准日期",
        ];
        Self::new(header, (first..first + count).map(instructor))
    }

    fn new<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Self {
        Self {
            header: header.map(str::to_owned).into(),
            rows: rows.map(Vec::from).collect(),
        }
    }

    /// Place of a column.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn column(&self, header: &str) -> usize {
        let found = self.header.iter().position(|name| name == header);
        found.unwrap_or_else(|| panic!("no column {header} in {:?}", self.header))
    }

    /// Writes a value into a row, counted from 0.
    pub fn set(&mut self, row: usize, header: &str, value: &str) {
        let column = self.column(header);
        value.clone_into(&mut self.rows[row][column]);
    }

    /// The table with this delimiter and end of line.
    pub fn delimited(&self, delimiter: &str, end: &str) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell, delimiter)).collect();
            text.push_str(&cells.join(delimiter));
            text.push_str(end);
        }
        text
    }

    /// The table as CSV.
    pub fn csv(&self) -> String {
        self.delimited(",", "\n")
    }

    /// Writes it as UTF-8.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) {
        fs::write(path, self.csv()).expect("the table is written");
    }

    /// Reads a table written by the program or by [`Self::write`].
    ///
    /// # Panics
    /// When it is not one.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("the table is there, in UTF-8");
        let text = text.trim_start_matches('\u{FEFF}');
        let mut records = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_records()
            .map(|record| {
                let record = record.expect("a row");
                record.iter().map(str::to_owned).collect::<Vec<_>>()
            });
        Self {
            header: records.next().expect("a header"),
            rows: records.collect(),
        }
    }
}

fn quoted(cell: &str, delimiter: &str) -> String {
    if cell.contains(['"', '\n', '\r']) || cell.contains(delimiter) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn permit(n: usize) -> [String; 10] {
    let (year, month, day) = (2019 + n % 5, n % 12 + 1, n % 28 + 1);
    [
        format!("农药经许（豫）419901{n:05}"),
        format!("样例区丰收示例农资经营部（{n}）"),
        credit_code(n),
        "薛示范".to_owned(),
        format!("示例市样例区清河镇农贸街{}号", n % 300 + 1),
        format!("示例市样例区清河镇农贸街{}号1层", n % 300 + 1),
        format!("示例市样例区清河镇农贸街{}号后院", n % 300 + 1),
        ["农药", "农药（限制使用农药除外）"][n % 2].to_owned(),
        format!("{year}-{month:02}-{day:02}"),
        format!("{}-{month:02}-{day:02}", year + 40),
    ]
}

fn instructor(n: usize) -> [String; 8] {
    let sequence = (n % 998 + 1) as u16;
    let born = format!("{}-{:02}-{:02}", 1960 + n / 998 % 30, n % 12 + 1, n % 28 + 1);
    let born = born.parse().expect("a date");
    let id = CitizenId::compose("419901", born, sequence).expect("a citizen id");
    [
        format!("419901{}{n:05}", 2015 + n % 8),
        "褚样例".to_owned(),
        if sequence % 2 == 1 { "男" } else { "女" }.to_owned(),
        id.as_str().to_owned(),
        ["一级", "二级", "三级"][n % 3].to_owned(),
        "太极拳".to_owned(),
        "样例区和谐街道办事处文化站".to_owned(),
        format!("{}/{}/{}", 2015 + n % 8, n % 12 + 1, n % 28 + 1),
    ]
}

/// A credit code of its own for each number.
///
/// # Panics
/// Never: the parts are of the right form.
pub fn credit_code(n: usize) -> String {
    let code = CreditCode::compose("92", "419901", &format!("MAE{n:05}"));
    code.expect("a credit code").as_str().to_owned()
}
