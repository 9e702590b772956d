//! The grades and the lines, on facts made up for them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use super::*;
use countersign_model::FormatId;

type Said<'a> = (&'a str, &'a str, &'a str);

fn facts(tags: &[Said<'_>]) -> Facts {
    let tag = |(index, (space, key, value)): (usize, &Said<'_>)| Tag {
        space: (*space).into(),
        key: (*key).into(),
        value: (*value).into(),
        place: format!("JPEG APP1, {space} {key}").into(),
        offset: Some(100 + index as u64),
        ..Tag::default()
    };
    Facts {
        format: Some(FormatId::new("jpeg")),
        media: Some(Media::Image),
        tags: tags.iter().enumerate().map(tag).collect(),
        ..Facts::default()
    }
}

fn archival() -> Asset {
    Asset { role: Role::Archival, ..Asset::new("a.jpg".into(), "a.jpg".to_owned(), 0, 9, None) }
}

fn judged(facts: &Facts) -> ArchiveEvidence {
    let asset = archival();
    let as_of = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    evidence(&ArchiveSubject { asset: &asset, facts, evidence: &[], ai: Ai::None, record: None, as_of }).unwrap()
}

const CAMERA: &[Said<'_>] = &[
    ("exif", "Make", "NIKON CORPORATION"),
    ("exif", "Model", "NIKON D70"),
    ("exif", "MakerNote", "<1556 bytes, \"Nikon\">"),
    ("exif", "ExposureTime", "1/60"),
    ("exif", "DateTimeOriginal", "2005:01:14 08:57:59"),
];

fn with(more: &[Said<'_>]) -> ArchiveEvidence {
    let replaced = |said: &&Said<'_>| !more.iter().any(|other| (other.0, other.1) == (said.0, said.1));
    let all: Vec<_> = CAMERA.iter().filter(replaced).chain(more).copied().collect();
    judged(&facts(&all))
}

fn kinds(lines: &[ArchiveLine]) -> Vec<&str> {
    lines.iter().map(|line| line.kind.as_str()).collect()
}

#[test]
fn a_camera_file_is_supported_by_its_own_fields_each_with_its_place() {
    let found = with(&[]);
    assert_eq!(found.grade, ArchiveGrade::Supported);
    assert_eq!(kinds(&found.supporting), ["camera", "exposure", "capture-date", "maker-note"]);
    assert!(found.against.is_empty(), "{:#?}", found.against);
    let camera = &found.supporting[0];
    assert_eq!(
        (camera.place.as_str(), camera.offset, camera.value.as_str()),
        ("JPEG APP1, exif Model", Some(101), "NIKON D70")
    );
}

#[test]
fn nothing_or_one_field_is_not_enough() {
    assert_eq!(judged(&facts(&[])).grade, ArchiveGrade::Unsupported);
    assert_eq!(judged(&facts(&[("exif", "Make", "Canon")])).grade, ArchiveGrade::Unsupported);
    // What cameras write where nobody filled it in says nothing.
    let empty = facts(&[
        ("exif", "Make", "Canon"),
        ("exif", "DateTimeOriginal", "0000:00:00 00:00:00"),
        ("iptc", "Credit", " "),
    ]);
    assert_eq!(judged(&empty).grade, ArchiveGrade::Unsupported);
}

#[test]
fn what_cannot_be_true_together_contradicts() {
    let cases: &[(&str, &[Said<'_>])] = &[
        ("camera-year", &[("exif", "DateTimeOriginal", "1974:05:01 12:00:00")]),
        ("dates", &[("exif", "DateTimeOriginal", "2005:02:30 08:57:59")]),
        ("dates", &[("exif", "DateTimeOriginal", "2031:05:01 12:00:00")]),
        ("dates", &[("exif", "DateTime", "2004:12:01 00:00:00")]),
        ("camera", &[("exif", "Model", "Canon EOS 5D")]),
        ("maker-note", &[("exif", "MakerNote", "<900 bytes, \"Apple iOS\">")]),
        ("history", &[("xmp", "xmpMM:History[1]/stEvt:when", "2003-01-01T00:00:00Z")]),
        (
            "history",
            &[
                ("xmp", "xmpMM:History[1]/stEvt:when", "2008-01-05T00:00:00Z"),
                ("xmp", "xmpMM:History[2]/stEvt:when", "2008-01-01T00:00:00Z"),
            ],
        ),
        (
            "lens",
            &[
                ("exif", "Make", "Apple"),
                ("exif", "Model", "iPhone 12"),
                ("exif", "MakerNote", "<9 bytes, \"Apple iOS\">"),
                ("exif", "DateTimeOriginal", "2021:01:14 08:57:59"),
                ("exif", "LensModel", "iPhone 7 back camera 3.99mm f/1.8"),
            ],
        ),
    ];
    for (kind, more) in cases {
        let found = with(more);
        assert_eq!(found.grade, ArchiveGrade::Contradicted, "{kind}: {more:?}");
        let line = found.against.first().unwrap();
        assert_eq!(line.kind, *kind, "{line:?}");
        assert!(line.offset.is_some() && !line.value.is_empty(), "{line:?}");
        assert!(
            found.questions.iter().any(|question| question.contains("How is this explained")),
            "{:?}",
            found.questions
        );
    }
}

#[test]
fn what_only_calls_for_a_question_changes_no_grade() {
    let cases: &[(&str, &[Said<'_>])] = &[
        ("editor", &[("exif", "Software", "GIMP 2.8.10")]),
        ("camera-year", &[("exif", "DateTimeOriginal", "1980:01:01 00:00:13")]),
        // Months before it was announced.
        ("camera-year", &[("exif", "DateTimeOriginal", "2003:12:20 10:00:00")]),
        (
            "size",
            &[
                ("exif", "PixelXDimension", "3000"),
                ("exif", "PixelYDimension", "2000"),
                ("image", "Width", "800"),
                ("image", "Height", "600"),
            ],
        ),
        ("camera", &[("xmp", "tiff:Model", "NIKON D50")]),
    ];
    for (kind, more) in cases {
        let found = with(more);
        assert_eq!((found.grade, kinds(&found.against)), (ArchiveGrade::Supported, vec![*kind]), "{more:?}");
    }
}

#[test]
fn honest_oddities_are_not_held_against_a_file() {
    let cases: &[&[Said<'_>]] = &[
        // A film camera, and a scan long after the shot.
        &[
            ("exif", "Make", "Leica"),
            ("exif", "Model", "M3"),
            ("exif", "DateTimeOriginal", "1961:05:01 12:00:00"),
            ("exif", "DateTimeDigitized", "2014:02:01 09:00:00"),
        ],
        // A picture turned, a maker that was renamed, a camera of one maker under another's name.
        &[
            ("exif", "PixelXDimension", "3000"),
            ("exif", "PixelYDimension", "2000"),
            ("image", "Width", "2000"),
            ("image", "Height", "3000"),
        ],
        &[
            ("exif", "Make", "RICOH IMAGING COMPANY, LTD."),
            ("exif", "Model", "PENTAX K-1"),
            ("exif", "MakerNote", "<9 bytes, \"PENTAX\">"),
            ("exif", "DateTimeOriginal", "2017:05:01 12:00:00"),
        ],
        // Developed, not edited.
        &[("exif", "Software", "Adobe Photoshop Lightroom Classic 13.0 (Windows)")],
        // Twelve hours of time zone.
        &[("exif", "DateTime", "2005:01:13 20:57:59")],
    ];
    for more in cases {
        let found = with(more);
        assert!(found.against.is_empty(), "{more:?}: {:#?}", found.against);
    }
}

#[test]
fn custody_and_raw_files_count() {
    let facts = facts(&[]);
    let as_of = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let asset = Asset { verified_hashes: Some("SHA-256".into()), raw_sibling: Some("a.CR2".into()), ..archival() };
    let found =
        evidence(&ArchiveSubject { asset: &asset, facts: &facts, evidence: &[], ai: Ai::None, record: None, as_of });
    let found = found.unwrap();
    assert_eq!((found.grade, kinds(&found.supporting)), (ArchiveGrade::Authenticated, vec!["custody", "raw-file"]));
    // In other roles nothing is claimed.
    let other = Asset { role: Role::Final, ..asset };
    assert!(
        evidence(&ArchiveSubject { asset: &other, facts: &facts, evidence: &[], ai: Ai::None, record: None, as_of })
            .is_none()
    );
}

#[test]
fn early_cameras_of_makers_of_later_ones_are_not_contradicted() {
    let cases = [
        ("Apple Computer, Inc.", "QuickTake 150", "1995:06:01 10:00:00"),
        ("Google", "Glass 1", "2013:05:01 10:00:00"),
        ("HUAWEI", "U1250", "2008:05:01 10:00:00"),
        ("GoPro", "HERO", "2005:05:01 10:00:00"),
    ];
    for (make, model, day) in cases {
        let found =
            judged(&facts(&[("exif", "Make", make), ("exif", "Model", model), ("exif", "DateTimeOriginal", day)]));
        assert!(found.against.is_empty(), "{make}: {:#?}", found.against);
    }
}

#[test]
fn a_note_of_another_maker_in_a_raw_file_is_only_a_question() {
    let raw = |format: &'static str| Facts {
        format: Some(FormatId::new(format)),
        ..facts(&[
            ("exif", "Make", "Canon"),
            ("exif", "Model", "Canon EOS 20D"),
            ("exif", "MakerNote", "<9 bytes, \"Nikon\">"),
        ])
    };
    assert_ne!(judged(&raw("tiff")).grade, ArchiveGrade::Contradicted);
    assert_eq!(judged(&raw("jpeg")).grade, ArchiveGrade::Contradicted);
}
