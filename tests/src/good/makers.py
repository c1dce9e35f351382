"""Good files by many programs: argv is a folder for what is made, and a folder to work in.

A form by ReportLab, as it is and as qpdf writes it, is signed by Poppler and by pdfsigner; what is signed is then filled in,
noted on, and signed again by others. Names begin with what is to be said of a file: `passed`, or `open` for what a
person has to see. `tests/tests/neighbours.rs` runs it.
"""

import ctypes
import pathlib
import subprocess
import sys

import pdfsigner
import pypdf
import pypdfium2
from pypdf.annotations import FreeText, Text
from reportlab.pdfgen import canvas

target, work = map(pathlib.Path, sys.argv[1:])
PASSWORD = "secret"


def run(*words):
    done = subprocess.run([str(word) for word in words], cwd=work, capture_output=True, check=False)
    # pdfsig fails on leaving its key store, when all is done.
    assert done.returncode == 0 or words[0] == "pdfsig", done


# 1. A root and two signers, for those who take a key store and those who take a file.
usage = "keyUsage=critical,"
run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", 900,
    "-subj", "/CN=Root", "-addext", usage + "keyCertSign,cRLSign")
(work / "signer.cnf").write_text(usage + "digitalSignature,nonRepudiation\n")
(work / "nss").mkdir()
run("certutil", "-d", "sql:nss", "-N", "--empty-password")
for name, kind in [("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])]:
    run("openssl", "req", "-newkey", *kind, "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
    run("openssl", "x509", "-req", "-in", name + ".csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
        "-days", 600, "-out", name + ".pem", "-extfile", "signer.cnf")
    for old in ([], ["-legacy"]):
        run("openssl", "pkcs12", "-export", *old, "-inkey", name + ".key", "-in", name + ".pem", "-certfile", "root.pem",
            "-name", name, "-passout", "pass:" + PASSWORD, "-out", name + (".old" if old else ".p12"))
    run("pk12util", "-d", "sql:nss", "-i", name + ".old", "-W", PASSWORD)

# 2. A form, as three programs write it.
page = canvas.Canvas(str(work / "form.pdf"), pagesize=(595, 842))
form = page.acroForm
page.drawString(72, 780, "Application")
form.textfield(name="Name", x=150, y=730, width=200, height=20, fontName="Helvetica", fontSize=11)
form.textfield(name="Note", x=150, y=540, width=250, height=60, fieldFlags="multiline", fontName="Helvetica", fontSize=10)
form.choice(name="City", x=150, y=650, width=120, height=20, options=["Xian", "Jinan"], value="Xian", fieldFlags="combo")
form.checkbox(name="Agree", x=150, y=695, size=16)
page.showPage()
page.save()
run("qpdf", "--linearize", "form.pdf", "linear.pdf")
run("qpdf", "--object-streams=generate", "form.pdf", "packed.pdf")


# 3. Who signs.
def poppler(by, source, out):
    run("pdfsig", "-nssdir", "sql:nss", "-add-signature", "-nick", by, source, out)


def rust(by, source, out, **more):
    pdfsigner.sign_pdf(str(source), str(out), str(work / (by + ".p12")), PASSWORD, **more)


# 4. Who fills in and notes.
def pypdf_fills(source, out, values, **how):
    writer = pypdf.PdfWriter(source, incremental=True)
    writer.update_page_form_field_values(writer.pages[0], values, **how)
    writer.write(out)


def pypdf_notes(source, out, note):
    writer = pypdf.PdfWriter(source, incremental=True)
    writer.add_annotation(0, note)
    writer.write(out)


def pdfium_types(source, out):
    raw = pypdfium2.raw
    document = pypdfium2.PdfDocument(source)
    document.init_forms()
    page, form = document[0], document.formenv.raw
    raw.FORM_OnAfterLoadPage(page.raw, form)
    raw.FORM_OnLButtonDown(form, page.raw, 0, 200.0, 740.0)
    raw.FORM_OnLButtonUp(form, page.raw, 0, 200.0, 740.0)
    text = ctypes.create_string_buffer("Zhang".encode("utf-16-le") + b"\0\0")
    raw.FORM_ReplaceSelection(form, page.raw, ctypes.cast(text, ctypes.POINTER(ctypes.c_ushort)))
    raw.FORM_ForceToKillFocus(form)
    document.save(str(out), flags=raw.FPDF_INCREMENTAL)
    document.close()


VALUES = {"Name": "Zhang", "Note": "one two", "City": "Jinan", "Agree": "/Yes"}
BOX = (400, 700, 420, 720)
for base in ["form", "linear", "packed"]:
    signed = {}
    # Poppler of Debian 12 guesses how long its signature will be, and with ECDSA guesses wrong at times.
    for name, by, signs in [("poppler", "rsa", poppler), ("rust", "ec", rust)]:
        signed[name] = target / f"passed-{base}-{name}.pdf"
        signs(by, work / (base + ".pdf"), signed[name])
    seen = target / f"passed-{base}-rust-seen.pdf"
    rust("rsa", work / (base + ".pdf"), seen, signtext="Signed", reason="agreed")
    for name, source in signed.items():
        there = target / f"passed-{base}-{name}"
        pypdf_fills(source, f"{there}-pypdf.pdf", VALUES, auto_regenerate=False)
        rust("rsa", f"{there}-pypdf.pdf", f"{there}-pypdf-rust.pdf")
        rust("rsa", source, f"{there}-rust.pdf", signtext="Signed too")
        # PDFium writes cross-reference streams that do not say what they are.
        if base != "packed":
            # It packs the empty look that Poppler leaves of an unseen signature.
            typed = target / f"{'open' if name == 'poppler' else 'passed'}-{base}-{name}-pdfium"
            pdfium_types(source, f"{typed}.pdf")
            rust("ec", f"{typed}.pdf", f"{typed}-rust.pdf")
        # Viewers are left to draw the fields anew; a note, and words over the page, that nobody allowed.
        there = target / f"open-{base}-{name}"
        pypdf_fills(source, f"{there}-redrawn.pdf", {"Name": "Zhang"})
        pypdf_notes(source, f"{there}-note.pdf", Text(rect=BOX, text="a note"))
        pypdf_notes(source, f"{there}-words.pdf", FreeText(rect=BOX, text="words"))
