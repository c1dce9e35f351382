// Public verification page. Everything in the QR code is decoded and checked here, in the browser;
// the server gives the public keys and, for the certificate identifier alone, the present status.

// ---- text to bytes -------------------------------------------------------------------------

const DIGITS = [0, 3, 5, 8, 10, 13, 15, 17]; // digits for 0 to 7 bytes
const MAX_TEXT = 7200;
const MAX_TOKEN = 16384;

class TokenError extends Error {}

/** Seven bytes stand as seventeen digits; a rest of n bytes as DIGITS[n]. */
export function digitsToBytes(text) {
  if (!/^[0-9]+$/.test(text) || text.length > MAX_TEXT) throw new TokenError("digits");
  const out = [];
  for (let at = 0; at < text.length; at += 17) {
    const group = text.slice(at, at + 17);
    const size = DIGITS.indexOf(group.length);
    if (size < 1) throw new TokenError("length");
    let number = BigInt(group);
    if (number >> BigInt(8 * size)) throw new TokenError("overflow");
    const bytes = new Array(size);
    for (let i = size - 1; i >= 0; i--) {
      bytes[i] = Number(number & 255n);
      number >>= 8n;
    }
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}

/** The digits of a scanned or pasted text, or null. */
function digitsOf(text) {
  const trimmed = text.trim();
  const match = /^(?:https?:\/\/[^/#\s]+\/v#)?([0-9]+)$/i.exec(trimmed);
  return match ? match[1] : null;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    let step;
    try {
      step = await reader.read();
    } catch {
      throw new TokenError("deflate");
    }
    if (step.done) break;
    length += step.value.length;
    if (length > MAX_TOKEN) {
      reader.cancel().catch(() => {});
      throw new TokenError("deflate");
    }
    parts.push(step.value);
  }
  if (length <= bytes.length) throw new TokenError("deflate"); // not worth deflating: not ours
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// ---- CBOR: only what the token uses, only in deterministic form (RFC 8949 §4.2) ---------------

class Cbor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new TokenError("short");
    return this.bytes[this.at++];
  }

  take(length) {
    if (length > this.bytes.length - this.at) throw new TokenError("short");
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }

  /** Major type and argument, in the shortest form only. */
  head() {
    const first = this.byte();
    const info = first & 31;
    if (info < 24) return [first >> 5, info];
    if (info > 27) throw new TokenError("indefinite");
    const size = 1 << (info - 24);
    let value = 0n;
    for (const byte of this.take(size)) value = (value << 8n) | BigInt(byte);
    const least = [24n, 1n << 8n, 1n << 16n, 1n << 32n][info - 24];
    if (value < least || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TokenError("number");
    return [first >> 5, Number(value)];
  }

  value(depth = 0) {
    if (depth > 8) throw new TokenError("depth");
    const [major, argument] = this.head();
    switch (major) {
      case 0: return argument;
      case 1: return -1 - argument;
      case 2: return this.take(argument);
      case 3:
        try {
          return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(argument));
        } catch {
          throw new TokenError("text");
        }
      case 4: {
        if (argument > this.bytes.length) throw new TokenError("short");
        const items = [];
        for (let i = 0; i < argument; i++) items.push(this.value(depth + 1));
        return items;
      }
      case 5: {
        if (argument > this.bytes.length) throw new TokenError("short");
        const map = new Map();
        let before = null;
        for (let i = 0; i < argument; i++) {
          const start = this.at;
          const key = this.value(depth + 1);
          const encoded = this.bytes.subarray(start, this.at);
          if (before && compareBytes(before, encoded) >= 0) throw new TokenError("key order");
          before = encoded;
          map.set(key, this.value(depth + 1));
        }
        return map;
      }
      default: throw new TokenError("type");
    }
  }
}

function compareBytes(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

function decodeWhole(bytes) {
  const cbor = new Cbor(bytes);
  const value = cbor.value();
  if (cbor.at !== bytes.length) throw new TokenError("trailing bytes");
  return value;
}

function head(major, length) {
  if (length < 24) return [(major << 5) | length];
  if (length < 256) return [(major << 5) | 24, length];
  return [(major << 5) | 25, length >> 8, length & 255];
}

// ---- COSE_Sign1 and the claims of a face token -------------------------------------------------

const TYP = "certseal-face+cwt";
const FACE_CLAIM = -65537;
const IDENTIFIER_PREFIX = "1.2.156.3005.2.";
const CHINA = 8 * 3600;
const DAY = 86400;

const isText = (value) => typeof value === "string" && value.length > 0;
const isBytes = (value, length) => value instanceof Uint8Array && (length === undefined || value.length === length);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const dateAt = (seconds) => new Date((seconds + CHINA) * 1000).toISOString().slice(0, 10);

function need(ok, what) {
  if (!ok) throw new TokenError(what);
}

/** A map with exactly these keys (those with a "?" may be absent). */
function fields(map, required, optional, what) {
  need(map instanceof Map, what);
  for (const key of required) need(map.has(key), what);
  for (const key of map.keys()) need(required.includes(key) || optional.includes(key), what);
  return map;
}

export function parseToken(bytes) {
  need(bytes[0] === 0xd2, "not a token"); // tag 18, COSE_Sign1
  const parts = decodeWhole(bytes.subarray(1));
  need(Array.isArray(parts) && parts.length === 4, "COSE_Sign1");
  const [protectedBytes, unprotected, payload, signature] = parts;
  need(isBytes(protectedBytes) && isBytes(payload) && isBytes(signature, 64), "COSE_Sign1");
  need(unprotected instanceof Map && unprotected.size === 0, "unprotected header");
  const header = fields(decodeWhole(protectedBytes), [1, 4, 16], [], "protected header");
  need(header.get(1) === -7 && header.get(16) === TYP && isBytes(header.get(4), 8), "protected header");

  const claims = fields(decodeWhole(payload), [1, 5, 6, 7, FACE_CLAIM], [4], "claims");
  const face = fields(claims.get(FACE_CLAIM), [0, 1, 2, 3, 5, 6], [4], "face claims");
  const times = [claims.get(5), claims.get(6), claims.get(4) ?? 0, face.get(1), face.get(5)];
  need(times.every((value) => Number.isInteger(value) && Math.abs(value) < 3e11), "numbers");
  need([claims.get(1), face.get(0), face.get(2), face.get(3)].every(isText), "texts");
  need(!face.has(4) || isText(face.get(4)), "holder code");
  need(isBytes(claims.get(7)) && isBytes(face.get(6), 32), "bytes");
  const short = new TextDecoder().decode(claims.get(7)).split(".");
  need(short.length === 4 && short.every((part) => /^[0-9A-Z]+$/.test(part)), "identifier");
  const issuerCode = claims.get(1);
  const [type, serial, version, check] = short;

  const toBeSigned = Uint8Array.from([
    0x84, ...head(3, 10), ...new TextEncoder().encode("Signature1"),
    ...head(2, protectedBytes.length), ...protectedBytes,
    0x40, ...head(2, payload.length), ...payload,
  ]);
  return {
    kid: hex(header.get(4)),
    signature,
    toBeSigned,
    identifier: `${IDENTIFIER_PREFIX}${type}.${issuerCode}.${serial}.${version}.${check}`,
    issuerCode,
    typeCode: type,
    typeName: face.get(0),
    typeVersion: face.get(1),
    number: face.get(2),
    holder: face.get(3),
    holderCode: face.get(4),
    issuedOn: dateAt(face.get(5) * DAY - CHINA),
    validFrom: claims.get(5),
    validUntil: claims.get(4), // first second no longer in force
    madeAt: claims.get(6),
    faceDigest: hex(face.get(6)),
  };
}

async function signatureHolds(token, key) {
  const jwk = { kty: "EC", crv: "P-256", x: key.x, y: key.y };
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, token.signature, token.toBeSigned);
}

// ---- showing ---------------------------------------------------------------------------------

const ICONS = {
  good: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M7 12.5l3.5 3.5L17 9"],
  bad: ["M8 2h8l6 6v8l-6 6H8l-6-6V8z", "M8.5 8.5l7 7m0-7l-7 7"],
  wary: ["M12 2.5L22.5 21h-21z", "M12 9v6m0 2.2v.8"],
  calm: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M9.2 9.3a2.8 2.8 0 1 1 4.2 2.5c-.9.5-1.4 1-1.4 2.2m0 2.6v.8"],
};

/** An element: tag, attributes, children (strings are text, never markup). */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const en = (text) => el("span", { lang: "en" }, text);
const both = (tag, zh, english, attributes) => el(tag, attributes, zh, " ", en(english));

function icon(tone) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  ICONS[tone].forEach((path) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    for (const [name, value] of [["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "2"],
      ["stroke-linecap", "round"], ["stroke-linejoin", "round"]]) line.setAttribute(name, value);
    svg.append(line);
  });
  return svg;
}

