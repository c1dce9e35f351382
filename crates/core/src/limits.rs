//! Every limit on untrusted input, in one place, each with its reason.

/// Largest PDF opened for verification. A certificate is under 100 kB; scans reach tens of megabytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 << 20;
/// Largest number of indirect objects in an opened PDF.
pub const MAX_PDF_OBJECTS: usize = 500_000;
/// Deepest nesting of PDF objects followed: beyond this a file is made to exhaust the stack.
pub const MAX_PDF_DEPTH: usize = 64;
/// Largest inflated stream read while verifying.
pub const MAX_INFLATED_STREAM: usize = 32 << 20;
/// Most bytes inflated from one document in all: a bomb may be spread over many streams.
pub const MAX_INFLATED_TOTAL: usize = 128 << 20;
/// Most bytes of PDF syntax looked at in one document, over all questions asked, and over each that has an account of
/// its own. An honest file's dictionaries and page content are read about once and take some megabytes; a file that
/// refers to a large object from many places would otherwise cost the product of both.
pub const MAX_PDF_WORK: usize = 32 << 20;
/// Most bytes of PDF syntax looked at to compare what all signatures of one document cover with what came after, once
/// for each. They have equal shares of it, none more than [`MAX_PDF_WORK`], so that none is left without by another, and
/// that a file made to exhaust them costs no more with many signatures than with four. What one takes grows with the
/// file: fifty that were added one by one to half a megabyte find enough in theirs.
pub const MAX_PDF_COMPARED: usize = 128 << 20;
/// Most bytes of PDF syntax kept as the objects they are, to be asked for again: an honest file's objects take less
/// without their streams, and each byte may become some sixteen of memory.
pub const MAX_PDF_KEPT: usize = 1 << 20;
/// Most parts (numbers, names, entries) of one PDF object: each takes some fifty bytes of memory for
/// as little as two in the file.
pub const MAX_PDF_NODES: usize = 1 << 20;
/// Most values that wait to be compared with those of the signed revision: each takes some hundred bytes of memory for
/// as little as two in the file, and those of many objects may wait together.
pub const MAX_PDF_WAITING: usize = 1 << 19;
/// Most certificates, revocation lists and answers about revocation kept in one document for long-term
/// validation: each renewal of a timestamp adds a few.
pub const MAX_PDF_EVIDENCE: usize = 1_000;
/// Most bytes of it: lists of national authorities reach several megabytes.
pub const MAX_PDF_EVIDENCE_BYTES: usize = 32 << 20;
/// Most files attached to one PDF.
pub const MAX_PDF_ATTACHMENTS: usize = 1_000;
/// Longest full name of a form field, in bytes: it is put together from its ancestors' names.
pub const MAX_PDF_FIELD_NAME: usize = 4_096;
/// Most face fields told apart on one page.
pub const MAX_PAGE_FIELDS: usize = 1_000;
/// Longest chain of cross-reference sections: each signature or form filling adds one.
pub const MAX_PDF_SECTIONS: usize = 1_024;
/// Most nodes visited in one tree of a PDF (fields, pages, names).
pub const MAX_PDF_TREE: usize = 20_000;
/// Largest CMS blob in `/Contents`.
pub const MAX_CMS_BYTES: usize = 1 << 20;
/// Largest answer of a timestamp authority: a token with its chain takes under 10 kB.
pub const MAX_TIMESTAMP_BYTES: usize = 256 << 10;
/// Largest request for a timestamp: a digest, a nonce and a policy take under 200 bytes.
pub const MAX_TIMESTAMP_QUERY: usize = 4 << 10;
/// Longest object identifier that anybody may give, in bytes: one under 2.25 takes twenty.
pub const MAX_OID_BYTES: usize = 64;
/// Longest serial number or nonce in a timestamp, in bytes: RFC 3161 wants 20 for serial numbers.
pub const MAX_TIMESTAMP_NUMBER: usize = 64;
/// Seed values in one list of a field: certificates that may sign it, reasons that may be given.
pub const MAX_SEED_VALUES: usize = 256;
/// Most timestamps judged in one signature: renewed ones stand behind the file instead.
pub const MAX_SIGNATURE_TIMESTAMPS: usize = 16;
/// Most signatures examined in one document.
pub const MAX_SIGNATURES: usize = 64;
/// Most bytes hashed for all signatures of one document: each covers the file from its beginning.
pub const MAX_SIGNED_BYTES: usize = 512 << 20;
/// Longest QR text: a version 40-L symbol holds 7,089 digits (ISO/IEC 18004).
pub const MAX_QR_TEXT: usize = 7_200;
/// Largest inflated QR token; the token itself holds under 3 kB.
pub const MAX_QR_TOKEN: usize = 16 << 10;
/// Largest picture (pixels) searched for a QR code: an A4 page at 600 dpi is 35 million.
pub const MAX_PICTURE_PIXELS: u64 = 40_000_000;
/// Most corners of QR codes put together in one picture: five codes and some strangers. The work grows
/// with the third power.
pub const MAX_QR_CORNERS: usize = 24;
/// Most steps of the search for QR codes in one picture, all tries together; a step looks at a pixel. A scanned
/// page of 9 million pixels takes 4 a pixel and try.
pub const MAX_QR_WORK: u64 = 256_000_000;
/// Largest compact form of a seal impression: forty intricate characters stay under 40 kB.
pub const MAX_IMPRESSION_BYTES: usize = 256 << 10;
/// Largest e-seal: the impression, its maker's X.509 certificates and some names.
pub const MAX_SEAL_BYTES: usize = MAX_IMPRESSION_BYTES + (64 << 10);
/// Largest national seal (GB/T 38540), and largest signature with one, which holds the seal: pictures of 45 mm at 600
/// dpi take some 200 kB where they are not of few colours, certificates some kilobytes each.
pub const MAX_SES_BYTES: usize = 2 << 20;
/// Most signers that a national seal may list: real ones list one to three.
pub const MAX_SES_SIGNERS: usize = 256;
/// Most extensions of a national seal, or of a signature with one: real ones have under five.
pub const MAX_SES_EXTENSIONS: usize = 64;
/// Longest text in either, in bytes: names of seals have under 200.
pub const MAX_SES_TEXT: usize = 4 << 10;
/// Longest side of a national seal, in millimetres: the largest of all, the State Council's, has 60.
pub const MAX_SES_SIDE: u32 = 200;
/// Largest picture taken into a national seal, in pixels: 60 mm at 1200 dpi are 8 million.
pub const MAX_SES_PIXELS: u64 = 10_000_000;
/// Largest trust list file.
pub const MAX_TRUST_LIST_BYTES: usize = 16 << 20;
/// Most missing things noted at a time, each about one certificate.
pub const MAX_WANTED: usize = 64;
/// Most addresses noted for one of them.
pub const MAX_WANTED_URLS: usize = 8;
/// Most work for the certificates, revocation lists and answers that the signatures of one document are judged by, in
/// units of some 5 µs. A signature with its timestamp takes some hundreds; what is hostile has 64 signatures of 16
/// timestamps, each with any number of ways to an anchor over 1,000 certificates and 1,000 lists.
pub const MAX_TRUST_WORK: usize = 200_000;
/// Longest X.509 path below an anchor.
pub const MAX_PATH_LENGTH: usize = 6;
/// Longest value of one face field, in characters.
pub const MAX_FIELD_CHARS: usize = 2_000;
/// Largest photo file accepted for a face.
pub const MAX_PHOTO_BYTES: usize = 2 << 20;
/// Largest file of emblem art.
pub const MAX_EMBLEM_BYTES: usize = 8 << 20;
/// Longest row of a backfill source, in bytes: a longer one is a lost quote, not a row.
pub const MAX_ROW_BYTES: usize = 256 << 10;
/// Longest X.509 certificate: most take two kilobytes, one with a picture or a signature of the kinds to come some
/// forty.
pub const MAX_CERTIFICATE_BYTES: usize = 64 << 10;
/// Most elements of a certificate, what its extensions hold apart: real ones have about a hundred. Decoded, four that
/// take nine bytes take 250, and a document may bring a thousand certificates.
pub const MAX_X509_PARTS: usize = 1_024;
/// Most elements in one extension that holds names: an authority bound to all countries' names has some hundred, a
/// certificate for all of a firm's web servers a thousand.
pub const MAX_EXTENSION_PARTS: usize = 4_096;
/// Longest name of a subject, an issuer or a responder, in bytes: real ones have under one kilobyte, and what is compared
/// of a name is made from its text, letter by letter.
pub const MAX_NAME_BYTES: usize = 8 << 10;
/// Deepest nesting of elements in a certificate: real ones have ten levels.
pub const MAX_X509_DEPTH: usize = 32;
/// Most certificates, revocation lists or attributes in one CMS blob: real ones have under ten of each.
pub const MAX_CMS_PARTS: usize = 256;
/// Largest X.509 revocation list read; national CAs publish lists of several megabytes.
pub const MAX_CRL_BYTES: usize = 32 << 20;
/// Most bytes of a revocation list beside the certificates it names: its issuer's name, and extensions of some hundred
/// bytes.
pub const MAX_CRL_FRAME: usize = 64 << 10;
/// Longest entry of a revocation list, its extensions with it: real ones have under 200 bytes.
pub const MAX_CRL_LINE: usize = 8 << 10;
/// Most entries of a revocation list that are read for one certificate: real lists have one.
pub const MAX_CRL_ALIKE: usize = 16;
/// Most names of distribution points in one revocation list: real ones have under five.
pub const MAX_CRL_POINTS: usize = 64;
/// Largest answer of an OCSP responder: about one certificate, with its maker's, it takes some kilobytes.
pub const MAX_OCSP_BYTES: usize = 256 << 10;
/// Most of a distinguished name that is shown, in characters: a report says each some ten times. Real ones have under
/// 300.
pub const MAX_NAME_TEXT: usize = 1_024;
/// Most elements of one answer: about one certificate it has some twenty.
pub const MAX_OCSP_PARTS: usize = 16_384;
/// Most certificates in one answer.
pub const MAX_OCSP_CERTIFICATES: usize = 16;
/// Most revocation lists and answers about revocation at hand at a time, and most bytes of them: a country's
/// authorities publish some hundred lists.
pub const MAX_REVOCATIONS: usize = 4_096;
/// See [`MAX_REVOCATIONS`].
pub const MAX_REVOCATION_BYTES: usize = 256 << 20;
/// Most files read from one folder of trust material.
pub const MAX_LOADED_FILES: usize = 4_096;
/// Most certificates read from one file or folder: the trusted lists of all countries of the EU have some thousand.
pub const MAX_LOADED_CERTIFICATES: usize = 8_192;
/// Longest side of a photo, in pixels: far above 600 dpi for any portrait on a face.
pub const MAX_PHOTO_SIDE: u32 = 4_000;
/// Shortest side of a photo, in pixels: a portrait 25 mm wide is a blur below.
pub const MIN_PHOTO_SIDE: u32 = 100;
/// Most fields of one face: the fullest real licence has under forty.
pub const MAX_FACE_FIELDS: usize = 200;
/// Largest face data file read from a document: every field of a face at its longest fits.
pub const MAX_FACE_JSON_BYTES: usize = 4 << 20;
/// Longest RSA modulus computed with, in bits: ring's bound. Time grows with the second power.
pub const MAX_RSA_BITS: usize = 8_192;
/// Shortest RSA modulus computed with, in bits: keys of that length were in use, and have been factored.
pub const MIN_RSA_BITS: usize = 512;
/// Most members of one OFD package: a page takes one to four, and documents of a thousand pages exist.
pub const MAX_OFD_MEMBERS: usize = 10_000;
/// Longest name of a member, in bytes: real ones have under a hundred.
pub const MAX_OFD_NAME: usize = 1_024;
/// Most folders that a member lies in: real ones lie in five.
pub const MAX_OFD_FOLDERS: usize = 32;
/// Inflated size from which on a member's compression is judged: a small page of spaces may shrink to anything.
pub const MAX_OFD_UNJUDGED: usize = 1 << 20;
/// Most times that a member larger than [`MAX_OFD_UNJUDGED`] may grow when inflated: pages of text grow fifteen times,
/// bitmaps of an empty page some hundred, and what deflate can reach is 1,032.
pub const MAX_OFD_RATIO: usize = 300;
/// Deepest nesting of elements in a file of an OFD: page blocks in layers make some ten, and GB/T 42133 allows three blocks.
pub const MAX_XML_DEPTH: usize = 64;
/// Most elements, texts and comments of one file of an OFD: a crowded page has some ten thousand, and each takes up to
/// half a kilobyte of memory once it is read.
pub const MAX_XML_NODES: u32 = 250_000;
/// Most attributes of one element: the richest of GB/T 33190 has under thirty, and a parser compares each with each.
pub const MAX_XML_ATTRIBUTES: usize = 64;
/// Most namespaces declared at one place of a file of an OFD and around it: real ones have one or two, and a parser looks
/// through all for each name.
pub const MAX_XML_NAMESPACES: usize = 32;
/// Most documents (`DocBody`) in one package, and most kept versions of one: nearly all have one.
pub const MAX_OFD_BODIES: usize = 16;
/// Most pages, templates, annotations or other files that one list of a package may name.
pub const MAX_OFD_LISTED: usize = 20_000;
/// Most bytes of XML parsed in one package, over all questions asked: a page is parsed again for each, and a file that
/// lists one large page many times would cost the product of both.
pub const MAX_OFD_PARSED: usize = 512 << 20;
/// Most members that the signatures of one package may refer to, all together: each is compared with its digest.
pub const MAX_OFD_REFERENCES: usize = 100_000;
/// Most signatures of one document in a package, and of one package that is verified: some programs seal each page on its
/// own. What each leaves open is looked for among all members.
pub const MAX_OFD_SIGNATURES: usize = 256;
/// Most deviations from the format that are named: a file with more has been said enough of.
pub const MAX_OFD_DEVIATIONS: usize = 256;
/// Most runs of text put together from the pages of one document, and most characters of them: a crowded page has some
/// thousand runs, and what is drawn by reference may be drawn any number of times.
pub const MAX_OFD_RUNS: usize = 200_000;
/// See [`MAX_OFD_RUNS`].
pub const MAX_OFD_TEXT: usize = 8_000_000;
/// Most objects looked at for the text of one document: a template is drawn on each page, and a composite unit may hold
/// many that hold many.
pub const MAX_OFD_DRAWN: usize = 5_000_000;
/// Most embedded fonts of one document whose character maps are looked into: converters embed one for each face, or for
/// each page and face, and a small map may claim a million characters.
pub const MAX_OFD_FONTS: usize = 256;
/// Most entries of those maps looked through: a full CJK font has seventy thousand.
pub const MAX_OFD_GLYPH_NAMES: usize = 4_000_000;
/// Deepest nesting of composite objects that refer to one another.
pub const MAX_OFD_COMPOSITES: usize = 8;
/// Most numbers in one array of an OFD: a line of text has an advance for each of its characters.
pub const MAX_OFD_ARRAY: usize = 100_000;
/// Largest page drawn, in pixels: A4 at 600 dpi has 35 million.
pub const MAX_RENDER_PIXELS: u64 = 40_000_000;
/// Longest time for opening a file to be drawn, or for drawing one page of it, in seconds: the most crowded pages of an
/// OFD take one, PDF pages with heavy shadings some ten. PDFs are drawn by a library that knows no other end.
pub const MAX_RENDER_SECONDS: u64 = 60;
/// Stack of the thread that draws: forms in PDF may stand in one another, composite units and blocks in OFD.
pub const MAX_RENDER_STACK: usize = 64 << 20;
/// Most steps of drawing one page of an OFD, each of one to five nanoseconds: a pixel put, a letter or segment read. A
/// page of an invoice takes 20 million at 150 dpi, one at 600 dpi with five layers of the whole page a thousand million.
pub const MAX_RENDER_WORK: u64 = 2_000_000_000;
/// Largest picture decoded for drawing, in pixels: a scanned A4 page at 600 dpi has 35 million.
pub const MAX_RENDER_PICTURE: u64 = 40_000_000;
/// Pixels of decoded pictures that are kept for further pages.
pub const MAX_RENDER_KEPT: u64 = 64_000_000;
/// Longest outline of a glyph, in segments: the most intricate ideographs have under a thousand.
pub const MAX_RENDER_OUTLINE: usize = 20_000;
/// Outlines that are kept for further pages.
pub const MAX_RENDER_OUTLINES: usize = 20_000;
/// Most notes on what is not drawn of one page.
pub const MAX_RENDER_NOTES: usize = 100;
/// Largest coordinate, size or factor read in an OFD; lengths are in millimetres, and no sheet has ten kilometres.
pub const MAX_OFD_NUMBER: f64 = 1.0e7;
