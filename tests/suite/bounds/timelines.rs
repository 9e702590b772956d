//! Hostile timelines and manifests: documents of very many small parts, parts that refer to large ones again and again, and
//! archives that hold many of them.

use std::fs;
use std::path::Path;

use super::containers::zip;

fn write(to: &Path, name: &str, bytes: &[u8]) {
    fs::write(to.join(name), bytes).unwrap();
}

/// Elements that take the most memory for the fewest bytes: with a child, and with attributes.
pub(super) fn wide(to: &Path) {
    for (name, part) in [("a", "<a><b/></a>"), ("b", "<a c=\"1\" b=\"2\"/>"), ("c", "<a>1</a>")] {
        let parts = part.repeat(20_000_000 / part.len());
        let text = format!("<!DOCTYPE fcpxml><fcpxml version=\"1.10\">{parts}</fcpxml>");
        write(to, &format!("{name}.fcpxml"), text.as_bytes());
    }
}

/// Multicam clips each of whose sources looks for its angle among very many.
pub(super) fn references(to: &Path) {
    let angles = "<mc-angle angleID='a'/>".repeat(150_000);
    let clip = format!("<mc-clip ref='m' duration='1s'>{}</mc-clip>", "<mc-source angleID='z'/>".repeat(250));
    let text = format!(
        "<!DOCTYPE fcpxml><fcpxml version='1.10'><resources><media id='m'><multicam>{angles}</multicam></media></resources>\
         <project><sequence><spine>{}</spine></sequence></project></fcpxml>",
        clip.repeat(1_500)
    );
    write(to, "cut.fcpxml", text.as_bytes());
}

/// Sequences that say nothing, each a timeline of its own.
pub(super) fn sequences(to: &Path) {
    let sequence = "<sequence><name>q</name><media><video><track><clipitem><start>0</start><end>9</end></clipitem></track>\
                    </video></media></sequence>";
    write(to, "cut.xml", format!("<!DOCTYPE xmeml><xmeml version='5'>{}</xmeml>", sequence.repeat(150_000)).as_bytes());
}

/// OpenTimelineIO of as many clips as one archive is small for.
pub(super) fn archived(to: &Path) {
    let time = r#"{"rate":24,"value":1}"#;
    let clip = format!(
        r#"{{"OTIO_SCHEMA":"Clip.2","name":"a","source_range":{{"start_time":{time},"duration":{time}}},"media_references":{{"D":{{"OTIO_SCHEMA":"ExternalReference.1","target_url":"a.mov"}}}},"active_media_reference_key":"D"}}"#
    );
    let clips = vec![clip.as_str(); 60_000].join(",");
    let text = format!(
        r#"{{"OTIO_SCHEMA":"Timeline.1","tracks":{{"OTIO_SCHEMA":"Stack.1","children":[{{"OTIO_SCHEMA":"Track.1","kind":"Video","children":[{clips}]}}]}}}}"#
    );
    let members = (0..40).map(|n| (format!("{n}.otio"), text.as_bytes()));
    write(to, "cuts.zip", &zip(members));
}

/// Asset maps, each just within its own bounds.
pub(super) fn maps(to: &Path) {
    let parts = "<a/>".repeat(480_000);
    let text = format!("<AssetMap xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\">{parts}</AssetMap>");
    let members = (0..200).map(|n| (format!("dcp{n}/ASSETMAP.xml"), text.as_bytes()));
    write(to, "packages.zip", &zip(members));
}
