//! The variants of a reference: how a picture is commonly framed anew.
//!
//! PDQ takes no notice of scale, stretching and grading, but moves of more than about one percent of a side change it.
//! Crops are therefore made beforehand, of the reference, which is hashed once: 17 crops and aspect ratios. The two
//! mirrored forms follow from the transform of the picture that is looked up, which makes 51 variants for 17 hashes.

use serde::Serialize;

use crate::{Luma, trim_uniform_borders};

/// A part of a picture in shares of its width and height, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rectangle {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Lower edge.
    pub bottom: f32,
}

impl Rectangle {
    /// The whole picture.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };

    pub(crate) fn width(&self) -> f32 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// The places close by: larger and smaller, moved, and with one edge moved.
    pub(crate) fn moved(&self, step: f32) -> [Self; 14] {
        let by = |left: f32, top: f32, right: f32, bottom: f32| Self {
            left: self.left + left * step,
            top: self.top + top * step,
            right: self.right + right * step,
            bottom: self.bottom + bottom * step,
        };
        [
            by(-1.0, -1.0, 1.0, 1.0),
            by(1.0, 1.0, -1.0, -1.0),
            by(1.0, 0.0, 1.0, 0.0),
            by(-1.0, 0.0, -1.0, 0.0),
            by(0.0, 1.0, 0.0, 1.0),
            by(0.0, -1.0, 0.0, -1.0),
            by(1.0, 0.0, 0.0, 0.0),
            by(-1.0, 0.0, 0.0, 0.0),
            by(0.0, 1.0, 0.0, 0.0),
            by(0.0, -1.0, 0.0, 0.0),
            by(0.0, 0.0, 1.0, 0.0),
            by(0.0, 0.0, -1.0, 0.0),
            by(0.0, 0.0, 0.0, 1.0),
            by(0.0, 0.0, 0.0, -1.0),
        ]
    }

    /// The part of this rectangle that is left when a share is cut from both sides and from top and bottom.
    fn cut(&self, side: f32, top: f32) -> Self {
        Self {
            left: self.left + side * self.width(),
            top: self.top + top * self.height(),
            right: self.right - side * self.width(),
            bottom: self.bottom - top * self.height(),
        }
    }
}

/// How a picture was turned over before it was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// As it is.
    Plain,
    /// Left to right.
    Mirrored,
    /// Top to bottom.
    UpsideDown,
}

impl Orientation {
    /// All that are compared.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Mirrored, Self::UpsideDown];
}

/// Which part of the reference a hash is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Variant(pub(crate) u8);

/// Shares cut from every side, in thousandths.
const CROPS: [u16; 7] = [15, 30, 45, 60, 75, 90, 105];
/// Aspect ratios that a picture is cut to fill, as width and height.
const ASPECTS: [(f32, f32, &str); 8] = [
    (16.0, 9.0, "fill-16:9"),
    (4.0, 3.0, "fill-4:3"),
    (1.0, 1.0, "fill-1:1"),
    (2.39, 1.0, "fill-2.39:1"),
    (1.85, 1.0, "fill-1.85:1"),
    (3.0, 2.0, "fill-3:2"),
    (4.0, 5.0, "fill-4:5"),
    (9.0, 16.0, "fill-9:16"),
];
const WHOLE: u8 = 0;
const CONTENT: u8 = 1;
const FIRST_CROP: u8 = 2;
const FIRST_ASPECT: u8 = FIRST_CROP + CROPS.len() as u8;
/// How many variants there are.
pub(crate) const VARIANTS: u8 = FIRST_ASPECT + ASPECTS.len() as u8;
/// A crop to another aspect ratio that takes less than this share away is the whole picture again.
const LEAST_CUT: f32 = 0.005;

impl Variant {
    /// The variant of a stored number, where there is one.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        (number < VARIANTS).then_some(Self(number))
    }

    /// Whether nothing but borders is cut away.
    pub(crate) fn is_uncropped(self) -> bool {
        self.0 < FIRST_CROP
    }

    /// The share of each side, 0 to 1, that is cut away where the shape of the picture is kept.
    pub fn cut(self) -> Option<f32> {
        let crop = self.0.checked_sub(FIRST_CROP)?;
        CROPS.get(usize::from(crop)).map(|thousandths| f32::from(*thousandths) / 1000.0)
    }

    /// What the variant is called in reports.
    pub fn name(self) -> String {
        match self.0 {
            WHOLE => "whole".to_owned(),
            CONTENT => "without-borders".to_owned(),
            crop if crop < FIRST_ASPECT => {
                let thousandths = CROPS[usize::from(crop - FIRST_CROP)];
                format!("crop-{}.{}%", thousandths / 10, thousandths % 10)
            }
            aspect => ASPECTS.get(usize::from(aspect - FIRST_ASPECT)).map_or("unknown", |(_, _, name)| name).to_owned(),
        }
    }
}

/// The variants of a picture that differ from each other, with their place in it.
pub(crate) fn variants_of(luma: &Luma) -> Vec<(Variant, Rectangle)> {
    let content = trim_uniform_borders(luma);
    let mut variants = vec![(Variant(WHOLE), Rectangle::WHOLE)];
    if content != Rectangle::WHOLE {
        variants.push((Variant(CONTENT), content));
    }
    for (number, thousandths) in (FIRST_CROP..).zip(CROPS) {
        let share = f32::from(thousandths) / 1000.0;
        variants.push((Variant(number), content.cut(share, share)));
    }
    let aspect = luma.width() as f32 * content.width() / (luma.height().max(1) as f32 * content.height());
    for (number, (width, height, _)) in (FIRST_ASPECT..).zip(ASPECTS) {
        let wanted = width / height;
        let (side, top) =
            if wanted < aspect { ((1.0 - wanted / aspect) / 2.0, 0.0) } else { (0.0, (1.0 - aspect / wanted) / 2.0) };
        if side.max(top) >= LEAST_CUT {
            variants.push((Variant(number), content.cut(side, top)));
        }
    }
    variants
}
