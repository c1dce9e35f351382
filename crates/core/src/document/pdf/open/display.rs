//! What a viewer shows besides the page's own content, and what may change with viewer, day or click.
//!
//! A signature covers bytes. That the same bytes show the same page everywhere holds only where nothing in
//! them acts, hides, or lies over the page; a certificate needs none of that, and so none is allowed.

use super::{
    OpenError,
    object::{Dict, Object},
    reader::Reader,
};

/// Annotation flags under which a viewer leaves an annotation out (ISO 32000-1 table 165): Hidden, NoView,
/// ToggleNoView.
const UNSEEN: i64 = 0x02 | 0x20 | 0x100;

/// Longest side of a seal, in points: the largest official seal has 60 mm, and an upright rectangle around it
/// some dust of rounding.
const LONGEST_SIDE: f64 = 61.0 / 25.4 * 72.0;

/// The first thing found that lets viewers show different pages; none if there is nothing known.
///
/// `page` is the page's own dictionary, `inherited` what it can have from the nodes above it as it applies to
/// the page.
pub(super) fn unsteady(
    reader: &Reader<'_>,
    catalog: &Dict,
    page: &Dict,
    inherited: &Dict,
    resources: &Dict,
) -> Result<Option<&'static str>, OpenError> {
    // 1. The document as a whole.
    if let Some(what) = any_of(
        catalog,
        &[
            ("OpenAction", "an action on opening"),
            ("AA", "actions of the document"),
            ("OCProperties", "layers that can be hidden"),
            ("Collection", "a portfolio that shows other files"),
            ("Requirements", "demands on the viewer"),
        ],
    ) {
        return Ok(Some(what));
    }
    let names = reader.get(catalog, "Names")?.object;
    let names = names.dict().and_then(|names| {
        any_of(
            names,
            &[
                ("JavaScript", "scripts"),
                ("AlternatePresentations", "other presentations"),
                ("Templates", "hidden pages"),
            ],
        )
    });
    let form = reader.get(catalog, "AcroForm")?.object;
    let form = form.dict().and_then(|form| {
        any_of(
            form,
            &[
                ("XFA", "an XFA form"),
                ("NeedAppearances", "fields that the viewer draws"),
            ],
        )
    });
    if let Some(what) = names.or(form) {
        return Ok(Some(what));
    }

    // 2. The page: what is seen of it, and how.
    if let Some(what) = any_of(
        page,
        &[
            ("AA", "actions of the page"),
            ("UserUnit", "a unit of its own"),
            ("PresSteps", "steps of a presentation"),
        ],
    ) {
        return Ok(Some(what));
    }
    if !matches!(
        reader.get(inherited, "Rotate")?.object,
        Object::Null | Object::Integer(0)
    ) {
        return Ok(Some("a turned page"));
    }
    let (whole, seen) = (
        reader.get(inherited, "MediaBox")?,
        reader.get(inherited, "CropBox")?,
    );
    if seen.object != Object::Null && seen.object != whole.object {
        return Ok(Some("a page that is cut"));
    }

    // 3. What lies over it: nothing but one seal, which is no larger than a seal.
    let annotations = reader.get(page, "Annots")?.object;
    if annotations
        .array()
        .is_some_and(|annotations| annotations.len() > 1)
    {
        return Ok(Some("several annotations over the page"));
    }
    for annotation in annotations.array().unwrap_or_default() {
        let annotation = reader.follow(annotation)?.object;
        let Some(annotation) = annotation.dict() else {
            continue;
        };
        if let Some(what) = over_the_page(reader, annotation)? {
            return Ok(Some(what));
        }
    }

    // 4. Pictures with a second face.
    let pictures = reader.get(resources, "XObject")?.object;
    for (_, picture) in pictures.dict().into_iter().flat_map(Dict::iter) {
        let picture = reader.follow(picture)?.object;
        if let Some(what) = picture.dict().and_then(|picture| {
            any_of(
                picture,
                &[
                    ("Alternates", "a picture with alternates"),
                    ("OPI", "a picture that stands for another"),
                    ("Ref", "a page of another file"),
                    ("PS", "PostScript"),
                ],
            )
        }) {
            return Ok(Some(what));
        }
    }
    Ok(None)
}

fn over_the_page(reader: &Reader<'_>, annotation: &Dict) -> Result<Option<&'static str>, OpenError> {
    let is = |key: &str, name: &[u8]| -> Result<bool, OpenError> {
        Ok(reader.get(annotation, key)?.object.name() == Some(name))
    };
    if !is("Subtype", b"Widget")? || !is("FT", b"Sig")? {
        return Ok(Some("an annotation over the page"));
    }
    if let Some(what) = any_of(annotation, &[("A", "an action"), ("AA", "actions of a field")]) {
        return Ok(Some(what));
    }
    let flags = reader.get(annotation, "F")?.object.integer().unwrap_or_default();
    if flags & UNSEEN != 0 {
        return Ok(Some("a seal that is hidden"));
    }
    let place = reader.get(annotation, "Rect")?.object;
    let place: Option<Vec<f64>> = place
        .array()
        .unwrap_or_default()
        .iter()
        .map(Object::number)
        .collect();
    let is_small = matches!(place.as_deref(), Some(&[left, bottom, right, top])
        if (right - left).abs() <= LONGEST_SIDE && (top - bottom).abs() <= LONGEST_SIDE);
    if !is_small {
        return Ok(Some("a seal larger than any"));
    }
    let looks = reader.get(annotation, "AP")?.object;
    let other_looks = |looks: &Dict| {
        any_of(
            looks,
            &[("R", "a seal that changes"), ("D", "a seal that changes")],
        )
    };
    Ok(looks.dict().and_then(other_looks))
}

fn any_of(dict: &Dict, keys: &[(&str, &'static str)]) -> Option<&'static str> {
    let mut keys = keys.iter();
    keys.find(|(key, _)| dict.get(key).is_some())
        .map(|(_, what)| *what)
}
