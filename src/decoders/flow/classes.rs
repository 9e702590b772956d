//! Shared by the decoders of graphs: what nodes do, as data: word stems of their classes, in lower case without blanks, dashes and
//! underscores. The first row with a stem that a class contains decides.

/// What a node does to a picture, clip or sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Makes something new.
    Generate,
    /// Changes what is loaded, with new content.
    Change,
    /// As the above, to a person: face, lips, body or voice.
    Person,
    /// Makes a picture of what a model has computed; of what was only encoded, the same picture.
    Decode,
    /// Turns what is loaded into what a model computes on.
    Encode,
    /// Scales, restores or denoises with a model.
    Enhance,
    /// Brings in something that was filmed, photographed or recorded, as far as the graph can say.
    Load,
    /// Loads a model that can make content.
    Model,
    /// Looks at a picture and hands on something else: a pose, a mask, words, a size.
    Look,
    /// As the above, and what is made will look or sound like that person.
    LooksLike,
    /// Ends the graph in a file.
    Save,
    /// Shows a result while the graph runs.
    Preview,
    /// Moves, crops, resizes, converts.
    Plain,
    Unknown,
}

use Role::{Change, Decode, Encode, Enhance, Generate, Load, Look, LooksLike, Model, Person, Plain, Preview, Save, Unknown};

/// The role of a class.
pub(super) fn role(class: &str) -> Role {
    let plain: String = class.chars().filter(|c| !" _-.".contains(*c)).flat_map(char::to_lowercase).collect();
    if HOSTED.iter().any(|start| class.starts_with(start)) {
        return if ["upscal", "faceswap"].iter().any(|word| plain.contains(word)) { row(&plain) } else { Generate };
    }
    row(&plain)
}

fn row(plain: &str) -> Role {
    let has = |words: &&(Role, &[&str])| words.1.iter().any(|word| plain.contains(word));
    ROWS.iter().find(has).map_or(Role::Unknown, |(role, _)| *role)
}

/// Whether a class belongs to diffusion models beyond doubt: other graphs have samplers too.
pub(super) fn is_of_diffusion(class: &str) -> bool {
    let plain: String = class.chars().filter(|c| !" _-.".contains(*c)).flat_map(char::to_lowercase).collect();
    DIFFUSION.iter().any(|word| plain.contains(word))
}

static DIFFUSION: &[&str] = &[
    "ksampler", "latent", "checkpoint", "textencode", "conditioning", "vae", "unet", "diffusion", "controlnet", "clip", "lora", "cfgguider",
    "txt2img", "img2img", "text2img", "texttoimage", "texttovideo", "imagetovideo", "denoise", "inpaint", "flux", "sdxl", "fal-ai", "falai",
    "faceswap", "liveportrait", "lipsync", "texttospeech", "tts", "generateimage", "imagegenerat", "compel", "t2l", "l2i",
];

/// Nodes that call a hosted model to make pictures, video or sound; compared from the start of the class.
static HOSTED: &[&str] = &[
    "OpenAIDalle", "OpenAIGPTImage", "OpenAIVideo", "FluxPro", "FluxKontext", "Flux2", "Ideogram", "Recraft", "StabilityStable",
    "StabilityUpscale", "StabilityTextToAudio", "StabilityAudio", "KlingT", "KlingI", "KlingV", "KlingS", "KlingL", "KlingD", "KlingC",
    "KlingO", "LumaI", "LumaV", "Minimax", "MiniMax", "VeoVideo", "Veo3", "GeminiImage", "GeminiNanoBanana", "ByteDance", "Pixverse",
    "Pika", "Runway", "Vidu", "Moonvalley", "Sora", "WanTextTo", "WanImageTo", "GrokImage", "GrokVideo", "Rodin3D", "Tripo",
    "HunyuanImageApi", "Seedream", "Seedance", "Hailuo", "LtxvApi",
];

