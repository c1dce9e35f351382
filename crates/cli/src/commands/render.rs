//! `certseal render`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use certseal_core::{
    face::{FontBook, FontConfig},
    files::read_to,
    limits::MAX_DOCUMENT_BYTES,
    render::{self, Note, RenderOptions, RenderedPage},
};
use serde_json::json;

use super::{Session, home_failure, write_whole};
use crate::{
    args::Render,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Render) -> Result<Outcome, Failure> {
    // One byte beyond the limit is read, which the reader of documents then refuses.
    let file = read_to(&args.file, MAX_DOCUMENT_BYTES)
        .context(&format!("读取 {}", args.file.display()))
        .map_err(|failure| failure.hint("参数应为 OFD 或 PDF 文件。"))?;
    let options = RenderOptions {
        dpi: args.dpi,
        page: args.page,
    };
    let drawing = format!("绘制 {}", args.file.display());
    let pages = render::render(file, fonts(session)?, options).context(&drawing)?;
    let is_alone = args.page.is_some() || pages.total() == 1;
    let mut told = Vec::new();
    for page in pages {
        let page = page.context(&drawing)?;
        let path = if is_alone {
            args.out.clone()
        } else {
            numbered(&args.out, page.number)
        };
        let png = page.to_png().context(&drawing)?;
        write_whole(&path, &png).context(&format!("写入 {}", path.display()))?;
        for note in &page.notes {
            output::note(format_args!("第 {} 页：{note}", page.number));
        }
        tell(session, &page, &path);
        told.push(describe(&page, &path));
    }
    if session.json {
        output::json(&told);
    }
    Ok(Outcome::Done)
}

/// The fonts that stand for those a document only names. Without them a document that has its own is drawn all the same.
fn fonts(session: &Session) -> Result<Option<Arc<FontBook>>, Failure> {
    let opened = match session.home_if_any()? {
        Some(home) => home.fonts().map_err(home_failure),
        None => FontBook::shared(&FontConfig::system(std::env::home_dir().as_deref())).context("读取字体"),
    };
    Ok(opened
        .map_err(|failure| output::note(format_args!("未嵌入的字体将无法画出：{}", failure.message())))
        .ok())
}

/// `OUT-1.png` and so on.
fn numbered(out: &Path, number: usize) -> PathBuf {
    let mut name: OsString = out.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = out.extension() {
        name.push(".");
        name.push(extension);
    }
    out.with_file_name(name)
}

fn tell(session: &Session, page: &RenderedPage, path: &Path) {
    if !session.json {
        let (number, width, height) = (page.number, page.width, page.height);
        let path = path.display();
        output::line(format_args!("第 {number} 页  {width}×{height} 像素  {path}"));
    }
}

fn describe(page: &RenderedPage, path: &Path) -> serde_json::Value {
    let note = |note: &Note| json!({ "kind": note.kind, "detail": note.detail, "text": note.to_string() });
    json!({
        "page": page.number,
        "width": page.width,
        "height": page.height,
        "file": path,
        "notes": page.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_before_the_extension() {
        let of = |out: &str| numbered(Path::new(out), 2);
        assert_eq!(of("dir.d/证照.png"), Path::new("dir.d/证照-2.png"));
        assert_eq!(of("a.b"), Path::new("a-2.b"));
        assert_eq!(of("plain"), Path::new("plain-2"));
    }
}
