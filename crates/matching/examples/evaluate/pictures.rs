//! Pictures changed by ffmpeg, look-alikes, and a film of unrelated frames.

use std::{collections::BTreeMap, fs, path::Path};

use countersign_matching::{Index, PictureProbe, PictureReference, Pixels, Reference, Relation};

use super::{
    Folder,
    evaluation::{
        changes::image_of,
        scenes::{hard_negatives, scene},
    },
    ffmpeg, luma_of,
};

/// The name of a change, the filter that makes it, and what the file is encoded with.
const CHANGES: [(&str, &str, &[&str]); 31] = [
    ("JPEG, low quality (q 20)", "null", &["-q:v", "20"]),
    ("JPEG, half size", "scale=iw/2:ih/2", JPEG),
    ("JPEG, quarter size", "scale=iw/4:ih/4", JPEG),
    ("H.264, crf 32", "crop=trunc(iw/2)*2:trunc(ih/2)*2", H264),
    (
        "grade (contrast, gamma, saturation, balance)",
        "eq=contrast=1.2:gamma=1.15:saturation=1.4,colorbalance=rs=.15:bs=-.1",
        JPEG,
    ),
    ("brightness × 1.5", "lutrgb=r=val*1.5:g=val*1.5:b=val*1.5", JPEG),
    ("black and white", "hue=s=0", JPEG),
    ("noise", "noise=alls=20:allf=t", JPEG),
    ("blur", "gblur=sigma=2", JPEG),
    ("letterbox", "pad=iw:ceil(ih*1.36):0:(oh-ih)/2:black", JPEG),
    ("pillarbox", "pad=ceil(iw*1.4):ih:(ow-iw)/2:0:black", JPEG),
    (
        "screenshot (scaled, on a plain page)",
        "scale=iw*0.83:ih*0.83,pad=ceil(iw*1.4):ceil(ih*1.5):iw*0.12:ih*0.3:0xF3F3F3",
        PNG,
    ),
    ("stretched to 16:9", "scale=1024:576", JPEG),
    ("filled to 16:9", "crop=min(iw\\,ih*16/9):min(ih\\,iw*9/16)", JPEG),
    ("filled to 4:3", "crop=min(iw\\,ih*4/3):min(ih\\,iw*3/4)", JPEG),
    ("filled to 1:1", "crop=min(iw\\,ih):min(ih\\,iw)", JPEG),
    ("filled to 2.39:1", "crop=min(iw\\,ih*2.39):min(ih\\,iw/2.39)", JPEG),
    ("mirrored", "hflip", JPEG),
    ("upside down", "vflip", JPEG),
    ("cropped by 1 % a side", "crop=iw*0.98:ih*0.98", JPEG),
    ("cropped by 2 % a side", "crop=iw*0.96:ih*0.96", JPEG),
    ("cropped by 5 % a side", "crop=iw*0.90:ih*0.90", JPEG),
    ("cropped by 8 % a side", "crop=iw*0.84:ih*0.84", JPEG),
    ("cropped by 10 % a side", "crop=iw*0.80:ih*0.80", JPEG),
    ("cropped by 25 % a side", "crop=iw*0.50:ih*0.50", JPEG),
    ("cropped by 5 % and mirrored", "crop=iw*0.90:ih*0.90,hflip", JPEG),
    ("cropped by 10 % below only", "crop=iw:ih*0.90:0:0", JPEG),
    ("cropped by 5 % to the left and above only", "crop=iw*0.95:ih*0.95:iw*0.05:ih*0.05", JPEG),
    (
        "subtitles of two lines",
        "drawtext=text='We should have left':fontcolor=white:borderw=2:fontsize=h*0.055:x=(w-tw)/2:y=h*0.82,drawtext=text='before the rain came':fontcolor=white:borderw=2:fontsize=h*0.055:x=(w-tw)/2:y=h*0.90",
        JPEG,
    ),
    ("logo of 10 % of the height", "drawbox=x=iw-ih*0.14:y=ih*0.04:w=ih*0.10:h=ih*0.10:color=white:t=fill", JPEG),
    ("logo of 25 % of the height", "drawbox=x=iw-ih*0.29:y=ih*0.04:w=ih*0.25:h=ih*0.25:color=white:t=fill", JPEG),
];
const JPEG: &[&str] = &["-q:v", "4"];
const PNG: &[&str] = &[];
const H264: &[&str] = &["-c:v", "libx264", "-crf", "32", "-preset", "veryfast"];
/// Longer side of the originals.
const SIDE: usize = 640;
/// Scenes of one shape follow each other in groups of eight, five shapes in turn.
const SHAPES: u64 = 5;

