//! C2PA manifest stores beside their asset (C2PA 2.x, section 11.4): a file that is one JUMBF superbox.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::jumbf::{self, Kind};
use crate::framing::numbers::be32;
use crate::tags::push_store;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem, Store};

/// The reader.
pub struct C2paSidecar;

static INFO: Info = Info {
    id: FormatId::new("c2pa"),
    name: "C2PA manifest store",
    extensions: &["c2pa"],
    media: Media::Companion,
    specification: "C2PA 2.x, section 11; ISO/IEC 19566-5",
    version: 1,
    ..Info::DEFAULT
};

impl Format for C2paSidecar {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match jumbf::kind(probe.head) {
            Kind::Store | Kind::Retagged => Score::SURE,
            Kind::Other(_) | Kind::None => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let bytes = source.whole(limits::STORE)?.into_owned();
        // The length of the superbox; zero: up to the end.
        let stated = be32(&bytes, 0).map(u64::from).filter(|len| *len > 8);
        if let Some(len) = stated {
            out.coverage.add(0, len.min(source.len()));
        }
        let damage = jumbf::damage(&bytes);
        push_store(out, Store { place: "C2PA sidecar".into(), offset: source.absolute(0), bytes, damage });
        Ok(())
    }
}