static ROWS: &[(Role, &[&str])] = &[
    // Parts of sampling that are chosen apart, and work on the grid of pixels or of time.
    (Unknown, &["samplerselect", "samplerselector", "samplerparameters", "samplername", "schedulerselect"]),
    (Plain, &["upsampl", "downsampl", "resampl", "supersampl", "subsampl"]),
    (Save, &["imagesave", "saveimage", "savevideo", "saveaudio", "saveanimated", "savewebm", "saveas", "save", "videocombine", "export", "outputimage", "imageoutput", "writevideo", "sendimage", "websocket"]),
    (Preview, &["preview", "imagecompar", "showimage", "display"]),
    // Models that only look, segment, scale or restore are none that make content.
    (Look, &["loadclipvision", "clipvision", "controlnet", "t2iadapter", "samloader", "sammodel", "loadsam", "samdetector", "segmdetector", "bboxdetector", "ultralytics", "groundingdino", "depthanything", "depthmodel", "posemodel", "preprocessor", "loadwhisper", "whisper", "joycaption", "florence", "blip", "interrogat", "tagger", "llava", "qwenvl", "ollama", "vlm", "caption"]),
    (LooksLike, &["instantid", "pulid", "photomaker", "faceid", "consistentid", "infiniteyou", "ipadapterface", "uniportrait", "phantom", "voicereference"]),
    (Look, &["ipadapter", "stylemodel", "reduxadvanced", "redux"]),
    (Plain, &["upscalemodelloader", "loadupscalemodel", "facerestoremodelloader", "loadfacerestore", "vaeloader", "loadvae", "cliploader", "loadclip", "loraloader", "loadlora", "insightfaceloader", "rifemodel", "vfimodel", "inpaintcrop", "loadfacemodel"]),
    (Model, &["checkpointload", "ckptload", "loadcheckpoint", "unetload", "loadunet", "diffusionmodel", "diffusersload", "pipelineload", "loadpipeline", "modelload", "loadmodel", "loadinpaintmodel", "downloadandload", "inpaintmodelload", "ggufload", "loadgguf", "mainmodel", "fluxmodel", "nunchaku"]),
    (Load, &["loadimage", "imageload", "loadvideo", "videoload", "loadaudio", "audioload", "imagefrombase64", "imagefromurl", "loadimg", "loadframes", "loadclipfrom", "webcam", "imageinput", "inputimage", "videoinput", "inputvideo", "audioinput", "inputaudio", "loadbatchimage", "uploadimage", "imageupload", "recordaudio", "imagesfrom"]),
    (Person, &[
        "faceswap", "swapface", "reactor", "roop", "inswapper", "facefusion", "simswap", "ghostface", "liveportrait", "advancedlive", "portraitanimat", "animateportrait", "expressioneditor",
        "facereenact", "reenactment", "lipsync", "synclips", "wav2lip", "latentsync", "musetalk", "sadtalker", "hallo", "echomimic", "talkinghead", "infinitetalk", "multitalk", "fantasytalking",
        "hedra", "omnihuman", "memoavatar", "voiceclon", "clonevoice", "voiceconver", "convertvoice", "voicechang", "rvc", "sovits", "seedvc", "openvoice", "f5tts", "xtts", "cosyvoice", "indextts", "chatterboxvc",
        "deepfake", "deepface", "reage", "deage", "facedetailer", "facefix", "facemorph", "headswap", "animateanyone", "mimicmotion", "wananimate", "unianimate", "magicanimate", "characterreplace", "makeittalk", "livetalking",
    ]),
    (Encode, &["vaeencode", "imagetolatent", "encodelatent", "i2l", "referencelatent", "latentfromimage", "imagetovideolatent", "audioencode"]),
    (Change, &[
        "inpaint", "outpaint", "objectremov", "removeobject", "removerof", "eraser", "eraseobject", "erasewith", "lama", "propainter", "diffueraser", "powerpaint", "brushnet", "minimaxremov", "generativefill", "genfill", "fillimage",
        "iclight", "relight", "kontext", "imageedit", "editimage", "videoedit", "qwenedit", "instructpix", "img2img", "imagetoimage", "image2image", "vid2vid", "videotovideo", "styletransfer", "styliz", "detailer",
        "ultimatesdupscale", "watermarkremov", "removewatermark", "textremov", "removetext", "hairstyle", "virtualtryon", "tryon", "catvton", "clothswap", "backgroundreplace", "replacebackground", "makeup",
    ]),
    (Decode, &["vaedecode", "latenttoimage", "decodelatent", "l2i"]),
    (Enhance, &[
        "upscalewithmodel", "upscalemodel", "imageupscal", "superres", "esrgan", "swinir", "supir", "seedvr", "ccsr", "aurasr", "codeformer", "facerestor", "gfpgan", "restoreface", "restorformer", "rife", "filmvfi", "vfi", "frameinterpol",
        "coloriz", "ddcolor", "deoldify", "topaz", "denoisevideo", "videodenoise", "imagedenoise", "denoiseimage", "deblur", "dejpeg", "flashvsr", "realbasicvsr", "scunet", "nafnet", "audiodenoise", "deepfilter", "audiosr", "enhanceaudio", "speechenhance",
    ]),
    (Generate, &[
        "ksampler", "sampler", "txt2img", "text2img", "texttoimage", "text2image", "texttovideo", "text2video", "imagetovideo", "image2video", "txt2vid", "img2vid", "denoiselatents", "fluxdenoise", "tripleprompt", "musicgen", "audiogen",
        "texttospeech", "text2speech", "tts", "texttoaudio", "text2audio", "texttomusic", "acestep", "stableaudio", "generateimage", "imagegenerat", "generatevideo", "videogenerat", "generateaudio", "generatemusic", "musicgenerat", "diffusionrun",
        "speechgenerat", "soundgenerat", "generate3d", "falai/", "dalle", "gptimage", "bark", "t2l",
    ]),
    (Plain, &["imagecomposite", "compositemask", "pasteby", "imagepaste", "blendmask"]),
    (Look, &["segment", "mask", "getimagesize", "imagesize", "getsize", "textencode", "depth", "canny", "lineart", "openpose", "dwpose", "pose", "scribble", "hededge", "normalmap", "detect", "describe", "imageinfo", "tostring"]),
    (Plain, &[
        "scale", "crop", "resize", "upscale", "invert", "note", "reroute", "primitive", "pad", "blend", "batch", "composite", "flip", "rotate", "sharpen", "blur", "createvideo", "getvideocomponents", "color", "combine", "convert", "concat", "string", "int", "float", "boolean", "switch",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_the_roles_of_what_they_do() {
        for (class, expected) in [
            ("KSampler", Generate),
            ("SamplerCustomAdvanced", Generate),
            ("KSamplerSelect", Unknown),
            ("LatentUpsampler", Plain),
            ("ReActorFaceSwap", Person),
            ("FaceDetailer", Person),
            ("LatentSyncNode", Person),
            ("INPAINT_InpaintWithModel", Change),
            ("INPAINT_LoadInpaintModel", Model),
            ("UpscaleModelLoader", Plain),
            ("ImageUpscaleWithModel", Enhance),
            ("CheckpointLoaderSimple", Model),
            ("VHS_LoadVideo", Load),
            ("VHS_VideoCombine", Save),
            ("LoadImage", Load),
            ("ControlNetApplyAdvanced", Look),
            ("IPAdapterFaceID", LooksLike),
            ("ImageCompositeMasked", Plain),
            ("FluxProUltraImageNode", Generate),
            ("VAEEncodeForInpaint", Encode),
            ("BRIA_RMBG_Zho", Unknown),
        ] {
            assert_eq!(role(class), expected, "{class}");
        }
    }
}
