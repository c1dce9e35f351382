//! Objects written anew in a way that readers take in different ways.

use super::*;

#[test]
fn a_page_that_becomes_a_node_is_refused() {
    let kids = changed(PAGE, "/Contents", "/Kids [] /Contents");
    let found = refused(&signed(&mdp(1)).revision(&[(3, &kids)]));
    assert_eq!(found, ["change-page-tree"]);
}
