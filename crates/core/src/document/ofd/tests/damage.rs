//! Every truncation and every changed byte of a small package: an answer, soon.

use std::time::{Duration, Instant};

use super::*;

fn soon(bytes: &[u8]) -> Result<(), OfdError> {
    let start = Instant::now();
    let answer = ask_everything(bytes);
    assert!(start.elapsed() < Duration::from_secs(2));
    answer
}

#[test]
fn every_truncation_and_changed_byte_gets_an_answer() {
    let mut files = plain();
    files.sign_all();
    let good = files.pack();
    assert_eq!(soon(&good), Ok(()));
    for end in 0..good.len() {
        assert!(soon(&good[..end]).is_err(), "cut at {end}");
    }
    let mut bad = good.clone();
    for at in 0..good.len() {
        for change in [1, 0x20, 0x80, 0xFF] {
            bad[at] = good[at] ^ change;
            let _ = soon(&bad);
        }
        bad[at] = good[at];
    }
}

/// Behind the checksums: the XML itself, stored and changed.
#[test]
fn every_changed_byte_of_the_files_gets_an_answer() {
    let mut files = plain();
    files.sign_all();
    for name in files.0.keys() {
        let mut bad = files.clone();
        let content = files.0[name].clone();
        for (at, byte) in content.iter().enumerate() {
            for change in [1, 0x10, 0x80] {
                bad.0.get_mut(name).unwrap()[at] = byte ^ change;
                let _ = soon(&bad.pack());
            }
            bad.0.get_mut(name).unwrap()[at] = *byte;
        }
    }
}

#[test]
fn one_large_page_listed_many_times_is_not_parsed_without_end() {
    let mut files = plain();
    let page = format!(
        "<ofd:Page {NS}><ofd:Content>{}</ofd:Content></ofd:Page>",
        "<ofd:Layer/>".repeat(80_000)
    );
    files.set("Doc_0/Pages/Page_0/Content.xml", &page);
    let listed = "<ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/>";
    files.replace("Doc_0/Document.xml", listed, &listed.repeat(2_000));
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    assert!(opened.reach().is_ok(), "each file is read once");
    let error = opened.text(0).unwrap_err();
    assert!(error.to_string().contains("bytes of XML parsed"), "{error}");

    files.replace("Doc_0/Document.xml", listed, &listed.repeat(11));
    let error = open(&files.pack()).unwrap_err();
    assert!(error.to_string().contains("files listed"), "{error}");
}