const verdict = (tone, zh, english, text, textEn) =>
  el("div", { class: `verdict ${tone}` }, icon(tone),
    el("div", {}, both("h1", zh, english, { tabindex: "-1" }), both("p", text, textEn)));

const axis = (tone, name, nameEn, text, textEn, act) =>
  el("li", { class: tone }, icon(tone),
    el("div", { class: "text" }, el("b", {}, name, " ", en(nameEn)), text, en(textEn),
      act ? el("div", { class: "act" }, act) : null));

function list(rows, className) {
  const dl = el("dl", className ? { class: className } : {});
  for (const [zh, english, value] of rows) {
    if (value === undefined || value === null || value === "") continue;
    dl.append(both("dt", zh, english), el("dd", {}, value));
  }
  return dl;
}

const longDate = (date) => date.replace(/^(\d+)-(\d+)-(\d+)$/, (_, y, m, d) => `${y}年${+m}月${+d}日`);
const instant = (value) => {
  const at = new Date(value);
  const shown = new Date(at.getTime() + CHINA * 1000).toISOString();
  return `${longDate(shown.slice(0, 10))} ${shown.slice(11, 19)}（北京时间）`;
};

const utc = (value) => `${new Date(value).toISOString().slice(0, 19).replace("T", " ")} UTC`;

