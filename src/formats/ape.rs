//! Monkey's Audio sound (Monkey's Audio SDK): the tags at both ends.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::model::{Facts, Problem};
use crate::source::Source;
use crate::tags::{ends, id3};

/// The format.
pub struct Monkey;

const MAGICS: &[&[u8]] = &[b"MAC ", b"MACF"];

impl Format for Monkey {
    fn info(&self) -> &'static Info {
        &Info {
            id: "ape",
            name: "Monkey's Audio",
            extensions: &["ape", "mac", "apl"],
            media: Media::Audio,
            specification: "Monkey's Audio SDK",
            version: 1,
        }
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let tag = id3::length(probe.head).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let rest = probe.head.get(tag..).unwrap_or_default();
        if MAGICS.iter().any(|m| rest.starts_with(m)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        let start = ends::leading(source, "APE", out)?;
        let end = ends::trailing(source, "APE", start, out)?;
        // The header alone takes this much in any version.
        if end.saturating_sub(start) < 24 {
            return Err(Problem::truncated("ape (header)", source.absolute(start), "no sound behind the tags"));
        }
        Ok(())
    }
}
