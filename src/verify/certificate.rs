//! Certificates: read, held against a root, a name and the time, and reduced to the keys in them.

use std::{sync::Arc, time::Duration as StdDuration};

use memchr::memmem;
use pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject};
use time::OffsetDateTime;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use webpki_roots::TLS_SERVER_ROOTS;
use x509_cert::{
    Certificate,
    der::{
        Decode, Encode,
        asn1::{AnyRef, PrintableStringRef, Utf8StringRef},
        oid::db::rfc4519::COMMON_NAME,
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
    time::Time,
};

use super::public_key::PublicKey;
use crate::{
    Error, ErrorKind, KeyMaterial,
    provider::{Algorithm, Certificates, Host, Roots},
};

const UNTRUSTED: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::KeyUntrusted, detail);

/// More than this is no chain of certificates.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 8;

/// Who vouches for certificates; a provider's data says so unless a [verifier](crate::VerifierBuilder::trust) is told.
#[derive(Clone, Debug)]
pub struct Trust(Whom);

#[derive(Clone, Debug)]
enum Whom {
    Host,
    Roots(Arc<[TrustAnchor<'static>]>),
}

impl Trust {
    /// These certificates, in PEM, and no others: roots, or intermediate ones where a host does not serve them.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if there is none, or one that cannot be read.
    pub fn roots(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let anchors = anchors(pem.as_ref())?;
        if anchors.is_empty() {
            return Err(Error::new(ErrorKind::Config, "there is no root certificate in it"));
        }
        Ok(Self(Whom::Roots(anchors.into())))
    }

    /// The host that serves them, which is one of the provider's own and is reached by `https`: what vendors' own
    /// libraries ask for where they name no root. Names and dates are checked all the same.
    pub fn host() -> Self {
        Self(Whom::Host)
    }

    /// What the provider's data says.
    pub(super) fn of(roots: Roots) -> Result<Self, Error> {
        let Roots::Of(owner, others) = roots else { return Ok(Self::host()) };
        let owned = |root: &&TrustAnchor<'static>| memmem::find(&root.subject, owner.as_bytes()).is_some();
        let mut all: Vec<TrustAnchor<'static>> = TLS_SERVER_ROOTS.iter().filter(owned).cloned().collect();
        for pem in others {
            all.extend(anchors(pem.as_bytes())?);
        }
        Ok(Self(Whom::Roots(all.into())))
    }
}

fn anchors(pem: &[u8]) -> Result<Vec<TrustAnchor<'static>>, Error> {
    const UNREADABLE: Error = Error::new(ErrorKind::Config, "a root certificate cannot be read");
    let mut anchors = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        let der = der.map_err(|_| UNREADABLE)?;
        anchors.push(anchor_from_trusted_cert(&der).map_err(|_| UNREADABLE)?.to_owned());
    }
    Ok(anchors)
}

/// The keys of a certificate that was believed.
#[derive(Debug)]
pub(super) struct Believed {
    keys: Vec<(Algorithm, PublicKey)>,
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

impl Believed {
    /// Reads the leaf, which comes first, and what may lead from it to a root.
    pub(super) fn of(
        data: &Certificates,
        algorithms: &[Algorithm],
        trust: &Trust,
        material: &KeyMaterial,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let ders = chain(&material.bytes)?;
        let (first, others) = ders.split_first().ok_or(UNTRUSTED("there is no certificate there"))?;
        let leaf = read(first)?;
        if !named(&leaf, data.names) {
            return Err(UNTRUSTED("the certificate bears another name"));
        }
        let (mut from, mut until) = validity(&leaf)?;
        if let Whom::Roots(roots) = &trust.0 {
            for der in path(first, others, roots, now)? {
                let (after, before) = validity(&read(&der)?)?;
                (from, until) = (from.max(after), until.min(before));
            }
        }
        if now < from || until <= now {
            return Err(UNTRUSTED("the certificate is not valid now"));
        }
        const NO_KEY: Error = Error::new(ErrorKind::KeyUntrusted, "the certificate's key is of another kind");
        let spki = leaf.tbs_certificate().subject_public_key_info().to_der().map_err(|_| NO_KEY)?;
        let key = |algorithm: &Algorithm| Ok((*algorithm, PublicKey::new(*algorithm, &spki).map_err(|_| NO_KEY)?));
        Ok(Self { keys: algorithms.iter().map(key).collect::<Result<_, Error>>()?, from, until })
    }

    pub(super) fn key(&self, algorithm: Algorithm) -> Option<&PublicKey> {
        self.keys.iter().find(|(own, _)| *own == algorithm).map(|(_, key)| key)
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    const NONE: &str = "it is no certificate in PEM";
    if pem.len() > LONGEST {
        return Err(UNTRUSTED("it is too long for a certificate"));
    }
    let ders = CertificateDer::pem_slice_iter(pem).take(DEEPEST);
    ders.collect::<Result<_, _>>().map_err(|_| UNTRUSTED(NONE))
}

fn read(der: &[u8]) -> Result<Certificate, Error> {
    Certificate::from_der(der).map_err(|e| UNTRUSTED("the certificate cannot be read").because(e.to_string()))
}

/// The certificates between the leaf and a root, once the way holds as of `now`.
fn path(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &[TrustAnchor<'static>],
    now: OffsetDateTime,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    const ASTRAY: Error = Error::new(ErrorKind::KeyUntrusted, "the certificate does not lead to a trusted root");
    let secs = u64::try_from(now.unix_timestamp()).map_err(|_| ASTRAY)?;
    let now = UnixTime::since_unix_epoch(StdDuration::from_secs(secs));
    let leaf = EndEntityCert::try_from(leaf).map_err(|e| ASTRAY.because(e))?;
    let usage = KeyUsage::server_auth();
    let way = leaf.verify_for_usage(ALL_VERIFICATION_ALGS, roots, others, now, usage, None, None);
    let way = way.map_err(|e| ASTRAY.because(e))?;
    Ok(way.intermediate_certificates().map(|cert| cert.der().into_owned()).collect())
}

fn validity(certificate: &Certificate) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    const NO_TIME: Error = Error::new(ErrorKind::KeyUntrusted, "the certificate's dates cannot be read");
    let moment = |time: &Time| OffsetDateTime::UNIX_EPOCH.checked_add(time.to_unix_duration().try_into().ok()?);
    let validity = certificate.tbs_certificate().validity();
    let (from, last) = moment(&validity.not_before).zip(moment(&validity.not_after)).ok_or(NO_TIME)?;
    // Its last second is within.
    Ok((from, last.saturating_add(time::Duration::SECOND)))
}

/// Its alternative names count; its common name only where there are none.
fn named(certificate: &Certificate, names: &[Host]) -> bool {
    let fits = |name: &str| names.iter().any(|host| host.is(name));
    match certificate.tbs_certificate().get_extension::<SubjectAltName>() {
        Ok(Some((_, SubjectAltName(alternatives)))) => {
            alternatives.iter().any(|name| matches!(name, GeneralName::DnsName(name) if fits(name.as_str())))
        }
        Ok(None) => {
            let subject = certificate.tbs_certificate().subject();
            let common = subject.iter_rdn().flat_map(|rdn| rdn.iter()).find(|part| part.oid == COMMON_NAME);
            common.is_some_and(|part| {
                let any = AnyRef::from(&part.value);
                let utf8 = any.decode_as::<Utf8StringRef<'_>>().is_ok_and(|name| fits(name.as_ref()));
                utf8 || any.decode_as::<PrintableStringRef<'_>>().is_ok_and(|name| fits(name.as_ref()))
            })
        }
        Err(_) => false,
    }
}
