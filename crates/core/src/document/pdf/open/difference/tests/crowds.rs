//! Files of many signatures.

use super::*;
use crate::limits::MAX_PDF_WORK;

#[test]
fn each_of_many_signatures_is_compared() {
    // Forty signatures over an object that together they ask for more often than all other questions may.
    let large = format!("({})", "x".repeat(900_000));
    let catalog = changed(CATALOG, "/Pages", "/Own 15 0 R /Pages");
    let mut file = signed_with("", &[(1, &catalog), (15, &large)]);
    let mut fields = String::from("7 0 R 8 0 R 9 0 R");
    for number in 20..59 {
        write!(fields, " {number} 0 R").unwrap();
        let form = changed(FORM, "7 0 R 8 0 R 9 0 R", &fields);
        let field = format!("<< /FT /Sig /T (S{number}) /V << SIG >> >>");
        file = file.revision(&[(6, &form), (number, &field)]);
    }
    let opened = open(&file.bytes).unwrap();
    assert_eq!(opened.signatures().len(), 40);
    assert!(39 * large.len() > MAX_PDF_WORK);
    for signature in opened.signatures() {
        opened.difference(signature).unwrap();
    }
}
