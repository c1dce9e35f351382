//! What a judgement lacked, from the addresses that the certificates give: answers of OCSP responders, revocation
//! lists, certificates of issuers. Only where the operator allows it.
//!
//! What comes back is believed in no way: the judgement made again checks its signatures. What is guarded against
//! here are answers that do not come, do not end or are none, and certificates that send us, who may stand where
//! strangers cannot reach, to machines that are not public.

use std::{
    collections::BTreeSet,
    error::Error,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use certseal_core::{
    crypto::sha256,
    files,
    home::RevocationConfig,
    limits::{MAX_CRL_BYTES, MAX_OCSP_BYTES},
    trust::{
        load,
        revocation::{crl::Crl, ocsp::OcspResponse},
        wanted::{Notes, Place, Wanted},
    },
    verify::TrustMaterial,
};
use jiff::Timestamp;
use ureq::{
    Agent, Proxy,
    config::Config,
    http::{Uri, header},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use crate::output::{self, Failure};

/// Longest time one request may take, from looking up the name to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Most requests for one input.
const MAX_REQUESTS: usize = 24;
/// Longest time for all of them: whoever wrote the addresses may know many machines that never answer.
const TOTAL_TIME: Duration = Duration::from_mins(1);
/// How often a judgement is made again: an issuer may have an issuer, and both want revocation lists.
const MAX_ROUNDS: usize = 6;
/// Largest certificate, or bundle of them, taken.
const MAX_ISSUER_BYTES: usize = 256 << 10;
/// Most redirections followed, each of them to a public host.
const MAX_REDIRECTS: u32 = 3;

/// Fetches, and keeps what it fetched until newer is due.
pub(crate) struct Fetcher {
    agent: Agent,
    cache: Option<PathBuf>,
}

/// What was looked at for one input.
struct Tried {
    asked: BTreeSet<Place>,
    kept: BTreeSet<Place>,
    until: Instant,
}

/// Why nothing usable came.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("{url}：通信失败 (no answer)")]
    Connection { url: String, source: ureq::Error },
    #[error("{url}：HTTP 状态 {status} (not served)")]
    Status { url: String, status: u16 },
    #[error("{url}：内容不可用 (unusable)")]
    Unusable {
        url: String,
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Fetcher {
    /// As configured; what is fetched is kept in the folder `cache`, where there is one.
    pub(crate) fn new(config: &RevocationConfig, cache: Option<&Path>) -> Result<Self, Failure> {
        let mut builder = Agent::config_builder()
            .timeout_global(Some(TIME_LIMIT))
            .max_redirects(MAX_REDIRECTS)
            .http_status_as_error(false)
            .user_agent(concat!("certseal/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &config.proxy {
            let proxy = Proxy::new(proxy)
                .map_err(|error| Failure::from_error(&format!("代理地址 {proxy}"), &error))?;
            builder = builder.proxy(Some(proxy));
        }
        let hosts = Hosts {
            inner: DefaultResolver::default(),
            private: config.private_hosts,
        };
        Ok(Self {
            agent: Agent::with_parts(builder.build(), DefaultConnector::default(), hosts),
            cache: cache.map(Path::to_owned),
        })
    }

    /// Makes a judgement, fetches what it lacked, and makes it again, as long as something new is had.
    pub(crate) fn judge<T>(
        &self,
        mut material: TrustMaterial,
        now: Timestamp,
        mut judge: impl FnMut(&TrustMaterial) -> T,
    ) -> T {
        let mut tried = Tried {
            asked: BTreeSet::new(),
            kept: BTreeSet::new(),
            until: Instant::now() + TOTAL_TIME,
        };
        let mut rounds = 0;
        loop {
            rounds += 1;
            let notes = Arc::new(Notes::default());
            material.revocations = material.revocations.noting(Arc::clone(&notes));
            let judged = judge(&material);
            let mut found = false;
            for wanted in notes.take() {
                found |= self.fetch(&wanted, &mut material, &mut tried, now);
            }
            if !found || rounds == MAX_ROUNDS {
                return judged;
            }
        }
    }

    /// From the first place that has it.
    fn fetch(
        &self,
        wanted: &Wanted,
        material: &mut TrustMaterial,
        tried: &mut Tried,
        now: Timestamp,
    ) -> bool {
        for place in &wanted.places {
            // 1. What was kept; once, for where it did not help it is no good.
            if tried.kept.insert(place.clone()) && self.take_kept(place, material, now) {
                return true;
            }
            // 2. The place itself.
            if tried.asked.len() >= MAX_REQUESTS
                || Instant::now() >= tried.until
                || !tried.asked.insert(place.clone())
            {
                continue;
            }
            match self.take(place, material, now) {
                Ok(()) => return true,
                Err(error) => output::note(
                    Failure::from_error(
                        &format!("获取 {} 的吊销信息或上级证书", wanted.certificate),
                        &error,
                    )
                    .hint("核验照常进行，以现有资料为准。"),
                ),
            }
        }
        false
    }

    fn kept(&self, place: &Place) -> Option<(PathBuf, Vec<u8>)> {
        let path = self.cache.as_ref()?.join(name_of(place));
        let bytes = files::read_to(&path, limit(place)).ok()?;
        Some((path, bytes))
    }

    /// Adds what was kept; gives whether it is new enough. What is not still knows whom it named.
    fn take_kept(&self, place: &Place, material: &mut TrustMaterial, now: Timestamp) -> bool {
        self.kept(place).is_some_and(|(_, bytes)| {
            add(place, &bytes, material).is_ok()
                && matches!(until(place, &bytes), Ok(until) if until.is_none_or(|until| until > now))
        })
    }

    fn take(&self, place: &Place, material: &mut TrustMaterial, now: Timestamp) -> Result<(), NoAnswer> {
        let bytes = self.get(place)?;
        let unusable = |source| NoAnswer::Unusable {
            url: address(place).to_owned(),
            source,
        };
        let until = until(place, &bytes).map_err(unusable)?;
        add(place, &bytes, material).map_err(unusable)?;
        if let Some(cache) = &self.cache
            && until.is_none_or(|until| until > now)
            && !self.keeps_newer(place, &bytes, now)
        {
            let path = cache.join(name_of(place));
            if let Err(error) = keep(&path, &bytes) {
                output::note(Failure::from_error(&format!("写入 {}", path.display()), &error));
            }
        }
        Ok(())
    }

    /// Whether something newer is kept: who sends something old may wish that the newer be forgotten.
    fn keeps_newer(&self, place: &Place, bytes: &[u8], now: Timestamp) -> bool {
        let kept = self.kept(place).and_then(|(_, kept)| made_at(place, &kept));
        kept.is_some_and(|kept| kept <= now && made_at(place, bytes).is_none_or(|made| made < kept))
    }

    fn get(&self, place: &Place) -> Result<Vec<u8>, NoAnswer> {
        let url = || address(place).to_owned();
        let failed = |source| NoAnswer::Connection { url: url(), source };
        let answer = match place {
            Place::Ocsp { url, request } => self
                .agent
                .post(url)
                .header(header::CONTENT_TYPE, "application/ocsp-request")
                .header(header::ACCEPT, "application/ocsp-response")
                .send(request),
            other => self.agent.get(address(other)).call(),
        };
        let mut answer = answer.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(NoAnswer::Status {
                url: url(),
                status: answer.status().as_u16(),
            });
        }
        let body = answer.body_mut().with_config().limit(limit(place) as u64);
        body.read_to_vec().map_err(failed)
    }
}

fn address(place: &Place) -> &str {
    match place {
        Place::Ocsp { url, .. } | Place::Crl { url } | Place::Issuer { url } => url,
        _ => "",
    }
}

fn limit(place: &Place) -> usize {
    match place {
        Place::Ocsp { .. } => MAX_OCSP_BYTES,
        Place::Crl { .. } => MAX_CRL_BYTES,
        _ => MAX_ISSUER_BYTES,
    }
}

/// Under which name an answer is kept.
fn name_of(place: &Place) -> String {
    let (request, ending) = match place {
        Place::Ocsp { request, .. } => (&request[..], "ocsp"),
        Place::Crl { .. } => (&[][..], "crl"),
        _ => (&[][..], "cer"),
    };
    let digest = sha256(&[address(place).as_bytes(), b"\0", request].concat());
    format!("{}.{ending}", hex::encode(digest))
}

/// Until when an answer counts for new; none for a certificate, which says itself. One that does not say is never
/// kept.
fn until(place: &Place, bytes: &[u8]) -> Result<Option<Timestamp>, Box<dyn Error + Send + Sync>> {
    Ok(match place {
        Place::Ocsp { .. } => Some(
            OcspResponse::parse(bytes)?
                .next_update()
                .unwrap_or(Timestamp::MIN),
        ),
        Place::Crl { .. } => {
            let list = Crl::parse(&load::der_of(bytes)?)?;
            Some(list.next_update().unwrap_or(Timestamp::MIN))
        }
        _ => None,
    })
}

/// When an answer was made; none of a certificate.
fn made_at(place: &Place, bytes: &[u8]) -> Option<Timestamp> {
    match place {
        Place::Ocsp { .. } => OcspResponse::parse(bytes).ok().map(|answer| answer.produced_at()),
        Place::Crl { .. } => Some(Crl::parse(&load::der_of(bytes).ok()?).ok()?.this_update()),
        _ => None,
    }
}

fn add(
    place: &Place,
    bytes: &[u8],
    material: &mut TrustMaterial,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    match place {
        Place::Ocsp { .. } => material.revocations.add_ocsp(bytes)?,
        Place::Crl { .. } => material.revocations.add_crl(&load::der_of(bytes)?)?,
        _ => material.intermediates.extend(load::certificates_of(bytes)?),
    }
    Ok(())
}

fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    files::write(path, bytes)
}

/// Names to addresses, of public hosts only unless others are allowed. Asked for every connection, so that neither a
/// redirection nor a name that resolves anew leads elsewhere. A proxy has its own rules.
#[derive(Debug)]
struct Hosts {
    inner: DefaultResolver,
    private: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("不是公网地址，未连接 (not a public host)")]
struct NotPublic;

impl Resolver for Hosts {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let is_direct = config.proxy().is_none();
        if is_direct && !self.private && found.iter().any(|address| !is_public(address.ip())) {
            return Err(ureq::Error::Other(Box::new(NotPublic)));
        }
        Ok(found)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            // IETF protocol assignments, relays of 6to4, benchmarks (RFC 6890).
            let special = matches!((a, b, c), (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _));
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || shared
                || special
                || a == 0
                || a >= 240)
        }
        // Global unicast, of which some lead to an address of version 4 (6to4, Teredo) or nowhere.
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, b, ..] => b >= 0x0200 && b != 0x0db8,
            [0x2002 | 0x3fff, ..] => false,
            [a, ..] => a & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        collections::BTreeMap,
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpListener,
        process::{Child, Command, Stdio},
        sync::Mutex,
        thread,
    };

    use certseal_core::{
        crypto::{AlgorithmPolicy, x509},
        trust::{
            existence::Existence,
            path::{Certificates, PathContext, PathError, Usage, VerifiedPath, validate},
            work::Work,
        },
    };
    use tempfile::TempDir;

    use super::*;

    /// Serves files, and counts how often each was asked for.
    struct Files {
        port: u16,
        asked: Arc<Mutex<Vec<String>>>,
    }

    fn serve(files: impl Fn(u16) -> BTreeMap<String, Vec<u8>>) -> Files {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let files = files(port);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap_or(0);
                let line = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = match files.get(&path) {
                    Some(bytes) if path == "/root.moved" => write!(
                        stream,
                        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        String::from_utf8_lossy(bytes)
                    ),
                    Some(bytes) => {
                        let head = format!(
                            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                            bytes.len()
                        );
                        stream.write_all(&[head.as_bytes(), bytes].concat())
                    }
                    None => stream.write_all(
                        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    ),
                };
                seen.lock().unwrap().push(path);
            }
        });
        Files { port, asked }
    }

    struct Responder(Child);

    impl Drop for Responder {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn shell(folder: &Path, script: &str) {
        let done = Command::new("sh")
            .arg("-ec")
            .arg(script)
            .current_dir(folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{script}\n{said}");
    }

    fn config(private_hosts: bool) -> RevocationConfig {
        RevocationConfig {
            fetch: true,
            private_hosts,
            ..RevocationConfig::default()
        }
    }

    /// A root, an authority below it that the signature leaves out, and a signer. The authority's revocation stands
    /// on the root's list; about the signer a responder answers.
    #[test]
    fn what_is_missing_is_fetched_once_and_kept() {
        if Command::new("openssl").arg("version").output().is_err() {
            assert_ne!(std::env::var("CERTSEAL_JUDGES").as_deref(), Ok("required"));
            return;
        }
        let folder = TempDir::new().unwrap();
        let at = folder.path();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let responder_port = free.local_addr().unwrap().port();
        drop(free);
        let files = serve(|port| {
            let ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";
            shell(
                at,
                &format!(
                    "for name in root middle leaf; do \
                         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key; \
                         openssl req -new -key $name.key -subj /CN=$name -out $name.csr; done; \
                     printf '{ca}\n' > root.ext; \
                     printf '{ca}\ncrlDistributionPoints=URI:http://127.0.0.1:{port}/root.moved\n' > middle.ext; \
                     printf 'keyUsage=digitalSignature\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:{responder_port}/,\
                         caIssuers;URI:http://127.0.0.1:{port}/none,caIssuers;URI:http://127.0.0.1:{port}/middle.cer\n' > leaf.ext; \
                     openssl x509 -req -in root.csr -key root.key -days 900 -extfile root.ext -out root.pem; \
                     openssl x509 -req -in middle.csr -CA root.pem -CAkey root.key -set_serial 2 -days 800 -extfile middle.ext -out middle.pem; \
                     openssl x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -set_serial 3 -days 700 -extfile leaf.ext -out leaf.pem; \
                     openssl x509 -in middle.pem -outform DER -out middle.cer; \
                     printf 'V\t351231235959Z\t\t03\tunknown\t/CN=leaf\n' > index; : > none; echo 01 > number; \
                     printf '[ca]\ndefault_ca=d\n[d]\ndatabase=none\ncrlnumber=number\ndefault_md=sha256\n' > conf; \
                     openssl ca -config conf -gencrl -keyfile root.key -cert root.pem -crldays 7 -out root.crl"
                ),
            );
            let read = |name: &str| fs::read(at.join(name)).unwrap();
            BTreeMap::from([
                ("/middle.cer".to_owned(), read("middle.cer")),
                ("/root.crl".to_owned(), read("root.crl")),
                (
                    "/root.moved".to_owned(),
                    format!("http://127.0.0.1:{port}/root.crl").into_bytes(),
                ),
            ])
        });
        let mut responder = Command::new("openssl");
        responder
            .args([
                "ocsp",
                "-index",
                "index",
                "-CA",
                "middle.pem",
                "-rsigner",
                "middle.pem",
                "-rkey",
                "middle.key",
            ])
            .args(["-ndays", "7", "-port", &responder_port.to_string()])
            .current_dir(at)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut responder = Responder(responder.spawn().unwrap());
        // To connect for a try would do: the responder waits for what a connection never says.
        let mut said = BufReader::new(responder.0.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().starts_with("ACCEPT")));

        let der = |name: &str| {
            x509::parse_bundle(&fs::read(at.join(name)).unwrap())
                .unwrap()
                .remove(0)
        };
        let (root, leaf) = (der("root.pem"), der("leaf.pem"));
        let now = Timestamp::now() + jiff::SignedDuration::from_mins(1);
        let judge = |material: &TrustMaterial| -> Result<VerifiedPath, PathError> {
            let context = PathContext {
                anchors: &Certificates::of([&root]),
                revocations: &material.revocations,
                at: now,
                usage: Usage::Document,
                policies: &[],
                policy: AlgorithmPolicy::built_in(),
                policy_at: now,
                now,
                existence: Existence::UNPROVEN,
                work: &Work::default(),
            };
            validate(&leaf, &[&Certificates::of(&material.intermediates)], &context)
        };
        let cache = at.join("cache");
        let asked = || std::mem::take(&mut *files.asked.lock().unwrap());

        // Hosts that are not public are left alone unless allowed.
        let fetcher = Fetcher::new(&config(false), Some(&cache)).unwrap();
        let refused = fetcher.judge(TrustMaterial::default(), now, judge);
        assert_eq!(refused.unwrap_err(), PathError::UnknownIssuer);
        assert_eq!(asked(), Vec::<String>::new());

        let fetcher = Fetcher::new(&config(true), Some(&cache)).unwrap();
        let path = fetcher.judge(TrustMaterial::default(), now, judge).unwrap();
        assert_eq!(path.certificates().len(), 2);
        assert_eq!(path.undecided().count(), 0, "{path:?}");
        assert_eq!(asked(), ["/none", "/middle.cer", "/root.moved", "/root.crl"]);

        // Now all but what was not served is at hand, and the responder need not be there.
        drop(responder);
        let path = fetcher.judge(TrustMaterial::default(), now, judge).unwrap();
        assert_eq!(path.undecided().count(), 0);
        assert_eq!(asked(), ["/none"]);
        // What somebody else signed, as new as it may look, is not kept on to: it does not help, and is asked for.
        let place = Place::Crl {
            url: format!("http://127.0.0.1:{}/root.moved", files.port),
        };
        let kept = cache.join(name_of(&place));
        let good = fs::read(&kept).unwrap();
        shell(
            at,
            "openssl req -x509 -new -key leaf.key -subj /CN=root -days 900 -out forger.pem; \
             openssl ca -config conf -gencrl -keyfile leaf.key -cert forger.pem -crldays 9000 -out forged.crl",
        );
        fs::copy(at.join("forged.crl"), &kept).unwrap();
        let path = fetcher.judge(TrustMaterial::default(), now, judge).unwrap();
        assert_eq!(path.undecided().count(), 0);
        assert_eq!(asked(), ["/none", "/root.moved", "/root.crl"]);
        // Nor does something older take the place of what is kept.
        let newer = now + jiff::SignedDuration::from_secs(30);
        shell(
            at,
            &format!(
                "openssl ca -config conf -gencrl -keyfile root.key -cert root.pem -crl_lastupdate 20{} \
                     -crldays 7 -out newer.crl",
                newer.strftime("%y%m%d%H%M%SZ")
            ),
        );
        fs::copy(at.join("newer.crl"), &kept).unwrap();
        let newer = newer + jiff::SignedDuration::from_secs(1);
        assert!(fetcher.keeps_newer(&place, &good, newer));
        fs::write(&kept, &good).unwrap();
        assert!(!fetcher.keeps_newer(&place, &fs::read(at.join("newer.crl")).unwrap(), newer));
        // What is out of date is asked for again.
        let later = now + jiff::SignedDuration::from_hours(24 * 8);
        fetcher.judge(TrustMaterial::default(), later, judge).unwrap();
        assert!(asked().contains(&"/root.crl".to_owned()));
    }

    #[test]
    fn hosts_that_are_not_public_are_known() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "255.255.255.255",
            "192.0.0.170",
            "198.18.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "2606:4700::1111", "2001:4860:4860::8888", "172.32.0.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