function show(...children) {
  const result = document.getElementById("result");
  result.replaceChildren(...children.filter(Boolean));
  result.hidden = false;
  const heading = result.querySelector("h1");
  document.title = `${heading ? heading.firstChild.textContent : ""} · 电子证照核验`;
  if (heading) heading.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
}

const stampLine = () => el("p", { class: "stamp" }, `核验时间 Checked at：${instant(Date.now())}`);
const printButton = () => el("button", { class: "plain", type: "button", onclick: () => window.print() }, "打印核验结果 ", en("Print"));

// ---- verdict on a token --------------------------------------------------------------------

const STATUS = {
  "in-force": ["good", "有效", "Valid", "登记簿显示该证照现行有效。", "The registry says the certificate is in force."],
  suspended: ["wary", "已暂扣", "Suspended", "该证照已被暂扣，暂停使用。", "The certificate is suspended."],
  revoked: ["bad", "已撤销", "Revoked", "该证照已被撤销或吊销，不再有效。", "The certificate has been revoked."],
  cancelled: ["bad", "已注销", "Cancelled", "该证照已注销，不再有效。", "The certificate has been cancelled."],
  superseded: ["bad", "已被换发", "Superseded", "该证照已被新证照替代，请出示新证照。", "A newer certificate has replaced this one."],
  expired: ["wary", "已过期", "Expired", "该证照已超过有效期。", "The certificate is past its last day."],
  "not-yet-valid": ["wary", "尚未生效", "Not yet valid", "该证照的有效期尚未开始。", "The certificate's period has not begun."],
};

// Genuine and within its dates, but nobody asked the registry that would know more.
const UNASKED = ["calm", "真实，状态待查", "Genuine; status not known",
  "内容真实、在有效期内；是否被暂扣或撤销，以登记簿为准。", "Genuine and within its period; the registry knows whether it was suspended or revoked."];

