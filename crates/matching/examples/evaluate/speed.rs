//! How fast very many references are searched, and how near the hints of JPEGs come to their hashes.

use std::{collections::BTreeMap, fs, path::Path, sync::OnceLock, time::Instant};

use countersign_matching::{HashScan, Luma, Pdq, PdqHash, PictureHint};
use image::DynamicImage;

use super::evaluation::random::Random;

/// Hashes that are kept of one still.
const HASHES_A_STILL: usize = 17;
/// Distances of what is to be found again.
const PLANTED: [u32; 7] = [0, 15, 31, 40, 47, 54, 60];
const QUERIES: u64 = 70;
/// Hints that are farther from the hash than this are told one by one.
const FAR_APART: u32 = 10;

fn hash(random: &mut Random) -> PdqHash {
    PdqHash([random.next(), random.next(), random.next(), random.next()])
}

/// The hash with so many bits turned over.
fn changed(hash: &PdqHash, distance: u32, random: &mut Random) -> PdqHash {
    let mut out = *hash;
    while out.distance(hash) < distance {
        let bit = random.below(256);
        out.0[bit / 64] = out.0[bit / 64] & !(1 << (bit % 64)) | !hash.0[bit / 64] & 1 << (bit % 64);
    }
    out
}

/// Seconds that this thread has been computing, so that other programs on the machine do not count; where the system does
/// not tell, seconds of the clock.
pub(crate) fn computing() -> f64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_ascii_whitespace().next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(|| BEGIN.get_or_init(Instant::now).elapsed().as_secs_f64(), |n| n as f64 / 1e9)
}

/// Random hashes of so many stills, searched in three orientations as a picture is.
pub(crate) fn search(stills: usize) {
    let mut random = Random::new(3);
    let (mut scan, mut kept) = (HashScan::default(), Vec::new());
    for number in 0..stills * HASHES_A_STILL {
        let made = hash(&mut random);
        if number % (stills * HASHES_A_STILL / QUERIES as usize).max(1) == 0 {
            kept.push((number, made));
        }
        scan.push(made);
    }
    let start = Instant::now();
    scan.prepare();
    println!("{} hashes of {stills} stills, prepared in {:.1} s\n", scan.len(), start.elapsed().as_secs_f64());
    let (mut tables, mut linear, mut found) = (Vec::new(), Vec::new(), BTreeMap::<u32, (u32, u32)>::new());
    for (query, (number, known)) in kept.iter().enumerate() {
        let distance = PLANTED[query % PLANTED.len()];
        let three = [changed(known, distance, &mut random), hash(&mut random), hash(&mut random)];
        let mut again = false;
        let start = computing();
        three.iter().for_each(|hash| scan.within(hash, 60, |place, _| again |= place == *number));
        tables.push((computing() - start) * 1000.0);
        if query < 7 {
            let start = computing();
            three.iter().for_each(|hash| scan.within_all(hash, 60, |_, _| {}));
            linear.push((computing() - start) * 1000.0);
        }
        let row = found.entry(distance).or_default();
        row.0 += 1;
        row.1 += u32::from(again);
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        (times.first().copied().unwrap_or(0.0), times.get(times.len() / 2).copied().unwrap_or(0.0))
    };
    println!("| search in three orientations | best | median |\n|---|---|---|");
    for (name, times) in [("by tables", &mut tables), ("all hashes in order", &mut linear)] {
        let (best, median) = middle(times);
        println!("| {name} | {best:.1} ms | {median:.1} ms |");
    }
    println!("\n| bits apart | planted | found |\n|---|---|---|");
    found.iter().for_each(|(distance, (planted, found))| println!("| {distance} | {planted} | {found} |"));
}

/// The picture as the scanner's decoder reduces it.
fn reduced(image: &DynamicImage) -> Luma {
    let large = image.width().max(image.height()) > 512;
    let gray = if large { image.thumbnail(512, 512).to_luma8() } else { image.to_luma8() };
    Luma::from_gray8(gray.width() as usize, gray.height() as usize, gray.as_raw()).expect("the size fits")
}

/// The distances between the hints of all JPEGs below a folder and the hashes of their pixels.
pub(crate) fn hints(folder: &Path) {
    let (mut files, mut pending) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { pending.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let (mut histogram, mut decoded, mut none) = (BTreeMap::<u32, u32>::new(), 0, 0);
    let (mut hint_time, mut decoding_time) = (0.0, 0.0);
    for path in files {
        let Ok(bytes) = fs::read(&path) else { continue };
        if !bytes.starts_with(b"\xFF\xD8\xFF") {
            continue;
        }
        let start = computing();
        let hint = PictureHint::of_jpeg(&bytes, 1, 1 << 26);
        let took = computing() - start;
        let start = computing();
        let Ok(image) = image::load_from_memory(&bytes) else { continue };
        let decoding = computing() - start;
        decoded += 1;
        let Some(hint) = hint else {
            none += 1;
            continue;
        };
        hint_time += took;
        decoding_time += decoding;
        let exact = Pdq::new(&reduced(&image));
        let distance = hint.hashes()[0].distance(&exact.hash());
        if distance > FAR_APART {
            println!("{distance} bits apart, quality {}: {}", exact.quality(), path.display());
        }
        *histogram.entry(distance).or_default() += 1;
    }
    println!(
        "{decoded} JPEG files, {none} of them without a hint; the others: {:.1} ms a hint, {:.1} ms a decoding\n",
        hint_time * 1000.0 / f64::from((decoded - none).max(1)),
        decoding_time * 1000.0 / f64::from((decoded - none).max(1))
    );
    println!("| bits apart | pictures |\n|---|---|");
    histogram.iter().for_each(|(distance, number)| println!("| {distance} | {number} |"));
}
