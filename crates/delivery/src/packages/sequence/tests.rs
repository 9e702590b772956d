//! Runs of frames: what is held back of them, and names of kinds that are not read.

use super::{HELD_BYTES, PictureTraits, Sequences, UNREAD, frame_name};
use crate::packages::sequence::statement::tests::report;
use countersign_media::formats::{self, FrameUse};
use countersign_model::{AssetReport, Problem};

#[test]
fn rows_that_say_much_are_told_before_they_take_much_memory() {
    const MUCH: usize = 256 * 1024;
    let said = |n: usize| Problem::malformed("png", 0, format!("{n}{}", "x".repeat(MUCH)));
    // Frames of a run, of each of which something else is said, and rows that come behind one.
    for name in [|n: usize| format!("a.{n:06}.png"), |n: usize| format!("a{}.txt", "b".repeat(n))] {
        let (mut sequences, mut most, mut told) = (Sequences::default(), 0, Vec::new());
        let count = 3 * HELD_BYTES / MUCH;
        for n in 0..count {
            let path = if n == 0 { "a.000000.png".to_owned() } else { name(n) };
            let row = AssetReport { problems: vec![said(n)], ..report(&path) };
            told.extend(sequences.take(row, Some(PictureTraits::default())).into_iter().map(|row| row.report.path));
            most = most.max(sequences.bytes);
        }
        assert!(most < HELD_BYTES + 2 * MUCH && told.len() > count / 2, "{most} bytes held, {} told", told.len());
        told.extend(sequences.finish(true).into_iter().map(|row| row.report.path));
        assert_eq!(told.len(), count);
    }
}

#[test]
fn a_long_run_takes_little_memory_and_stays_one_row() {
    let mut sequences = Sequences::default();
    for n in 0..60_000 {
        assert!(sequences.take(report(&format!("a.{n:06}.png")), Some(PictureTraits::default())).is_empty());
    }
    assert!(sequences.bytes < HELD_BYTES / 8, "{}", sequences.bytes);
    let rows = sequences.finish(true);
    assert_eq!((rows.len(), rows[0].report.frames.map(|frames| frames.count)), (1, Some(60_000)));
}

#[test]
fn frames_of_kinds_that_are_not_read_are_frames_all_the_same() {
    for (extension, _) in UNREAD {
        let path = format!("plates/A001C002.1001.{extension}");
        assert_eq!(frame_name(&path).map(|frame| (frame.number, frame.is_frame)), Some((1001, true)), "{path}");
        // A reader says of its own frames how they come.
        let read = formats::by_extension(extension).map(|format| format.info().frames);
        assert!(read.is_none_or(|frames| frames == FrameUse::No), "{extension} is read: its line goes");
    }
}