function periodAxis(token) {
  const now = Date.now() / 1000;
  const until = token.validUntil === undefined ? null : dateAt(token.validUntil - DAY);
  const name = ["有效期", "Period"];
  if (now < token.validFrom) {
    return ["wary", ...name, `自 ${longDate(dateAt(token.validFrom))} 起生效，尚未开始。`, "Its period has not begun."];
  }
  if (until === null) return ["good", ...name, "长期有效。", "No end date."];
  if (now >= token.validUntil) return ["wary", ...name, `已于 ${longDate(until)} 到期。`, `Ended after ${until}.`];
  return ["good", ...name, `有效期至 ${longDate(until)}。`, `Runs to ${until}.`];
}

/** Authenticity and issuer from the signature and the trusted keys. */
async function judge(token, keys) {
  const candidates = keys.filter((candidate) => candidate.kid === token.kid); // key ids are short
  if (candidates.length === 0) {
    return {
      head: ["wary", "无法判定", "Undetermined", "签发密钥不在本站掌握的信任列表中。", "The signing key is not on this site's trust list."],
      axes: [
        ["wary", "真实性", "Authenticity", "没有对应的公钥，签名无法验证。", "The signature cannot be checked without its public key."],
        ["wary", "签发机构", "Issuer", "未列入信任列表。请向二维码所示机构核实，或更新信任列表。", "Not listed. Ask the authority named, or update the trust list."],
      ],
      genuine: false,
    };
  }
  let key = null;
  for (const candidate of candidates) {
    if (await signatureHolds(token, candidate)) {
      key = candidate;
      break;
    }
  }
  if (!key) {
    return {
      head: ["bad", "核验不通过", "Not authentic", "签名与内容不符：二维码内容被改动或系伪造。", "The signature does not match: the code was altered or forged."],
      axes: [
        ["bad", "真实性", "Authenticity", "签名验证失败，请勿采信。", "The signature does not verify. Do not rely on it."],
        ["wary", "签发机构", "Issuer", `二维码自称由“${candidates[0].authority}”签发，未能证实。`, "The issuer it claims is not proven."],
      ],
      genuine: false,
    };
  }
  const vouched = key.issuers === undefined || Object.hasOwn(key.issuers, token.issuerCode);
  const issuerProblem = !vouched
    ? ["签发密钥属于另一机构，与二维码所示颁证机构不一致。", "The key belongs to another authority than the one named."]
    : token.madeAt < Date.parse(key.valid_from) / 1000 || token.madeAt > Date.parse(key.valid_until) / 1000
      ? ["签发时间不在密钥有效期内。", "It was signed outside the key's validity."]
      : key.type_codes && !key.type_codes.includes(token.typeCode)
        ? ["该机构未获准签发此类证照。", "The authority may not issue this type."]
        : null;
  if (issuerProblem) {
    return {
      head: ["bad", "核验不通过", "Not acceptable", ...issuerProblem],
      axes: [
        ["good", "真实性", "Authenticity", "签名有效，内容未被改动。", "The signature verifies; nothing was altered."],
        ["bad", "签发机构", "Issuer", ...issuerProblem],
      ],
      genuine: false,
    };
  }
  const period = periodAxis(token);
  const axes = [
    ["good", "真实性", "Authenticity", "签名有效，内容未被改动。", "The signature verifies; nothing was altered."],
    ["good", "签发机构", "Issuer", `${key.authority}，已列入信任列表。`, "The authority is on the trust list."],
    period,
  ];
  const headLine = period[0] === "good"
    ? UNASKED
    : [...STATUS[Date.now() / 1000 < token.validFrom ? "not-yet-valid" : "expired"]];
  const paper = "请逐项比对下列内容与所出示的证照；如有不同，以不一致论。";
  return { head: headLine, axes, genuine: true, paper, authority: key.authority, issuer: key.issuers?.[token.issuerCode] };
}