fn decoded(path: &Path) -> PictureProbe {
    let image = image::open(path).unwrap().to_rgb8();
    PictureProbe::new(&Pixels::rgb8(image.width() as usize, image.height() as usize, image.as_raw()).unwrap().to_luma())
}

/// Recall for each change, copies of another picture, and the distances of unrelated pictures.
pub(crate) fn recall(count: u64, only: &str) {
    let folder = Folder::new("pictures");
    let mut groups: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    (0..count).for_each(|seed| groups.entry(seed / 8 % SHAPES).or_default().push(seed));
    let mut index = Index::default();
    for (shape, seeds) in &groups {
        for (place, seed) in seeds.iter().enumerate() {
            let canvas = scene(*seed, SIDE);
            image_of(&canvas).save(folder.0.join(format!("{shape}-{place:04}.png"))).unwrap();
            let frames = vec![PictureReference::new(&luma_of(&canvas), 0)];
            index.add(Reference { frames, ..Reference::named(&format!("{shape}-{place:04}")) }).unwrap();
        }
    }
    let poor = index.references().iter().filter(|reference| !reference.frames[0].is_comparable()).count();
    println!("{count} pictures, {} hashes, {poor} with too little in them\n", index.hashes());
    println!("| change | copy % | copy or look % | called a copy of another |\n|---|---|---|---|");
    for (name, filter, encoding) in CHANGES.into_iter().filter(|(name, ..)| name.contains(only)) {
        let (mut copies, mut looks, mut wrong) = (0, 0, 0);
        for (shape, seeds) in &groups {
            for (place, path) in changed(&folder.0, *shape, filter, encoding, seeds.len()).iter().enumerate() {
                let own = format!("{shape}-{place:04}");
                for found in index.find_picture(&decoded(path)) {
                    let is_own = index.references()[found.reference].name == own;
                    copies += u32::from(is_own && found.relation == Relation::Copy);
                    looks += u32::from(is_own && found.relation == Relation::Look);
                    wrong += u32::from(!is_own && found.relation == Relation::Copy);
                }
                fs::remove_file(path).unwrap();
            }
        }
        let percent = |number: u32| f64::from(number) * 100.0 / count as f64;
        println!("| {name} | {:.1} | {:.1} | {wrong} |", percent(copies), percent(copies + looks));
    }
    if only.is_empty() {
        unrelated(count);
    }
}

/// The files of one shape after a change.
fn changed(folder: &Path, shape: u64, filter: &str, encoding: &[&str], count: usize) -> Vec<std::path::PathBuf> {
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let input = text(folder.join(format!("{shape}-%04d.png")));
    let extension = if encoding.is_empty() { "png" } else { "jpg" };
    let output = text(folder.join(format!("changed-%04d.{extension}")));
    if encoding == H264 {
        // The pictures are the frames of a film, most of them predicted from others.
        let film = text(folder.join("changed.mp4"));
        let form = ["-framerate", "1", "-i", &input, "-vf", filter, "-pix_fmt", "yuv420p"];
        ffmpeg(&[&form[..], encoding, &[&film]].concat());
        ffmpeg(&["-i", &film, "-fps_mode", "passthrough", "-q:v", "2", "-start_number", "0", &output]);
    } else {
        ffmpeg(
            &[
                &["-i", &input, "-vf", filter, "-pix_fmt", if extension == "png" { "rgb24" } else { "yuvj420p" }],
                encoding,
                &["-start_number", "0", &output],
            ]
            .concat(),
        );
    }
    (0..count).map(|place| folder.join(format!("changed-{place:04}.{extension}"))).collect()
}

