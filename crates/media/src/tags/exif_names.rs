//! Names of TIFF and EXIF tags as their specifications write them: TIFF 6.0 with supplements, TIFF/EP, EXIF 3.1
//! (CIPA DC-008), DNG 1.7, and the private tags that Windows and common tools use. Sorted by number.

use countersign_model::CompactString;

/// Which numbers the fields of a directory have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Vocabulary {
    /// Those of images and of their EXIF directory.
    Main,
    Gps,
    Interoperability,
}

/// The field's name, as tags keep it; `None` where no table here has it.
pub(super) fn name(vocabulary: Vocabulary, tag: u16) -> Option<&'static CompactString> {
    name_near(vocabulary, tag, &mut 0)
}

/// Rows that are looked through for the next field of a directory.
const NEAR: usize = 8;

/// As [`name`]. `row` is where the field before was found: the fields of a directory ascend, so that the next one is near.
pub(super) fn name_near(vocabulary: Vocabulary, tag: u16, row: &mut usize) -> Option<&'static CompactString> {
    let table = match vocabulary {
        Vocabulary::Gps => GPS,
        Vocabulary::Interoperability => INTEROP,
        Vocabulary::Main => MAIN,
    };
    let rows =
        table.get(*row..).filter(|rows| rows.first().is_some_and(|(first, _)| *first <= tag)).unwrap_or_default();
    *row = match rows.iter().take(NEAR).position(|(number, _)| *number >= tag) {
        Some(by) => *row + by,
        None => table.partition_point(|(number, _)| *number < tag),
    };
    table.get(*row).filter(|(number, _)| *number == tag).map(|(_, name)| name)
}

/// A row of a table, with a name that is copied without being put together anew.
const fn row(number: u16, name: &'static str) -> (u16, CompactString) {
    (number, CompactString::const_new(name))
}

static INTEROP: &[(u16, CompactString)] = &[
    row(0x0001, "InteroperabilityIndex"),
    row(0x0002, "InteroperabilityVersion"),
    row(0x1000, "RelatedImageFileFormat"),
    row(0x1001, "RelatedImageWidth"),
    row(0x1002, "RelatedImageLength"),
];

static GPS: &[(u16, CompactString)] = &[
    row(0x00, "GPSVersionID"),
    row(0x01, "GPSLatitudeRef"),
    row(0x02, "GPSLatitude"),
    row(0x03, "GPSLongitudeRef"),
    row(0x04, "GPSLongitude"),
    row(0x05, "GPSAltitudeRef"),
    row(0x06, "GPSAltitude"),
    row(0x07, "GPSTimeStamp"),
    row(0x08, "GPSSatellites"),
    row(0x09, "GPSStatus"),
    row(0x0A, "GPSMeasureMode"),
    row(0x0B, "GPSDOP"),
    row(0x0C, "GPSSpeedRef"),
    row(0x0D, "GPSSpeed"),
    row(0x0E, "GPSTrackRef"),
    row(0x0F, "GPSTrack"),
    row(0x10, "GPSImgDirectionRef"),
    row(0x11, "GPSImgDirection"),
    row(0x12, "GPSMapDatum"),
    row(0x13, "GPSDestLatitudeRef"),
    row(0x14, "GPSDestLatitude"),
    row(0x15, "GPSDestLongitudeRef"),
    row(0x16, "GPSDestLongitude"),
    row(0x17, "GPSDestBearingRef"),
    row(0x18, "GPSDestBearing"),
    row(0x19, "GPSDestDistanceRef"),
    row(0x1A, "GPSDestDistance"),
    row(0x1B, "GPSProcessingMethod"),
    row(0x1C, "GPSAreaInformation"),
    row(0x1D, "GPSDateStamp"),
    row(0x1E, "GPSDifferential"),
    row(0x1F, "GPSHPositioningError"),
];