async function checkDigits(digits) {
  let token;
  try {
    let bytes = digitsToBytes(digits);
    if (bytes[0] === 0x78) {
      if (typeof DecompressionStream === "undefined") return offerServer(digits);
      bytes = await inflate(bytes);
    }
    token = parseToken(bytes);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return show(
      verdict("bad", "无法识别", "Unreadable", "二维码内容残缺、被改动，或不是电子证照二维码。", "The code is damaged, altered, or not a certificate's code."),
      el("p", { class: "advice" }, "请重新扫描；仍无法识别时，请上传证照文件核验。", en("Scan again, or upload the certificate file.")),
    );
  }
  if (!globalThis.crypto || !crypto.subtle) return offerServer(digits);

  let keys;
  try {
    keys = (await getJson("/v/keys.json")).keys;
  } catch {
    return show(
      verdict("wary", "无法判定", "Undetermined", "未能取得签发机构的公钥，请检查网络后重试。", "The public keys could not be fetched; check the network."),
      el("button", { type: "button", onclick: () => checkDigits(digits) }, "重试 ", en("Try again")),
    );
  }
  const judged = await judge(token, keys);
  drawToken(token, judged, null);
  if (judged.genuine) await askStatus(token, judged);
}

function drawToken(token, judged, status) {
  let { head: headLine } = judged;
  const axes = judged.axes.slice();
  const statusAxis = (tone, text, textEn) => axes.push([tone, "当前状态", "Present status", text, textEn]);
  let button = null;
  if (judged.genuine) {
    if (!status) {
      statusAxis("calm", "正在查询……", "Asking the registry…");
    } else if (status.problem) {
      statusAxis("wary", status.problem, status.problemEn);
      button = el("button", { type: "button" }, "重新查询 ", en("Ask again"));
      button.addEventListener("click", () => {
        button.disabled = true;
        askStatus(token, judged);
      });
    } else if (!status.registered) {
      const ours = status.responsible;
      if (ours) {
        headLine = ["bad", "未登记", "Not registered", "签发机构的登记簿中没有这张证照，请勿采信。", "The issuer's registry does not know this certificate. Do not rely on it."];
      }
      statusAxis(ours ? "bad" : "wary",
        ours ? "登记簿中没有这张证照。" : "本站登记簿不管理该机构的证照，请到其核验网站查询。",
        ours ? "Unknown to the registry." : "Another registry is responsible for this authority.");
    } else {
      headLine = STATUS[status.state] ?? ["wary", "无法判定", "Undetermined", "登记簿给出未知状态。", "The registry gave a state unknown to this page."];
      statusAxis(headLine[0], `${headLine[1]}，截至 ${instant(status.as_of)}。`, `${headLine[2]}, as of ${utc(status.as_of)}.`);
    }
  }
  const until = token.validUntil === undefined ? "长期" : longDate(dateAt(token.validUntil - DAY));
  show(
    verdict(...headLine),
    el("ul", { class: "axes" }, ...axes.map((row) => axis(...row))),
    el("div", { class: "row" }, button, printButton()),
    judged.paper ? el("p", { class: "advice" }, judged.paper, en("Compare each line with the certificate in front of you.")) : null,
    both("h2", judged.genuine ? "签发时的照面内容" : "二维码所称内容（未证实）", judged.genuine ? "As signed" : "As claimed, not proven"),
    list([
      ["证照类型", "Type", token.typeName],
      ["证照编号", "Number", token.number],
      ["持证主体", "Holder", token.holder],
      ["持证主体代码", "Holder code (masked)", token.holderCode],
      ["颁证机构", "Issued by", judged.issuer],
      ["信任列表机构", "Vouched for by", judged.authority],
      ["颁证机构代码", "Issuer code", token.issuerCode],
      ["颁发日期", "Issued on", longDate(token.issuedOn)],
      ["有效期", "Valid", `${longDate(dateAt(token.validFrom))} 至 ${until}`],
      ["电子证照标识", "Identifier", token.identifier],
    ]),
    el("details", {}, both("summary", "技术细节", "Technical details"),
      list([
        ["签名算法", "Algorithm", "ES256 (ECDSA P-256, SHA-256), COSE_Sign1"],
        ["密钥标识", "Key id", token.kid],
        ["照面数据摘要", "SHA-256 of the face data", token.faceDigest],
        ["签发时刻", "Signed at", instant(token.madeAt * 1000)],
        ["模板版本", "Template version", String(token.typeVersion)],
      ], "technical")),
    stampLine(),
  );
}