fn unrelated(count: u64) {
    let lumas: Vec<_> = (0..count).map(|seed| luma_of(&scene(seed, 320))).collect();
    let mut histogram: BTreeMap<u32, u32> = BTreeMap::new();
    let mut pairs = 0;
    let probes: Vec<PictureProbe> = lumas.iter().map(PictureProbe::new).collect();
    for (number, luma) in lumas.iter().enumerate() {
        let mut alone = Index::default();
        alone.add(Reference { frames: vec![PictureReference::new(luma, 0)], ..Reference::named("one") }).unwrap();
        for (other, probe) in probes.iter().enumerate() {
            if let Some(distance) = alone.nearest_distance(probe).filter(|_| other != number) {
                *histogram.entry(distance / 4 * 4).or_default() += 1;
                pairs += 1;
            }
        }
    }
    println!("\nNearest of the 51 variants, {pairs} unrelated pairs:\n\n| distance | pairs |\n|---|---|");
    histogram.iter().for_each(|(distance, number)| println!("| {distance}–{} | {number} |", distance + 3));
}

/// What is said of pictures that look alike.
pub(crate) fn look_alikes() {
    let mut table: BTreeMap<&str, (u32, u32, u32, u32, Vec<u32>)> = BTreeMap::new();
    for pair in hard_negatives(SIDE) {
        let (one, two) = (luma_of(&pair.one), luma_of(&pair.two));
        let row = table.entry(pair.kind).or_default();
        row.0 += 1;
        let mut said = Relation::NotCompared;
        for (reference, picture) in [(&one, &two), (&two, &one)] {
            let mut index = Index::default();
            index
                .add(Reference { frames: vec![PictureReference::new(reference, 0)], ..Reference::named("one") })
                .unwrap();
            let probe = PictureProbe::new(picture);
            if let Some(distance) = index.nearest_distance(&probe) {
                row.4.push(distance);
                said = said.min(Relation::Different);
            }
            said = index.find_picture(&probe).iter().map(|found| found.relation).fold(said, Relation::min);
        }
        row.1 += u32::from(said == Relation::Copy);
        row.2 += u32::from(said == Relation::Look);
        row.3 += u32::from(said == Relation::NotCompared);
    }
    println!("| look-alikes | pairs | copy | look | not compared | distances |\n|---|---|---|---|---|---|");
    for (kind, (pairs, copies, looks, not, distances)) in table {
        let range =
            distances.iter().min().zip(distances.iter().max()).map_or(String::from("–"), |(a, b)| format!("{a}–{b}"));
        println!("| {kind} | {pairs} | {copies} | {looks} | {not} | {range} |");
    }
}

/// Alerts of a film of unrelated frames, one a second.
pub(crate) fn film(frames: u64, references: u64) {
    let mut index = Index::default();
    for seed in 0..references {
        let frames = vec![PictureReference::new(&luma_of(&scene(1_000_000 + seed, 128)), 0)];
        index.add(Reference { frames, ..Reference::named("known") }).unwrap();
    }
    let (mut copies, mut looks, mut nearest) = (0, 0, u32::MAX);
    for seed in 0..frames {
        let probe = PictureProbe::new(&luma_of(&scene(2_000_000 + seed, 128)));
        for found in index.find_picture(&probe) {
            copies += u32::from(found.relation == Relation::Copy);
            looks += u32::from(found.relation == Relation::Look);
            nearest = nearest.min(found.distance);
        }
    }
    println!(
        "{frames} frames, {references} references ({} hashes): {copies} copy, {looks} look, nearest {nearest}",
        index.hashes()
    );
}
