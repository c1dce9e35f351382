"""Good files by another program: argv is a folder of unsigned PDFs and a folder for what is made of them.

Signs in fields old and new, seen and unseen; certifies at each level; signs again; adds evidence, metadata and
timestamps; extends for archives up to three times. Every file is as good as its maker can make it.
"""

import datetime
import io
import logging
import pathlib
import sys

from asn1crypto import crl, keys, x509
from cryptography import x509 as cx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.fields import SigSeedValFlags, SigSeedValueSpec
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

logging.disable(logging.CRITICAL)
source, target = map(pathlib.Path, sys.argv[1:])
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
day = datetime.timedelta(days=1)
DER, SHA256 = serialization.Encoding.DER, hashes.SHA256()


def named(text):
    return cx.Name([cx.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(text, key, issuer, is_authority=False, purpose=None):
    usage = cx.KeyUsage(not is_authority, not is_authority, False, False, False, is_authority, is_authority, False, False)
    made = cx.CertificateBuilder().subject_name(named(text)).issuer_name(named("Root")).public_key(key.public_key())
    made = made.serial_number(cx.random_serial_number()).not_valid_before(now - 90 * day).not_valid_after(now + 900 * day)
    made = made.add_extension(cx.BasicConstraints(is_authority, None), True).add_extension(usage, True)
    if purpose:
        made = made.add_extension(cx.ExtendedKeyUsage([purpose]), True)
    return x509.Certificate.load(made.sign(issuer, SHA256).public_bytes(DER))


root_key = ec.generate_private_key(ec.SECP256R1())
root = certificate("Root", root_key, root_key, is_authority=True)
store = SimpleCertificateStore()
store.register(root)
revoked = cx.CertificateRevocationListBuilder().issuer_name(named("Root")).last_update(now - day).next_update(now + 90 * day)
revoked = crl.CertificateList.load(revoked.sign(root_key, SHA256).public_bytes(DER))


def pkcs8(key):
    plain = serialization.NoEncryption()
    return keys.PrivateKeyInfo.load(key.private_bytes(DER, serialization.PrivateFormat.PKCS8, plain))


def signer(text, key, **more):
    mine = certificate(text, key, root_key)
    return signers.SimpleSigner(signing_cert=mine, signing_key=pkcs8(key), cert_registry=store, **more)


long_key = rsa.generate_private_key(65537, 2048)
p256 = signer("P-256", ec.generate_private_key(ec.SECP256R1()))
p384 = signer("P-384", ec.generate_private_key(ec.SECP384R1()))
by_rsa, by_pss = signer("RSA", long_key), signer("PSS", long_key, prefer_pss=True)
edwards = signer("Ed25519", ed25519.Ed25519PrivateKey.generate())
stamper_cert = certificate("Stamper", long_key, root_key, purpose=ExtendedKeyUsageOID.TIME_STAMPING)
stamper = timestamps.DummyTimeStamper(
    tsa_cert=stamper_cert, tsa_key=pkcs8(long_key), certs_to_embed=store, fixed_dt=now)


def trust():
    return ValidationContext(
        trust_roots=[root], crls=[revoked], allow_fetching=False, moment=now + datetime.timedelta(seconds=1),
        revocation_mode="soft-fail")


def sign(data, name="Late", who=p256, box=None, stamps=None, **how):
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    how.setdefault("subfilter", SigSeedSubFilter.PADES)
    field = SigFieldSpec(name, box=box) if box else None
    made = signers.PdfSigner(
        signers.PdfSignatureMetadata(field_name=name, **how), who, timestamper=stamps, new_field_spec=field)
    return made.sign_pdf(writer).getvalue()


def archived(data):
    out = io.BytesIO(data)
    PdfTimeStamper(stamper).update_archival_timestamp_chain(PdfFileReader(out, strict=False), trust(), in_place=True)
    return out.getvalue()


def stamped(data):
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    return PdfTimeStamper(stamper).timestamp_pdf(writer, "sha256", trust()).getvalue()


def with_evidence(data):
    out = io.BytesIO(data)
    value = PdfFileReader(out, strict=False).embedded_signatures[0].pkcs7_content
    DocumentSecurityStore.add_dss(out, value, certs=[root, stamper_cert], crls=[revoked])
    return out.getvalue()


def saved(data):
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    writer._update_meta = True
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_field(data, spec):
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    fields.append_signature_field(writer, spec)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


for path in sorted(source.glob("*.pdf")):
    data = path.read_bytes()

    def emit(name, made):
        (target / f"{path.stem}-{name}.pdf").write_bytes(made)
        return made

    approved = emit("approved", sign(data))
    emit("approved-in-old-field", sign(data, "Second", by_rsa))
    emit("approved-seen", sign(data, "Seen", box=(300, 10, 360, 40)))
    emit("pkcs7", sign(data, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
    emit("p384", sign(data, who=p384, md_algorithm="sha384"))
    emit("pss", sign(data, who=by_pss, md_algorithm="sha256"))
    emit("ed25519", sign(data, who=edwards, md_algorithm="sha512"))
    emit("twice", sign(approved, "Second", by_rsa))
    emit("three-times", sign(sign(approved, "a.b.c"), "a.b.d", by_rsa))
    emit("saved", saved(approved))
    emit("evidence", with_evidence(approved))
    for level in MDPPerm:
        certified = emit(f"certified-{level.name}", sign(data, certify=True, docmdp_permissions=level))
        emit(f"certified-{level.name}-evidence", with_evidence(certified))
        emit(f"certified-{level.name}-stamped", stamped(certified))
        if level != MDPPerm.NO_CHANGES:
            emit(f"certified-{level.name}-twice", sign(certified, "Second", by_rsa))
    for action in FieldMDPAction:
        names = None if action == FieldMDPAction.ALL else ["Amount", "Second"][action == FieldMDPAction.EXCLUDE :]
        lock = FieldMDPSpec(action, names)
        spec = SigFieldSpec("Lock", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.FILL_FORMS)
        locked = emit(f"lock-{action.name}", sign(with_field(data, spec), "Lock"))
        emit(f"lock-{action.name}-evidence", with_evidence(locked))
    seed = SigSeedValueSpec(reasons=["read", "agreed"], flags=SigSeedValFlags.REASONS)
    emit("seed", sign(with_field(data, SigFieldSpec("Seed", seed_value_dict=seed)), "Seed", reason="read"))
    lasting = sign(data, stamps=stamper, embed_validation_info=True, use_pades_lta=True, validation_context=trust())
    emit("lta", lasting)
    emit("lta-twice", archived(lasting))
    emit("lta-three-times", archived(archived(lasting)))
    emit("lta-and-signed", sign(lasting, "Second", by_rsa))
    emit("archived-later", archived(approved))