/** Asks the registry; only the identifier is sent. */
async function askStatus(token, judged) {
  let status;
  try {
    status = await postJson("/v/status", { identifier: token.identifier });
  } catch (error) {
    status = {
      problem: error.detail ?? "暂时查不到，请稍后重试。",
      problemEn: error.detailEn ?? "The registry could not be asked; try again later.",
    };
  }
  drawToken(token, judged, status);
}

// ---- by the server: files, and codes this browser cannot check ---------------------------------

const CONCLUSION = {
  good: ["good", "核验通过", "Genuine and in force"],
  signed: ["calm", "签名有效（不是电子证照）", "Validly signed; no electronic certificate"],
  "not-in-force": ["wary", "真实，但现不在效力内", "Genuine, but not in force"],
  undecided: ["wary", "无法判定", "Undetermined"],
  bad: ["bad", "核验不通过", "Not genuine"],
};
const OUTCOME = { passed: "good", failed: "bad", undecided: "wary" };
const FORCE = {
  "in-force": "有效", "by-dates": "在有效期内（登记状态未查）", "not-yet": "尚未生效", expired: "已过有效期",
  suspended: "已暂扣", revoked: "已撤销", cancelled: "已注销", superseded: "已换发",
};

function finding(one) {
  const tone = OUTCOME[one.outcome] ?? "wary";
  return axis(tone, one.title, one.title_en, one.message, one.message_en,
    one.hint ? both("span", one.hint, one.hint_en) : null);
}

const INDICATION = { "TOTAL-PASSED": "good", "TOTAL-FAILED": "bad", INDETERMINATE: "wary" };

/** One signature of a document, in the words of the report. */
const signatureOf = (one) =>
  axis(INDICATION[one.indication] ?? "wary", one.fields.join(", ") || "–", one.format ?? "", one.headline, one.headline_en);

/** The common name in a distinguished name, or all of it where there is none. */
const commonName = (name) => /(?:^|, )CN=([^,]+)/.exec(name ?? "")?.[1] ?? name;

/** The same words as for a code: tone, verdict and explanation, each in both languages. */
function headOf(report, genuine) {
  if (genuine && report.in_force === "by-dates") return UNASKED;
  const state = genuine && STATUS[report.in_force === "not-yet" ? "not-yet-valid" : report.in_force];
  const [tone, zh, english] = state || (CONCLUSION[report.conclusion] ?? CONCLUSION.undecided);
  return [tone, zh, english, report.headline, report.headline_en];
}

