//! Putting together what was signed, piece by piece, without a copy of the body.

use std::borrow::Cow;

use data_encoding::BASE64;
use hmac::digest::Update;

use crate::{
    Error, ErrorKind, Incoming,
    body::form,
    provider::{Part, locate},
};

/// What a template takes its parts from.
pub(super) struct Message<'a> {
    pub(super) request: &'a Incoming<'a>,
    pub(super) base: Option<&'a str>,
    pub(super) timestamp: Option<Cow<'a, [u8]>>,
    pub(super) id: Option<Cow<'a, [u8]>>,
    pub(super) expected: &'a [(String, String)],
}

impl Message<'_> {
    /// The parts of a template, one after the other.
    #[inline]
    pub(super) fn feed(&self, parts: &[Part], to: &mut dyn Update) -> Result<(), Error> {
        parts.iter().try_for_each(|part| self.part(*part, to))
    }

    /// All of it in one.
    #[cfg(all(feature = "asymmetric", feature = "testing"))]
    pub(super) fn whole(&self, parts: &[Part]) -> Result<Vec<u8>, Error> {
        struct Whole(Vec<u8>);
        impl Update for Whole {
            fn update(&mut self, data: &[u8]) {
                self.0.extend_from_slice(data);
            }
        }
        let mut whole = Whole(Vec::new());
        self.feed(parts, &mut whole)?;
        Ok(whole.0)
    }

    fn part(&self, part: Part, mac: &mut dyn Update) -> Result<(), Error> {
        match part {
            Part::Text(text) => mac.update(text.as_bytes()),
            Part::Body => match self.request.digested() {
                // For a forged request in vain, but it is the smaller part of the time that the signature takes.
                Some((body, digest)) => digest.beside(body, |block| mac.update(block)),
                None => mac.update(self.request.body.as_bytes()),
            },
            Part::BodyBase64 => {
                // So many bytes that only the last piece is padded.
                for piece in self.request.body.as_bytes().chunks(3 * 1024) {
                    mac.update(BASE64.encode(piece).as_bytes());
                }
            }
            #[cfg(feature = "asymmetric")]
            Part::BodyCrc32 => mac.update(crc32fast::hash(self.request.body.as_bytes()).to_string().as_bytes()),
            Part::Expected(name) => {
                let (_, value) = self.expected.iter().find(|(n, _)| n == name).ok_or(locate::missing())?;
                mac.update(value.as_bytes());
            }
            Part::Timestamp => mac.update(self.timestamp.as_deref().ok_or(locate::missing())?),
            Part::Id => mac.update(self.id.as_deref().ok_or(locate::missing())?),
            Part::Header(name) => {
                mac.update(locate::header(self.request, name, false)?.ok_or(locate::missing())?);
            }
            Part::Method => mac.update(self.target()?.0.as_str().as_bytes()),
            Part::Path => mac.update(self.target()?.1.path().as_bytes()),
            Part::Query => mac.update(self.target()?.1.query().unwrap_or_default().as_bytes()),
            Part::Url => {
                let uri = self.target()?.1;
                mac.update(self.base.unwrap_or_default().as_bytes());
                mac.update(uri.path_and_query().map_or("/", |pq| pq.as_str()).as_bytes());
            }
            // Its data was checked: no template has this.
            Part::Token => {}
            Part::SortedForm => {
                // No fields is not "a body that is no form": that one would go unsigned.
                let mut fields = match form::fields(self.request.headers, self.request.body.as_bytes()) {
                    Some(fields) => fields,
                    None if self.request.body.as_bytes().is_empty() => Vec::new(),
                    None => return Err(Error::new(ErrorKind::MalformedBody, "the signature covers a form")),
                };
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (name, value) in fields {
                    mac.update(&name);
                    mac.update(&value);
                }
            }
        }
        Ok(())
    }

    fn target(&self) -> Result<(&http::Method, &http::Uri), Error> {
        self.request.target.ok_or(Error::new(ErrorKind::MissingTarget, "the signature covers the URL"))
    }
}