static MAIN: &[(u16, CompactString)] = &[
    row(0x000B, "ProcessingSoftware"),
    row(0x00FE, "NewSubfileType"),
    row(0x00FF, "SubfileType"),
    row(0x0100, "ImageWidth"),
    row(0x0101, "ImageLength"),
    row(0x0102, "BitsPerSample"),
    row(0x0103, "Compression"),
    row(0x0106, "PhotometricInterpretation"),
    row(0x0107, "Threshholding"),
    row(0x0108, "CellWidth"),
    row(0x0109, "CellLength"),
    row(0x010A, "FillOrder"),
    row(0x010D, "DocumentName"),
    row(0x010E, "ImageDescription"),
    row(0x010F, "Make"),
    row(0x0110, "Model"),
    row(0x0111, "StripOffsets"),
    row(0x0112, "Orientation"),
    row(0x0115, "SamplesPerPixel"),
    row(0x0116, "RowsPerStrip"),
    row(0x0117, "StripByteCounts"),
    row(0x0118, "MinSampleValue"),
    row(0x0119, "MaxSampleValue"),
    row(0x011A, "XResolution"),
    row(0x011B, "YResolution"),
    row(0x011C, "PlanarConfiguration"),
    row(0x011D, "PageName"),
    row(0x011E, "XPosition"),
    row(0x011F, "YPosition"),
    row(0x0120, "FreeOffsets"),
    row(0x0121, "FreeByteCounts"),
    row(0x0122, "GrayResponseUnit"),
    row(0x0123, "GrayResponseCurve"),
    row(0x0124, "T4Options"),
    row(0x0125, "T6Options"),
    row(0x0128, "ResolutionUnit"),
    row(0x0129, "PageNumber"),
    row(0x012D, "TransferFunction"),
    row(0x0131, "Software"),
    row(0x0132, "DateTime"),
    row(0x013B, "Artist"),
    row(0x013C, "HostComputer"),
    row(0x013D, "Predictor"),
    row(0x013E, "WhitePoint"),
    row(0x013F, "PrimaryChromaticities"),
    row(0x0140, "ColorMap"),
    row(0x0141, "HalftoneHints"),
    row(0x0142, "TileWidth"),
    row(0x0143, "TileLength"),
    row(0x0144, "TileOffsets"),
    row(0x0145, "TileByteCounts"),
    row(0x014A, "SubIFDs"),
    row(0x014C, "InkSet"),
    row(0x014D, "InkNames"),
    row(0x014E, "NumberOfInks"),
    row(0x0150, "DotRange"),
    row(0x0151, "TargetPrinter"),
    row(0x0152, "ExtraSamples"),
    row(0x0153, "SampleFormat"),
    row(0x0154, "SMinSampleValue"),
    row(0x0155, "SMaxSampleValue"),
    row(0x0156, "TransferRange"),
    row(0x0157, "ClipPath"),
    row(0x015A, "Indexed"),
    row(0x015B, "JPEGTables"),
    row(0x0200, "JPEGProc"),
    row(0x0201, "JPEGInterchangeFormat"),
    row(0x0202, "JPEGInterchangeFormatLength"),
    row(0x0203, "JPEGRestartInterval"),
    row(0x0207, "JPEGQTables"),
    row(0x0208, "JPEGDCTables"),
    row(0x0209, "JPEGACTables"),
    row(0x0211, "YCbCrCoefficients"),
    row(0x0212, "YCbCrSubSampling"),
    row(0x0213, "YCbCrPositioning"),
    row(0x0214, "ReferenceBlackWhite"),
    row(0x022F, "StripRowCounts"),
    row(0x02BC, "XMP"),
    row(0x4746, "Rating"),
    row(0x4749, "RatingPercent"),
    row(0x800D, "ImageID"),
    row(0x80A4, "WangAnnotation"),
    row(0x828D, "CFARepeatPatternDim"),
    row(0x828E, "CFAPattern"),
    row(0x828F, "BatteryLevel"),
    row(0x8298, "Copyright"),
    row(0x829A, "ExposureTime"),
    row(0x829D, "FNumber"),
    row(0x830E, "ModelPixelScale"),
    row(0x83BB, "IPTC"),
    row(0x8482, "ModelTiepoint"),
    row(0x84E0, "Site"),
    row(0x84E1, "ColorSequence"),
    row(0x84E2, "IT8Header"),
    row(0x85D8, "ModelTransformation"),
    row(0x8649, "ImageResources"),
    row(0x8769, "ExifIFD"),
    row(0x8773, "ICCProfile"),
    row(0x87AF, "GeoKeyDirectory"),
    row(0x87B0, "GeoDoubleParams"),
    row(0x87B1, "GeoAsciiParams"),
    row(0x8822, "ExposureProgram"),
    row(0x8824, "SpectralSensitivity"),
    row(0x8825, "GPSInfo"),
    row(0x8827, "PhotographicSensitivity"),
    row(0x8828, "OECF"),
    row(0x882A, "TimeZoneOffset"),
    row(0x882B, "SelfTimerMode"),
    row(0x8830, "SensitivityType"),
    row(0x8831, "StandardOutputSensitivity"),
    row(0x8832, "RecommendedExposureIndex"),
    row(0x8833, "ISOSpeed"),
    row(0x8834, "ISOSpeedLatitudeyyy"),
    row(0x8835, "ISOSpeedLatitudezzz"),
    row(0x9000, "ExifVersion"),
    row(0x9003, "DateTimeOriginal"),
    row(0x9004, "DateTimeDigitized"),
    row(0x9010, "OffsetTime"),
    row(0x9011, "OffsetTimeOriginal"),
    row(0x9012, "OffsetTimeDigitized"),
    row(0x9101, "ComponentsConfiguration"),
    row(0x9102, "CompressedBitsPerPixel"),
    row(0x9201, "ShutterSpeedValue"),
    row(0x9202, "ApertureValue"),
    row(0x9203, "BrightnessValue"),
    row(0x9204, "ExposureBiasValue"),
    row(0x9205, "MaxApertureValue"),
    row(0x9206, "SubjectDistance"),
    row(0x9207, "MeteringMode"),
    row(0x9208, "LightSource"),
    row(0x9209, "Flash"),
    row(0x920A, "FocalLength"),
    row(0x9211, "ImageNumber"),
    row(0x9212, "SecurityClassification"),
    row(0x9213, "ImageHistory"),
    row(0x9214, "SubjectArea"),
    row(0x9216, "TIFF/EPStandardID"),
    row(0x9217, "SensingMethod"),
    row(0x927C, "MakerNote"),
    row(0x9286, "UserComment"),
    row(0x9287, "LearningOptOutIn"),
    row(0x9290, "SubSecTime"),
    row(0x9291, "SubSecTimeOriginal"),
    row(0x9292, "SubSecTimeDigitized"),
    row(0x935C, "ImageSourceData"),
    row(0x9400, "Temperature"),
    row(0x9401, "Humidity"),
    row(0x9402, "Pressure"),
    row(0x9403, "WaterDepth"),
    row(0x9404, "Acceleration"),
    row(0x9405, "CameraElevationAngle"),
    row(0x9C9B, "XPTitle"),
    row(0x9C9C, "XPComment"),
    row(0x9C9D, "XPAuthor"),
    row(0x9C9E, "XPKeywords"),
    row(0x9C9F, "XPSubject"),
    row(0xA000, "FlashpixVersion"),
    row(0xA001, "ColorSpace"),
    row(0xA002, "PixelXDimension"),
    row(0xA003, "PixelYDimension"),
    row(0xA004, "RelatedSoundFile"),
    row(0xA005, "InteroperabilityIFD"),
    row(0xA20B, "FlashEnergy"),
    row(0xA20C, "SpatialFrequencyResponse"),
    row(0xA20E, "FocalPlaneXResolution"),
    row(0xA20F, "FocalPlaneYResolution"),
    row(0xA210, "FocalPlaneResolutionUnit"),
    row(0xA214, "SubjectLocation"),
    row(0xA215, "ExposureIndex"),
    row(0xA217, "SensingMethod"),
    row(0xA300, "FileSource"),
    row(0xA301, "SceneType"),
    row(0xA302, "CFAPattern"),
    row(0xA401, "CustomRendered"),
    row(0xA402, "ExposureMode"),
    row(0xA403, "WhiteBalance"),
    row(0xA404, "DigitalZoomRatio"),
    row(0xA405, "FocalLengthIn35mmFilm"),
    row(0xA406, "SceneCaptureType"),
    row(0xA407, "GainControl"),
    row(0xA408, "Contrast"),
    row(0xA409, "Saturation"),
    row(0xA40A, "Sharpness"),
    row(0xA40B, "DeviceSettingDescription"),
    row(0xA40C, "SubjectDistanceRange"),
    row(0xA40D, "DevelopmentType"),
    row(0xA420, "ImageUniqueID"),
    row(0xA430, "CameraOwnerName"),
    row(0xA431, "BodySerialNumber"),
    row(0xA432, "LensSpecification"),
    row(0xA433, "LensMake"),
    row(0xA434, "LensModel"),
    row(0xA435, "LensSerialNumber"),
    row(0xA436, "ImageTitle"),
    row(0xA437, "Photographer"),
    row(0xA438, "ImageEditor"),
    row(0xA439, "CameraFirmware"),
    row(0xA43A, "RAWDevelopingSoftware"),
    row(0xA43B, "ImageEditingSoftware"),
    row(0xA43C, "MetadataEditingSoftware"),
    row(0xA460, "CompositeImage"),
    row(0xA461, "SourceImageNumberOfCompositeImage"),
    row(0xA462, "SourceExposureTimesOfCompositeImage"),
    row(0xA480, "GDALMetadata"),
    row(0xA481, "GDALNoData"),
    row(0xA500, "Gamma"),
    row(0xC4A5, "PrintIM"),
    row(0xC612, "DNGVersion"),
    row(0xC613, "DNGBackwardVersion"),
    row(0xC614, "UniqueCameraModel"),
    row(0xC615, "LocalizedCameraModel"),
    row(0xC61A, "BlackLevel"),
    row(0xC61D, "WhiteLevel"),
    row(0xC621, "ColorMatrix1"),
    row(0xC622, "ColorMatrix2"),
    row(0xC623, "CameraCalibration1"),
    row(0xC624, "CameraCalibration2"),
    row(0xC628, "AsShotNeutral"),
    row(0xC62A, "BaselineExposure"),
    row(0xC62F, "CameraSerialNumber"),
    row(0xC630, "LensInfo"),
    row(0xC634, "DNGPrivateData"),
    row(0xC65D, "RawDataUniqueID"),
    row(0xC68B, "OriginalRawFileName"),
    row(0xC68C, "OriginalRawFileData"),
    row(0xC6F6, "AsShotProfileName"),
    row(0xC6F8, "ProfileName"),
    row(0xC6FE, "ProfileCopyright"),
    row(0xC716, "PreviewApplicationName"),
    row(0xC717, "PreviewApplicationVersion"),
    row(0xC718, "PreviewSettingsName"),
    row(0xC71B, "PreviewDateTime"),
    row(0xC71C, "RawImageDigest"),
    row(0xC789, "ReelName"),
    row(0xC7A1, "CameraLabel"),
    row(0xC7EE, "EnhanceParams"),
    row(0xCD2E, "SemanticName"),
    row(0xCD30, "SemanticInstanceID"),
    row(0xCD41, "C2PAManifestStore"),
    row(0xEA1C, "Padding"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [INTEROP, GPS, MAIN] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        assert_eq!(name(Vocabulary::Main, 0x0131).unwrap(), "Software");
        assert_eq!(name(Vocabulary::Gps, 0x0001).unwrap(), "GPSLatitudeRef");
        assert_eq!(name(Vocabulary::Main, 0x0001), None);
    }

    #[test]
    fn names_are_the_same_wherever_the_search_begins() {
        for (vocabulary, table) in
            [(Vocabulary::Interoperability, INTEROP), (Vocabulary::Gps, GPS), (Vocabulary::Main, MAIN)]
        {
            let tags = table.iter().flat_map(|(number, _)| [number.saturating_sub(1), *number, number + 1]);
            for tag in tags.chain([0, u16::MAX]) {
                let found = table.iter().find(|(number, _)| *number == tag).map(|(_, name)| name);
                assert_eq!(name(vocabulary, tag), found);
                for start in 0..=table.len() + 1 {
                    assert_eq!(name_near(vocabulary, tag, &mut { start }), found, "{tag} {start}");
                }
            }
        }
    }
}
