//! The media of the made show, as far as they tell what they are: movies with a timecode track, MXF files with UMIDs.

use super::Media;

const RATE: u32 = 24;

/// The bytes of a medium: none where another format is asked for.
pub fn bytes(media: &Media) -> Option<Vec<u8>> {
    match media.delivered.rsplit_once('.')?.1 {
        "mov" => Some(movie(media)),
        "mxf" => Some(mxf(media)),
        _ => None,
    }
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, &body].concat()
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A QuickTime movie with a picture track without pictures, and a timecode track with its one sample.
pub fn movie(media: &Media) -> Vec<u8> {
    let length = media.duration as u32;
    let start = boxed(b"ftyp", &[b"qt  ", &[0; 4], b"qt  "]);
    let data = boxed(b"mdat", &[&(media.start as u32).to_be_bytes()]);
    let at = start.len() as u32 + 8;
    let handler = |kind: &[u8; 4]| boxed(b"hdlr", &[&[0; 4], b"mhlr", kind, &[0; 13]]);
    let track = |kind: &[u8; 4], width: u32, entry: &[u8], chunk: &[u32]| {
        let size = words(&[width << 16, (width / 2) << 16]);
        let samples = if kind == b"tmcd" { 1 } else { length };
        let delta = if kind == b"tmcd" { length } else { 1 };
        let table = [
            boxed(b"stsd", &[&words(&[0, 1]), entry]),
            boxed(b"stts", &[&words(&[0, 1, samples, delta])]),
            boxed(b"stco", &[&words(&[0, chunk.len() as u32]), &words(chunk)]),
        ]
        .concat();
        let reference = boxed(b"dref", &[&words(&[0, 1]), &boxed(b"alis", &[&words(&[1])])]);
        let information = boxed(b"minf", &[&boxed(b"dinf", &[&reference]), &boxed(b"stbl", &[&table])]);
        let header = boxed(b"mdhd", &[&words(&[0, 0, 0, RATE, length, 0])]);
        let inside = boxed(b"mdia", &[&header, &handler(kind), &information]);
        boxed(b"trak", &[&boxed(b"tkhd", &[&[0; 76], &size]), &inside])
    };
    let reel = [&(media.reel.len() as u16).to_be_bytes()[..], &[0, 0], media.reel.as_bytes()].concat();
    let timecode =
        boxed(b"tmcd", &[&[0; 6], &[0, 1], &words(&[0, 0, RATE, 1]), &[RATE as u8, 0], &boxed(b"name", &[&reel])]);
    let picture = boxed(b"raw ", &[&[0; 6], &[0, 1], &[0; 70]]);
    let header = boxed(b"mvhd", &[&words(&[0, 0, 0, RATE, length]), &[0; 80]]);
    let movie = boxed(b"moov", &[&header, &track(b"vide", 1920, &picture, &[]), &track(b"tmcd", 0, &timecode, &[at])]);
    [start, data, movie].concat()
}

fn triplet(key: [u8; 16], value: &[u8]) -> Vec<u8> {
    [&key[..], &[0x83], &(value.len() as u32).to_be_bytes()[1..], value].concat()
}

fn key(kind: [u8; 12]) -> [u8; 16] {
    let mut key = [0x06, 0x0E, 0x2B, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    key[4..].copy_from_slice(&kind);
    key
}

fn set(kind: u8, own: u8, items: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (tag, value) in [(0x3C0A, uid(own))].iter().chain(items) {
        body.extend([&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat());
    }
    triplet(key([0x02, 0x53, 1, 1, 0x0D, 1, 1, 1, 1, 1, kind, 0]), &body)
}

fn uid(of: u8) -> Vec<u8> {
    vec![of; 16]
}

fn uids(all: &[u8]) -> Vec<u8> {
    [words(&[all.len() as u32, 16]), all.iter().flat_map(|of| uid(*of)).collect()].concat()
}

/// A header partition whose file package has the medium's UMID, with the halves of its material number swapped as some
/// writers do, and a timecode track.
pub fn mxf(media: &Media) -> Vec<u8> {
    let umid = media.umid().unwrap_or([7; 32]);
    let swapped = [&umid[..16], &umid[24..], &umid[16..24]].concat();
    let number = |value: i64| value.to_be_bytes().to_vec();
    let sets = [
        set(0x37, 1, &[(0x4401, swapped), (0x4701, uid(2)), (0x4403, uids(&[3]))]),
        set(
            0x28,
            2,
            &[
                (0x3001, words(&[RATE, 1])),
                (0x3002, number(media.duration)),
                (0x3203, words(&[1920])),
                (0x3202, words(&[1080])),
            ],
        ),
        set(0x3B, 3, &[(0x4B01, words(&[RATE, 1])), (0x4803, uid(4))]),
        set(0x0F, 4, &[(0x0202, number(media.duration)), (0x1001, uids(&[5]))]),
        set(
            0x14,
            5,
            &[
                (0x0202, number(media.duration)),
                (0x1501, number(media.start)),
                (0x1502, vec![0, RATE as u8]),
                (0x1503, vec![0]),
            ],
        ),
    ];
    let primer = triplet(key([0x02, 0x05, 1, 1, 0x0D, 1, 2, 1, 1, 5, 1, 0]), &words(&[0, 18]));
    let metadata = [vec![primer], sets.to_vec()].concat().concat();
    let mut pack = vec![0; 88];
    pack[..8].copy_from_slice(&[0, 1, 0, 3, 0, 0, 0, 1]);
    pack[32..40].copy_from_slice(&(metadata.len() as u64).to_be_bytes());
    let header = triplet(key([0x02, 0x05, 1, 1, 0x0D, 1, 2, 1, 1, 2, 4, 0]), &pack);
    [header, metadata].concat()
}
