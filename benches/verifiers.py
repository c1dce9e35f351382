"""certseal, pyHanko and pdfsig on the same signed files, in one run, on one core.

    target/tools/pyhanko/bin/python benches/verifiers.py [--files 1000] [--work FOLDER] [--json]

A work folder that is named is kept, and its files are used again.

Half of the files are certificates that certseal issued (ECDSA P-256, one signature, about 70 kB); the other half are
strangers' (RSA-2048 under a CA of their own, made here by pyHanko: 20 to 200 kB, two formats, every fifth with two
signatures). All three are given the roots and the revocation lists. CPU time is what counts: other work on the machine
shows less in it. Some shows all the same, by caches and memory, so the three take turns and the best run of each counts.
Process start is in pdfsig's time, which takes one file a process, and in certseal's; pyHanko runs as a library in one
process, and its imports are told apart. Each gives its verdict on every file: certseal on a line, pdfsig in its text,
pyHanko in memory. What whole reports in JSON cost is measured beside it.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
# How often each of them is measured, and how often in a row: whoever begins its turn finds what it works on gone from
# memory while the others had theirs, which a program that is done in a third of a second feels more than one that is not.
TURNS = 3
RUNS = 2


def own_files(certseal, work, count):
    """Certificates of a demonstration district, as it stores them; its home."""
    district = work / "demo"
    # One in sixty of the district's backlog is more than enough for a thousand files.
    run = [certseal, "demo", "--out", district, "--scale", str(max(1, 34000 // (count * 2)))]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stored = lambda home: sorted((home / "documents").glob("**/*.pdf"))
    home = max((file.parent for file in district.glob("**/certseal.toml")), key=lambda home: len(stored(home)))
    stored = stored(home)
    chosen = random.Random(7).sample(stored, min(count, len(stored)))
    assert len(chosen) == count, f"only {len(stored)} documents in {home}"
    return home, chosen


class Strangers:
    """A root, a CA, a signer and their revocation lists, all RSA-2048."""

    def __init__(self, work):
        self.folder = work / "strangers"
        self.folder.mkdir()
        key = lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        self.keys = {who: key() for who in ("root", "ca", "signer")}
        issuers = {"root": "root", "ca": "root", "signer": "ca"}
        self.certificates = {}
        for serial, (who, by) in enumerate(issuers.items(), 1):
            builder = x509.CertificateBuilder(
                issuer_name=name(f"Strangers' {by}"), subject_name=name(f"Strangers' {who}"),
                public_key=self.keys[who].public_key(), serial_number=serial,
                not_valid_before=NOW - 30 * DAY, not_valid_after=NOW + 3000 * DAY,
            )
            is_ca = who != "signer"
            usage = dict.fromkeys(
                ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
                 "decipher_only"), False)
            usage |= {"digital_signature": not is_ca, "content_commitment": not is_ca, "key_cert_sign": is_ca, "crl_sign": is_ca}
            for extension, critical in (
                (x509.BasicConstraints(ca=is_ca, path_length=None), True),
                (x509.KeyUsage(**usage), True),
                (x509.SubjectKeyIdentifier.from_public_key(self.keys[who].public_key()), False),
                (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.keys[by].public_key()), False),
            ):
                builder = builder.add_extension(extension, critical)
            self.certificates[who] = builder.sign(self.keys[by], hashes.SHA256())
        self.lists = []
        for by in ("root", "ca"):
            revocations = x509.CertificateRevocationListBuilder(
                issuer_name=self.certificates[by].subject, last_update=NOW - DAY, next_update=NOW + 30 * DAY)
            revocations = revocations.add_extension(x509.CRLNumber(1), False).add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.keys[by].public_key()), False)
            self.lists.append(revocations.sign(self.keys[by], hashes.SHA256()))
        self.root = self.folder / "root.pem"
        self.root.write_bytes(self.certificates["root"].public_bytes(serialization.Encoding.PEM))
        self.crls = []
        for number, revocations in enumerate(self.lists):
            path = self.folder / f"{number}.crl"
            path.write_bytes(revocations.public_bytes(serialization.Encoding.DER))
            self.crls.append(path)

    def files(self, count):
        """PDFs signed with pyHanko."""
        from pyhanko.keys import load_certs_from_pemder_data
        from pyhanko.pdf_utils import generic
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
        from pyhanko.sign import fields, signers
        from pyhanko_certvalidator.registry import SimpleCertificateStore
        from asn1crypto import keys as asn1_keys
        import io

        pem = lambda who: self.certificates[who].public_bytes(serialization.Encoding.PEM)
        loaded = {who: next(iter(load_certs_from_pemder_data(pem(who)))) for who in self.certificates}
        registry = SimpleCertificateStore()
        registry.register_multiple([loaded["ca"], loaded["root"]])
        key = self.keys["signer"].private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        signer = signers.SimpleSigner(
            signing_cert=loaded["signer"], signing_key=asn1_keys.PrivateKeyInfo.load(key), cert_registry=registry)
        chance = random.Random(11)
        made = []
        for number in range(count):
            writer = PdfFileWriter(stream_xrefs=number % 2 == 0)
            content = b"BT /F1 12 Tf 72 720 Td (certseal) Tj ET\n%" + chance.randbytes(chance.randint(10_000, 90_000)).hex().encode()
            stream = writer.add_object(generic.StreamObject(stream_data=content))
            page = PageObject(contents=stream, media_box=generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))))
            page["/Resources"] = generic.DictionaryObject()
            writer.insert_page(page)
            out = io.BytesIO()
            writer.write(out)
            for turn in range(2 if number % 5 == 0 else 1):
                out.seek(0)
                incremental = IncrementalPdfFileWriter(out)
                subfilter = fields.SigSeedSubFilter.PADES if number % 2 == 0 else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED
                meta = signers.PdfSignatureMetadata(field_name=f"Sig{turn}", md_algorithm="sha256", subfilter=subfilter)
                out = signers.sign_pdf(incremental, meta, signer)
            path = self.folder / f"{number:05}.pdf"
            path.write_bytes(out.getvalue())
            made.append(path)
        return made


def pyhanko_child(files, roots, crls):
    """Validates every file in this one process; prints what it took."""
    began = time.process_time()
    from asn1crypto import crl as asn1_crl
    from pyhanko.keys import load_certs_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    lists = [asn1_crl.CertificateList.load(pathlib.Path(path).read_bytes()) for path in crls]
    context = ValidationContext(
        trust_roots=list(load_certs_from_pemder(roots)), crls=lists, allow_fetching=False, revocation_mode="hard-fail")
    imports = time.process_time() - began
    good = 0
    began, wall = time.process_time(), time.monotonic()
    for path in files:
        with open(path, "rb") as file:
            reader = PdfFileReader(file)
            statuses = [validate_pdf_signature(signature, context) for signature in reader.embedded_regular_signatures]
        good += bool(statuses) and all(status.bottom_line for status in statuses)
    spent = time.process_time() - began
    print(json.dumps({
        "cpu": spent, "wall": time.monotonic() - wall, "good": good, "imports": imports,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


def measured(command, core, out=subprocess.PIPE):
    """CPU time, time on the wall, peak memory and output of a process on one core. The memory is never less than
    what this process had when it forked: GNU time tells of smaller ones."""
    began = time.monotonic()
    child = subprocess.Popen(
        [str(part) for part in command], stdout=out, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, core))
    text = child.stdout.read() if out == subprocess.PIPE else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - began, "rss": usage.ru_maxrss * 1024,
        "output": text.decode(errors="replace"), "status": child.returncode,
    }


def floor(files):
    """What must be computed whatever the program: the digest of the covered bytes and one signature, by OpenSSL."""
    from asn1crypto import cms
    from pyhanko.pdf_utils.reader import PdfFileReader

    jobs = []
    for path in files:
        with open(path, "rb") as file:
            for signature in PdfFileReader(file).embedded_regular_signatures:
                a, b, c, d = signature.byte_range
                data = path.read_bytes()
                signed = signature.signed_data
                info = signed["signer_infos"][0]
                serial = info["sid"].chosen["serial_number"].native
                issuer = info["sid"].chosen["issuer"]
                certificate = next(
                    found.chosen for found in signed["certificates"]
                    if found.chosen.serial_number == serial and found.chosen.issuer == issuer)
                key = serialization.load_der_public_key(certificate.public_key.dump())
                attributes = info["signed_attrs"].untag().dump()
                jobs.append((data[a:a + b], data[c:c + d], key, info["signature"].native, attributes))
    began = time.process_time()
    for before, behind, key, signature, attributes in jobs:
        digest = hashlib.sha256(before)
        digest.update(behind)
        digest.digest()
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, attributes, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, attributes, padding.PKCS1v15(), hashes.SHA256())
    return time.process_time() - began, len(jobs)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--work", type=pathlib.Path)
    options.add_argument("--json", action="store_true")
    options.add_argument("--certseal", default=ROOT / "target/release/certseal", type=pathlib.Path)
    options.add_argument("--child", nargs=3)
    args = options.parse_args()
    if args.child:
        files, roots, crls = (pathlib.Path(path).read_text().splitlines() for path in args.child)
        return pyhanko_child(files, roots, crls)

    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="verifiers-"))
    work.mkdir(exist_ok=True)
    os.environ["CERTSEAL_PASSPHRASE"] = "bench, not a secret"
    try:
        result = race(args, work)
    finally:
        if not args.work:
            shutil.rmtree(work)
    if args.json:
        print(json.dumps(result, indent=1))
    else:
        tell(result)


def prepared(args, work):
    """The files, with the home, root and lists that go with them; those of an earlier run where they are there."""
    record = work / "set.json"
    if not record.exists():
        home, ours = own_files(args.certseal, work, args.files // 2)
        strangers = Strangers(work)
        files = ours + strangers.files(args.files - len(ours))
        random.Random(13).shuffle(files)
        text = {"home": home, "files": files, "root": strangers.root, "crls": strangers.crls}
        record.write_text(json.dumps(text, default=str))
    told = json.loads(record.read_text())
    paths = lambda names: [pathlib.Path(name) for name in names]
    return pathlib.Path(told["home"]), paths(told["files"]), pathlib.Path(told["root"]), paths(told["crls"])


# Of a verdict that passes: a certificate in force, a signed document, a certificate that is not in force any more.
PASSING = ("[ 通过 ]", "[ 签名 ]", "[ 失效 ]")


def certseal_turn(verify, core):
    told = measured(verify, core)
    lines = told.pop("output").splitlines()
    return told | {"good": sum(line.startswith(PASSING) for line in lines)}


def certseal_json_turn(verify, core):
    told = measured([*verify, "--json"], core)
    verdicts = [json.loads(line)["report"]["indication"] for line in told.pop("output").splitlines()]
    return told | {"good": verdicts.count("TOTAL-PASSED")}


def pdfsig_turn(database, files, core):
    sums = {"cpu": 0.0, "wall": 0.0, "rss": 0, "good": 0}
    for path in files:
        told = measured(["pdfsig", "-nssdir", f"sql:{database}", "-no-ocsp", path], core)
        sums["cpu"] += told["cpu"]
        sums["wall"] += told["wall"]
        sums["rss"] = max(sums["rss"], told["rss"])
        text = told["output"]
        sums["good"] += "Signature is Valid" in text and "Signature is Invalid" not in text and "Certificate is Trusted" in text
    return sums


def race(args, work):
    home, files, root, lists = prepared(args, work)
    names = work / "files.txt"
    names.write_text("".join(f"{path}\n" for path in files))
    roots, crls = work / "roots.txt", work / "crls.txt"
    pki = home / "pki"
    roots.write_text(f"{root}\n{pki / 'root.cer'}\n")
    own_lists = sorted(pki.glob("*.crl"))
    crls.write_text("".join(f"{path}\n" for path in lists + own_lists))
    for path in files:  # the page cache holds them all before anything is timed
        path.read_bytes()
    core = {max(os.sched_getaffinity(0))}
    result = {"files": len(files), "bytes": sum(path.stat().st_size for path in files), "load": os.getloadavg()[0]}

    verify = [args.certseal, "--home", home, "verify", "--offline", "--list", names, "--anchor", root]
    for path in lists:
        verify += ["--crl", path]
    database = work / "nss"
    shutil.rmtree(database, ignore_errors=True)
    database.mkdir()
    subprocess.run(["certutil", "-N", "--empty-password", "-d", f"sql:{database}"], check=True)
    for number, path in enumerate((root, pki / "root.cer")):
        subprocess.run(["certutil", "-A", "-d", f"sql:{database}", "-n", f"root {number}", "-t", "CT,C,C", "-i", path], check=True)
    for _ in range(TURNS):
        for name, turn in (
            ("certseal", lambda: certseal_turn(verify, core)),
            ("certseal --json", lambda: certseal_json_turn(verify, core)),
            ("pyhanko", lambda: json.loads(measured([sys.executable, __file__, "--child", names, roots, crls], core)["output"])),
            ("pdfsig", lambda: pdfsig_turn(database, files, core)),
        ):
            runs = [turn() for _ in range(RUNS)]
            result[name] = min([*runs, result.get(name)], key=lambda one: one["cpu"] if one else float("inf"))
    every = measured(verify, os.sched_getaffinity(0))
    result["certseal_all_cores"] = {"cores": len(os.sched_getaffinity(0)), "wall": every["wall"], "rss": every["rss"]}
    one = measured([*verify[:verify.index("--list")], files[0]], core)
    result["certseal_one_file"] = {"cpu": one["cpu"], "wall": one["wall"], "rss": one["rss"]}

    spent, signatures = floor(files)
    result["floor"] = {"cpu": spent, "signatures": signatures}
    return result


def tell(result):
    count = result["files"]
    print(f"{count} files, {result['bytes'] / count / 1000:.0f} kB on average, load {result['load']:.1f}; one core, CPU time")
    print(f"{'':24}{'files/s':>10}{'ms/file':>10}{'MB':>8}{'good':>8}")
    rate = lambda one: count / one["cpu"]
    for name in ("certseal", "certseal --json", "pyhanko", "pdfsig"):
        one = result[name]
        print(f"{name:24}{rate(one):10.0f}{1000 / rate(one):10.3f}{one['rss'] / 1e6:8.0f}{one['good']:8}")
    one = result["floor"]
    print(f"{'floor':24}{rate(one):10.0f}{1000 / rate(one):10.3f}")
    every, single = result["certseal_all_cores"], result["certseal_one_file"]
    print(f"certseal on {every['cores']} cores: {count / every['wall']:.0f} files/s by the clock, {every['rss'] / 1e6:.0f} MB")
    print(f"certseal, one file a process: {single['cpu'] * 1000:.1f} ms; pyHanko's imports: {result['pyhanko']['imports'] * 1000:.0f} ms")
    for name in ("pyhanko", "pdfsig"):
        print(f"certseal / {name}: {rate(result['certseal']) / rate(result[name]):.1f}")
    print(f"certseal over the floor: {result['certseal']['cpu'] / result['floor']['cpu']:.1f}")


if __name__ == "__main__":
    main()
