#!/usr/bin/env python3
"""Holds our verdicts against every file that pyHanko's own test suite hands to its validator.

    python3 benches/pyhanko_suite.py [WORK] [CERTSEAL]

The source archive of pyHanko 0.38.0 on PyPI brings its tests and their data. They are run with a plugin that keeps each
file and what was said of each signature in it; then certseal judges the files, without trust, so that only the question
of integrity and of what came later is compared. Takes some five minutes and the network. Prints a table, and each file
on which the two part.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = "0.38.0"
SUITES = "diff_analysis signing pades seed_values sign_encrypted ades_validation xref pdfmac key_usage_constraints meta fields cms crypt"

PLUGIN = '''
import functools, hashlib, json, os, pathlib
import pyhanko.sign.validation as validation
from pyhanko.sign.validation import ades, pdf_embedded

OUT = pathlib.Path(os.environ["KEPT"])
Embedded = pdf_embedded.EmbeddedPdfSignature


def keep(signature, **said):
    stream = signature.reader.stream
    position = stream.tell()
    stream.seek(0)
    data = stream.read()
    stream.seek(position)
    name = hashlib.sha256(data).hexdigest()[:16]
    (OUT / f"{name}.pdf").write_bytes(data)
    test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
    with open(OUT / "said.jsonl", "a") as log:
        log.write(json.dumps({"file": name, "test": test, "field": signature.field_name, **said}) + "\\n")


def summary(self, _of=Embedded.summarise_integrity_info):
    try:
        found = _of(self)
    except Exception as error:
        keep(self, error=f"{type(error).__name__}: {error}"[:160])
        raise
    keep(self, good=found.get("docmdp_ok") is not False and "Suspicious" not in str(found.get("diff_result"))
         and found["coverage"].name in ("ENTIRE_FILE", "ENTIRE_REVISION"), why=str(found.get("diff_result"))[:160])
    return found


Embedded.summarise_integrity_info = summary


def watched(judge):
    @functools.wraps(judge)
    async def judged(*args, **named):
        signature = args[0] if args else named.get("embedded_sig")
        try:
            status = await judge(*args, **named)
        except Exception as error:
            if isinstance(signature, Embedded):
                keep(signature, error=f"{type(error).__name__}: {error}"[:160])
            raise
        if isinstance(signature, Embedded):
            said = getattr(status, "api_status", status)
            keep(signature, good=said.intact and said.valid and getattr(said, "docmdp_ok", None) is not False, why="")
        return status
    return judged


for home, names in (
    (pdf_embedded, ["async_validate_pdf_signature", "async_validate_pdf_timestamp"]),
    (ades, ["ades_basic_validation", "ades_with_time_validation", "ades_lta_validation"]),
):
    for name in names:
        before = getattr(home, name)
        after = watched(before)
        for module in (validation, pdf_embedded, ades):
            if getattr(module, name, None) is before:
                setattr(module, name, after)
'''


def made(work):
    """The files, and what was said of each."""
    kept = work / "kept"
    if (kept / "said.jsonl").exists():
        return kept
    python = work / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", work, f"pyhanko=={VERSION}"], check=True)
    with tarfile.open(work / f"pyhanko-{VERSION}.tar.gz") as archive:
        archive.extractall(work, filter="data")
    source = work / f"pyhanko-{VERSION}"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "-e", f"{source}[opentype,qr,image-support,etsi,requests]", "pytest>=6.1.1", "freezegun",
         "certomancer[web-api-async]>=0.16.0", "pytest-asyncio>=1.1.0,<2.0", "pytest-aiohttp>=1.0.4,<1.2.0", "requests_mock", "python-pkcs11"],
        check=True,
    )
    (work / "keeping.py").write_text(PLUGIN)
    kept.mkdir(exist_ok=True)
    subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "keeping", "-o", "log_cli=false", *(f"tests/test_{name}.py" for name in SUITES.split())],
        cwd=source, env=os.environ | {"KEPT": str(kept), "PYTHONPATH": str(work)}, check=True,
    )
    return kept


def judged(certseal, files):
    """Our verdict on each, by name."""
    verdicts = {}
    for start in range(0, len(files), 100):
        run = subprocess.run([certseal, "verify", "--no-home", "--json", *files[start:start + 100]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in run.stdout.splitlines():
            told = json.loads(line)
            verdicts[pathlib.Path(told["input"]).stem] = told["report"]
    return verdicts


def main():
    work = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/pyhanko-suite").resolve()
    certseal = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "target/release/certseal").resolve()
    work.mkdir(parents=True, exist_ok=True)
    kept = made(work)
    said = collections.defaultdict(list)
    for line in (kept / "said.jsonl").read_text().splitlines():
        told = json.loads(line)
        said[told["file"]].append(told)
    verdicts = judged(certseal, [kept / f"{name}.pdf" for name in sorted(said)])
    table, parted = collections.Counter(), []
    for name, all_said in sorted(said.items()):
        good = {bool(one.get("good")) for one in all_said}
        theirs = "both, by settings" if len(good) == 2 else "good" if good == {True} else "refused"
        ours = verdicts[name]["indication"]
        table[theirs, ours] += 1
        if (theirs, ours) == ("good", "TOTAL-FAILED") or theirs == "refused" and ours != "TOTAL-FAILED":
            why = next((one.get("error") or one.get("why") for one in all_said if not one.get("good")), "")
            parted.append((theirs, ours, verdicts[name]["reason"], all_said[0]["test"].split("::")[-1], why))
    print(f"{len(said)} files; pyHanko's word on integrity and later changes, ours without trust:")
    for (theirs, ours), count in sorted(table.items()):
        print(f"{count:5}  {theirs:18} {ours}")
    for row in sorted(parted, key=str):
        print(" | ".join(str(part) for part in row))


if __name__ == "__main__":
    main()
