//! The made show in the formats that are text.

use super::{MEDIA, Media, Reel, Shot, VOLUME};
use countersign_timelines::{Rate, Timecode};
use serde_json::{Value, json};
use std::fmt::Write;

fn timecode(frames: i64) -> String {
    Timecode { frames, rate: Rate::FILM, drop: false }.to_string()
}

/// The media frames that a shot takes.
fn taken(shot: &Shot) -> i64 {
    if shot.fast { shot.duration * 2 } else { shot.duration }
}

fn clip_name(shot: &Shot) -> String {
    let name = MEDIA[shot.media].file_name();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

pub fn edl(reel: &Reel) -> String {
    let mut list = format!("TITLE: {}\r\nFCM: NON-DROP FRAME\r\n\r\n", reel.name());
    for (index, shot) in reel.shots.iter().enumerate().filter(|(_, shot)| !shot.disabled) {
        let (media, number) = (&MEDIA[shot.media], index + 1);
        let channel = if media.is_sound { "A" } else { "V" };
        let mut line = |edit: &str, reel_name: &str, source: i64, length: i64, record: i64, duration: i64| {
            let times = [source, source + length, record, record + duration].map(timecode).join(" ");
            let _ = write!(list, "{number:03}  {reel_name:<8} {channel:<5} {edit:<8} {times}\r\n");
        };
        let record = reel.start() + shot.record;
        if shot.dissolve > 0 {
            let before = &reel.shots[index - 1];
            let end = before.source + before.duration;
            line("C", MEDIA[before.media].reel, end, 0, record, 0);
            line(&format!("D    {:03}", shot.dissolve), media.reel, shot.source, taken(shot), record, shot.duration);
            let _ = write!(list, "* FROM CLIP NAME: {}\r\n* TO CLIP NAME: {}\r\n", clip_name(before), clip_name(shot));
        } else {
            line("C", media.reel, shot.source, taken(shot), record, shot.duration);
            let _ = write!(list, "* FROM CLIP NAME: {}\r\n", clip_name(shot));
        }
        let _ = write!(list, "* SOURCE FILE: {}\r\n", media.file_name());
        if shot.fast {
            let _ = write!(list, "M2   {:<8}       048.0                {}\r\n", media.reel, timecode(shot.source));
        }
        if let Some(umid) = media.umid_text() {
            let _ = write!(list, "* UMID: {umid}\r\n");
        }
    }
    list
}

const RATE: &str = "<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>";

fn fcp7_file(media: &Media, index: usize) -> String {
    let umid = media.umid_text().map_or(String::new(), |umid| format!("<umid>{umid}</umid>"));
    format!(
        "<file id='file-{index}'><name>{}</name><pathurl>{}</pathurl>{umid}{RATE}<duration>{}</duration>\
         <timecode>{RATE}<frame>{}</frame><displayformat>NDF</displayformat></timecode></file>",
        media.file_name(),
        media.url().replacen("file://", "file://localhost", 1),
        media.duration,
        media.start
    )
}

fn fcp7_clip(shot: &Shot, index: usize, origin: i64, after_dissolve: bool, before_dissolve: bool) -> String {
    let media = &MEDIA[shot.media];
    let (start, end) = (shot.record - origin, shot.record - origin + shot.duration);
    let source = shot.source - media.start;
    let speed = if shot.fast {
        "<filter><effect><name>Time Remap</name><effectid>timeremap</effectid><parameter><parameterid>speed</parameterid>\
         <value>200</value></parameter></effect></filter>"
    } else {
        ""
    };
    format!(
        "<clipitem id='clip-{index}'><name>{}</name><enabled>{}</enabled>{RATE}<start>{}</start><end>{}</end><in>{source}</in>\
         <out>{}</out>{}{speed}</clipitem>",
        clip_name(shot),
        if shot.disabled { "FALSE" } else { "TRUE" },
        if after_dissolve { -1 } else { start },
        if before_dissolve { -1 } else { end },
        source + taken(shot),
        fcp7_file(media, shot.media)
    )
}

pub fn fcp7(reel: &Reel) -> String {
    let pictures: Vec<&Shot> = reel.pictures().collect();
    let nested = reel.nested();
    let mut track = String::new();
    for (index, shot) in pictures.iter().enumerate() {
        if shot.nested {
            if !std::ptr::eq(*shot, nested[0]) {
                continue;
            }
            let length: i64 = nested.iter().map(|shot| shot.duration).sum();
            let inner: String = nested
                .iter()
                .enumerate()
                .map(|(at, shot)| fcp7_clip(shot, 100 + at, nested[0].record, false, false))
                .collect();
            let _ = write!(
                track,
                "<clipitem id='nest'><name>nest</name>{RATE}<start>{}</start><end>{}</end><in>0</in><out>{length}</out>\
                 <sequence id='nested'><name>nest</name>{RATE}<media><video><track>{inner}</track></video></media></sequence></clipitem>",
                shot.record,
                shot.record + length
            );
            continue;
        }
        if shot.dissolve > 0 {
            let _ = write!(
                track,
                "<transitionitem>{RATE}<start>{}</start><end>{}</end><alignment>start</alignment>\
                 <effect><name>Cross Dissolve</name><effectid>Cross Dissolve</effectid></effect></transitionitem>",
                shot.record,
                shot.record + shot.dissolve
            );
        }
        let leads_out = pictures.get(index + 1).is_some_and(|next| next.dissolve > 0);
        track += &fcp7_clip(shot, index, 0, shot.dissolve > 0, leads_out);
    }
    let sound: String =
        reel.sounds().enumerate().map(|(at, shot)| fcp7_clip(shot, 200 + at, 0, false, false)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE xmeml>\n<xmeml version=\"5\"><sequence id='reel'><name>{}</name>{RATE}\
         <timecode>{RATE}<frame>{}</frame><displayformat>NDF</displayformat></timecode><media><video><track>{track}</track></video>\
         <audio><track>{sound}</track></audio></media></sequence></xmeml>",
        reel.name(),
        reel.start()
    )
}

fn seconds(frames: i64) -> String {
    format!("{frames}/24s")
}

fn fcpxml_clip(shot: &Shot, offset: i64, connected: &str) -> String {
    let speed = if shot.fast {
        let end = seconds(shot.duration);
        format!(
            "<timeMap><timept time='0s' value='0s'/><timept time='{end}' value='{}'/></timeMap>",
            seconds(taken(shot))
        )
    } else {
        String::new()
    };
    format!(
        "<asset-clip name='{}' ref='a{}' offset='{}' start='{}' duration='{}'{}>{speed}{connected}</asset-clip>",
        clip_name(shot),
        shot.media,
        seconds(offset),
        seconds(shot.source),
        seconds(shot.duration),
        if shot.disabled { " enabled='0'" } else { "" }
    )
}

pub fn fcpxml(reel: &Reel) -> String {
    let mut resources = "<format id='f' frameDuration='1/24s'/>".to_owned();
    for (index, media) in MEDIA.iter().enumerate() {
        let uid = media.umid_text().map_or(String::new(), |umid| format!(" uid='{umid}'"));
        let kind = if media.is_sound { "hasAudio='1'" } else { "hasVideo='1' format='f'" };
        let _ = write!(
            resources,
            "<asset id='a{index}' name='{}' start='{}' duration='{}' {kind}{uid}><media-rep kind='original-media' src='{}'/></asset>",
            media.file_name(),
            seconds(media.start),
            seconds(media.duration),
            media.url()
        );
    }
    let nested = reel.nested();
    let inner: String = nested.iter().map(|shot| fcpxml_clip(shot, shot.record - nested[0].record, "")).collect();
    let length: i64 = nested.iter().map(|shot| shot.duration).sum();
    let _ = write!(
        resources,
        "<media id='m' name='nest'><sequence format='f' tcStart='0s'><spine>{inner}</spine></sequence></media>"
    );
    let mut spine = String::new();
    for (index, shot) in reel.pictures().enumerate() {
        let offset = reel.start() + shot.record;
        if shot.nested {
            if std::ptr::eq(shot, nested[0]) {
                let _ = write!(
                    spine,
                    "<ref-clip name='nest' ref='m' offset='{}' duration='{}'/>",
                    seconds(offset),
                    seconds(length)
                );
            }
            continue;
        }
        if shot.dissolve > 0 {
            let _ = write!(
                spine,
                "<transition name='Cross Dissolve' offset='{}' duration='{}'/>",
                seconds(offset),
                seconds(shot.dissolve)
            );
        }
        let sounds = reel.sounds().filter(|_| index == 0);
        let connected: String = sounds
            .map(|sound| fcpxml_clip(sound, shot.source, "").replacen("<asset-clip", "<asset-clip lane='-1'", 1))
            .collect();
        spine += &fcpxml_clip(shot, offset, &connected);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE fcpxml>\n<fcpxml version=\"1.10\"><resources>{resources}</resources>\
         <library><event name='e'><project name='{}'><sequence format='f' tcStart='{}' duration='{}'><spine>{spine}</spine></sequence>\
         </project></event></library></fcpxml>",
        reel.name(),
        seconds(reel.start()),
        seconds(reel.duration())
    )
}

fn time(frames: i64) -> Value {
    json!({"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": frames})
}

fn range(start: i64, duration: i64) -> Value {
    json!({"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(duration)})
}

fn otio_clip(shot: &Shot) -> Value {
    let media = &MEDIA[shot.media];
    // The decomposed form of a name, as the file systems of older Macs gave it.
    let url = format!("{VOLUME}{}", media.edited).replace('\u{e9}', "e\u{301}");
    let effects = if shot.fast {
        json!([{"OTIO_SCHEMA": "LinearTimeWarp.1", "name": "", "effect_name": "LinearTimeWarp", "metadata": {}, "time_scalar": 2.0}])
    } else {
        json!([])
    };
    json!({
        "OTIO_SCHEMA": "Clip.2", "name": clip_name(shot), "source_range": range(shot.source, shot.duration), "effects": effects,
        "enabled": !shot.disabled, "active_media_reference_key": "DEFAULT_MEDIA",
        "metadata": media.umid_text().map_or(json!({}), |umid| json!({"AAF": {"UMID": umid}})),
        "media_references": {"DEFAULT_MEDIA": {"OTIO_SCHEMA": "ExternalReference.1", "target_url": url,
            "available_range": range(media.start, media.duration)}},
    })
}

pub fn otio(reel: &Reel) -> String {
    let nested = reel.nested();
    let mut picture = Vec::new();
    for shot in reel.pictures() {
        if shot.nested {
            if std::ptr::eq(shot, nested[0]) {
                let inner: Vec<Value> = nested.iter().map(|shot| otio_clip(shot)).collect();
                picture.push(json!({"OTIO_SCHEMA": "Stack.1", "name": "nest", "children":
                    [{"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": inner}]}));
            }
            continue;
        }
        if shot.dissolve > 0 {
            picture.push(json!({"OTIO_SCHEMA": "Transition.1", "name": "", "metadata": {},
                "transition_type": "SMPTE_Dissolve", "in_offset": time(0), "out_offset": time(shot.dissolve)}));
        }
        picture.push(otio_clip(shot));
    }
    let sound: Vec<Value> = reel.sounds().map(otio_clip).collect();
    json!({
        "OTIO_SCHEMA": "Timeline.1", "name": reel.name(), "global_start_time": time(reel.start()),
        "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [
            {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": picture},
            {"OTIO_SCHEMA": "Track.1", "kind": "Audio", "children": sound},
        ]},
    })
    .to_string()
}