function showReport(report) {
  const genuine = ["good", "not-in-force"].includes(report.conclusion);
  const asked = report.findings.filter((one) => one.outcome !== "not-applicable");
  const skipped = asked.filter((one) => one.code === "NOT_PERFORMED");
  const open = asked.filter((one) => one.outcome !== "passed" && !skipped.includes(one));
  const passed = asked.filter((one) => one.outcome === "passed");
  const subject = report.subject;
  const force = FORCE[report.in_force];
  const folded = (some, zh, english) => some.length === 0 ? null
    : el("details", {}, both("summary", `${zh} ${some.length} 项检查`, `${some.length} checks ${english}`),
      el("ul", { class: "axes" }, ...some.map(finding)));
  show(
    verdict(...headOf(report, genuine)),
    open.length ? el("ul", { class: "axes" }, ...open.map(finding)) : null,
    subject ? both("h2", genuine ? "证照内容" : "所称内容（未证实）", genuine ? "What it says" : "What it claims, not proven") : null,
    subject ? list([
      ["当前效力", "In force", genuine ? force : null],
      ["证照类型", "Type", subject.type_name],
      ["证照编号", "Number", subject.number],
      ["持证主体", "Holder", subject.holder_name],
      ["持证主体代码", "Holder code (masked)", subject.holder_code_masked],
      ["颁证机构", "Issued by", subject.issuer_name ?? subject.issuer_code],
      ["颁发日期", "Issued on", longDate(subject.issued_on)],
      ["有效期", "Valid", `${longDate(subject.valid_from)} 至 ${subject.valid_until ? longDate(subject.valid_until) : "长期"}`],
      ["电子证照标识", "Identifier", subject.identifier],
      ["签章人", "Signed by", commonName(report.signed_by?.name)],
      ["登记簿截至", "Registry as of", report.registry_as_of ? instant(report.registry_as_of) : null],
    ]) : null,
    report.signatures.length ? both("h2", "签名与时间戳", "Signatures and timestamps") : null,
    report.signatures.length ? el("ul", { class: "axes" }, ...report.signatures.map(signatureOf)) : null,
    folded(skipped, "因前项未通过而未做的", "not made because of what failed before"),
    folded(passed, "已通过的", "passed"),
    el("div", { class: "row" }, printButton()),
    stampLine(),
  );
}

function showProblem(error) {
  show(
    verdict("wary", "未能核验", "Not checked", error.detail ?? "网络或服务暂不可用，请稍后重试。",
      error.detailEn ?? "The network or the service is not available; try again later."),
    error.requestId ? el("p", { class: "stamp" }, `request_id：${error.requestId}`) : null,
  );
}

function offerServer(digits) {
  const button = el("button", { type: "button" }, "由服务器核验 ", en("Check on the server"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      showReport(await postBody("/v1/verify", "text/plain", digits));
    } catch (error) {
      showProblem(error);
    }
  });
  show(
    verdict("wary", "此浏览器无法本地核验", "This browser cannot check it", "请改用新版浏览器并以 https 打开；或由服务器核验。",
      "Use a current browser over https, or let the server check."),
    el("p", { class: "advice" }, "由服务器核验会把二维码内容（含持证主体名称）发送到本站。", en("That sends what the code holds, the holder's name included, to this site.")),
    button,
  );
}

async function answer(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    // not JSON: the fields below stay empty and the page says so in its own words
  }
  if (response.ok && body) return body;
  throw Object.assign(new Error("refused"), {
    detail: body?.detail, detailEn: body?.detail_en, requestId: body?.request_id,
  });
}

const getJson = async (url) => answer(await fetch(url, { credentials: "omit" }));
const postBody = async (url, type, body) =>
  answer(await fetch(url, { method: "POST", credentials: "omit", headers: { "content-type": type }, body }));
const postJson = (url, value) => postBody(url, "application/json", JSON.stringify(value));

async function checkFile(file, button) {
  button.disabled = true;
  try {
    const type = file.type || (/\.pdf$/i.test(file.name) ? "application/pdf" : "application/octet-stream");
    showReport(await postBody("/v1/verify", type, file));
  } catch (error) {
    showProblem(error);
  } finally {
    button.disabled = false;
  }
}

// ---- start --------------------------------------------------------------------------------

function fromAddress() {
  const text = location.hash.slice(1);
  if (text === "" || text === "main") return;
  checkDigits(/^[0-9]+$/.test(text) ? text : "");
}

if (typeof document !== "undefined") {
  window.addEventListener("hashchange", fromAddress);
  document.getElementById("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) document.getElementById("file-name").textContent = file.name;
  });
  document.getElementById("file-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [file] = document.getElementById("file").files;
    if (file) checkFile(file, event.submitter ?? event.target.querySelector("button"));
  });
  document.getElementById("text-form").addEventListener("submit", (event) => {
    event.preventDefault();
    checkDigits(digitsOf(document.getElementById("text").value) ?? "");
  });
  fromAddress();
}
