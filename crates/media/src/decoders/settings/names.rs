//! What a member of generation settings is called, as data: every spelling in lower case without anything but letters and
//! digits, and the names that tell other trades' settings from a generator's.
//!
//! The spellings are those of the generators' own documentation and output; a generator that uses other words beside
//! these is still told by the rest.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

/// What a member of settings is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// What was asked for.
    Prompt,
    /// A name that also means other things; it counts only beside what no other trade has.
    WeakPrompt,
    Negative,
    Seed,
    Steps,
    /// A name that only diffusion models have.
    InferenceSteps,
    Sampler,
    Guidance,
    /// `scale` also enlarges pictures.
    WeakGuidance,
    Model,
    Width,
    Height,
    Size,
    /// A setting that only generators have.
    Extra,
    /// A voice that speaks.
    Voice,
    /// A picture, clip or sound that is changed.
    Source,
    Mode,
    /// The program that wrote the settings.
    Tool,
    Foreign(Trade),
}

/// Trades whose settings also have seeds, steps and models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trade {
    Training,
    Chat,
    Other,
}

use Field::{
    Extra, Foreign, Guidance, Height, InferenceSteps, Mode, Model, Negative, Prompt, Sampler, Seed, Size, Source,
    Steps, Tool, Voice, WeakGuidance, WeakPrompt, Width,
};

/// The field that a name stands for.
pub(super) fn field(name: &str) -> Option<Field> {
    static LENGTHS: OnceLock<[u64; 256]> = OnceLock::new();
    static BY_NAME: OnceLock<HashMap<&'static [u8], Field, RandomState>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        // Where a name stands in two rows, the first decides.
        let rows = NAMES.iter().rev();
        rows.flat_map(|(field, names)| names.split_whitespace().map(move |name| (name.as_bytes(), *field))).collect()
    });
    let lengths = LENGTHS.get_or_init(|| lengths(by_name.keys().copied()));
    let of = |plain: &[u8]| {
        let of = |plain: &[u8]| by_name.get(plain).copied();
        // Several of a kind are called as one is.
        of(plain).or_else(|| of(plain.strip_suffix(b"s").filter(|one| one.len() > 3)?))
    };
    // What stands before a colon or a slash is a namespace.
    let start = memchr::memrchr2(b':', b'/', name.as_bytes()).map_or(0, |at| at + 1);
    let name = name.get(start..).unwrap_or_default();
    let mut letters = [0; LONGEST];
    match plain(name.as_bytes(), &mut letters) {
        Plain::Long => None,
        Plain::Letters(plain) if may_be_known(plain, lengths) => of(plain),
        Plain::Letters(_) => None,
        Plain::Other => {
            let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            of(plain.as_bytes())
        }
    }
}

/// Letters and digits of a name that are told apart by [`lengths`]; no name has as many.
const LONGEST: usize = 62;

/// For each byte that names begin with, a bit for each of their lengths, and for one more: names may stand in the plural.
fn lengths<'n>(names: impl Iterator<Item = &'n [u8]>) -> [u64; 256] {
    let mut out = [0; 256];
    for name in names {
        if let Some(of_byte) = name.first().and_then(|first| out.get_mut(usize::from(*first))) {
            *of_byte |= 0b11 << name.len().min(LONGEST);
        }
    }
    out
}

/// Whether a name may be one of those that are known: its first letter and its length rule out nearly every other one.
fn may_be_known(plain: &[u8], lengths: &[u64; 256]) -> bool {
    let of_first = plain.first().and_then(|first| lengths.get(usize::from(*first)));
    of_first.is_some_and(|of_first| of_first >> plain.len() & 1 == 1)
}

/// A name without what stands between its letters and digits.
enum Plain<'a> {
    /// Those that it has, in lower case.
    Letters(&'a [u8]),
    /// There are more than in any name that is known.
    Long,
    /// Not all of them are of the English alphabet.
    Other,
}

/// Letters and digits of a name, in lower case.
fn plain<'a>(name: &[u8], out: &'a mut [u8; LONGEST]) -> Plain<'a> {
    let mut len = 0;
    for b in name {
        if !b.is_ascii() {
            return Plain::Other;
        }
        if b.is_ascii_alphanumeric() {
            match out.get_mut(len) {
                Some(place) => *place = b.to_ascii_lowercase(),
                None => return Plain::Long,
            }
            len += 1;
        }
    }
    Plain::Letters(out.get(..len).unwrap_or_default())
}

static NAMES: &[(Field, &str)] = &[
    (
        Prompt,
        "prompt prompts positiveprompt promptpositive positive textprompt prompttext inputprompt imageprompt \
         videoprompt audioprompt musicprompt userprompt fullprompt rawprompt finalprompt originalprompt mainprompt \
         baseprompt generationprompt positiveconditioning includeinimage revisedprompt enhancedprompt actualprompt \
         sdprompt aiprompt promptused gptdescriptionprompt creationprompt promptg promptl textprompts prompt1 pprompt",
    ),
    (
        WeakPrompt,
        "text texts inputtext textinput inputs description caption lyrics c instruction globalprompt script query",
    ),
    (
        Negative,
        "negativeprompt negprompt negative nprompt negativeprompts promptnegative unconditionalprompt uc \
         excludefromimage undesiredcontent negativeconditioning negativetext neg negprompts negativeprompt2 promptneg",
    ),
    (
        Seed,
        "seed seeds randomseed noiseseed seedvalue generationseed baseseed imageseed allseeds initialseed manualseed \
         sdseed rngseed usedseed lastseed subseed currentseed",
    ),
    (
        InferenceSteps,
        "numinferencesteps inferencesteps samplingsteps ddimsteps diffusionsteps denoisingsteps samplesteps \
         samplersteps denoisesteps numsamplingsteps ddpmsteps stepsinference infersteps inferstep decodersteps \
         priorsteps refinersteps numdiffusionsteps numinferencestep",
    ),
    (Steps, "stepsnum numberofsteps steps step numsteps stepcount totalsteps iterations nsteps sdsteps stepscount"),
    (
        Sampler,
        "sampler samplername samplertype scheduler schedulername schedulertype schedule scheduletype samplermethod \
         samplingmethod samplesolver solver samplerindex noiseschedule samplerid samplemethod sdsampler \
         noisescheduler diffusionsampler sampling sampleralgorithm",
    ),
    (
        Guidance,
        "cfg cfgscale guidance guidancescale cfgcoef cfgcoefficient classifierfreeguidance \
         classifierfreeguidancescale promptstrength promptguidance guidancestrength distilledcfg distilledcfgscale \
         truecfgscale unconditionalguidancescale cfgrescale cfgstrength cfgweight textguidancescale guidancescale2 \
         embeddedguidancescale audiocfgscale videocfgscale cfgvalue priorguidancescale textcfg guidanceweight \
         cfgguidance",
    ),
    (WeakGuidance, "scale sdscale"),
    (
        Model,
        "model modelname modelid modelhash modelfilename modelfile modeltype modelversion modelpath modelweights \
         basemodel basemodelname endpoint checkpoint checkpointname checkpointpath ckpt ckptname ckptfile ckptpath \
         sdmodel sdmodelname sdmodelcheckpoint sdmodelhash stablediffusionmodel usestablediffusionmodel unet unetname \
         diffusionmodel transformer transformername custommodel aimodel modelslug engine engineid imagemodel \
         videomodel modelkey pretrainedmodel pretrainedmodelnameorpath repoid modelrepo modelrepository \
         generationmodel generativemodel modelused",
    ),
    (Width, "width w imagewidth outputwidth sdwidth"),
    (Height, "height h imageheight outputheight sdheight"),
    (Size, "size resolution imagesize aspectratio dimensions outputsize videosize ar"),
    (
        Extra,
        "lora loras loraname loraweights activatedloras lorasmultipliers lorascale clipskip vae vaename vaemodel \
         denoisingstrength denoise denoisestrength flowshift hiresupscale hiresupscaler hiresfix refiner refinermodel \
         controlnet controlnets textualinversion embeddings freeu pag pagscale slgscale clipmodel textencoder t5xxl \
         eta ensd tokenmerging hypernetwork ipadapter numinferenceframes motionbucketid quantize safetychecker \
         enablesafetychecker karras negativestyle texttemp waveformtemp semantictemperature coarsetemperature",
    ),
    (Voice, "voice voiceid voicename speaker speakerid speakername similarityboost voicesettings"),
    (
        Source,
        "initimage initimg inputimage sourceimage baseimage startimage imagestart maskimage initialimage sourcevideo \
         inputvideo initvideo videosource drivingvideo inputaudio sourceaudio initaudio inpaintmask imageurl videourl \
         initimagepath imgpath startframeimage firstframeimage referenceaudio speakerwav refaudio audioguide \
         videoguide sourceface targetface faceimage initimageurl inputimages imageprompts",
    ),
    (Mode, "mode generationmode task tasktype type jobtype workflowtype pipeline generationtype"),
    (
        Tool,
        "generator software generatedwith generatedby createdwith createdby madewith app application appname tool \
         toolname program backend uiname appid creatortool",
    ),
    (
        Foreign(Trade::Training),
        "learningrate lr lrscheduler epoch epochs numepochs optimizer loss trainloss valloss weightdecay warmupsteps \
         gradientaccumulationsteps maxtrainsteps trainbatchsize dataset datasetname traindata validationprompt \
         validationprompts globalstep momentum dropout trainingsteps instanceprompt accuracy checkpointingsteps",
    ),
    (
        Foreign(Trade::Chat),
        "maxtokens maxnewtokens maxoutputtokens maxcompletiontokens messages systemprompt stopsequences logprobs \
         presencepenalty frequencypenalty toolchoice finishreason completion completiontokens prompttokens usage \
         responseformat numpredict numctx beamsize transcript translation answer ocr alttext",
    ),
    (
        Foreign(Trade::Other),
        "renderer renderengine samplesperpixel spp framerange startframe endframe framestart frameend priority pool \
         bounces maxbounces raydepth shutterangle focallength scenefile hipfile tilesize aasamples worker slave farm \
         timestep dt ensemble particles numparticles viscosity density boundary boundaryconditions lattice gridsize \
         mesh pressure thermostat walkers nwalkers burnin chains agents nagents episodes reward population \
         populationsize mutationrate tolerance likelihood posterior walltime forcefield residuals cfl reynolds \
         solvertolerance experiment octaves lacunarity persistence oscillator osc osc1 envelope attack decay sustain \
         release cutoff resonance lfo polyphony velocity midichannel swing patch patchname waveform samplerate \
         bitdepth rootkey keyrange bbox boxes bboxes boundingbox detections annotations segmentation categories iou \
         confidence classes keypoints masks labels points question answers choices responses response participant \
         participantid subject subjectid trial trials stimulus score level player lives biome difficulty worldname \
         inventory correct typeversion credentials patcher maxclass shell ps1 cols rows cwd term validate default \
         required placeholder validation inputtype cron pipelineid branch commit buildnumber stage",
    ),
];

/// Words in the name of a model that makes pictures, video, speech or music.
static GENERATIVE: &str = "diffusion|sdxl|sd-v1|sd_xl|sd-xl|sd15|sd1.5|sd-1.5|sd 1.5|sd3|sd2|sd_turbo|flux|wan2|wan-|wan_|\
     hunyuan|ltx|cogvideo|mochi|animatediff|kandinsky|pixart|auraflow|qwen-image|qwen_image|hidream|\
     z-image|dreamshaper|juggernaut|pony|illustrious|animagine|realisticvision|realistic-vision|dall-e|\
     dalle|gpt-image|imagen-|midjourney|ideogram|recraft|seedream|seedance|kling|veo-|veo3|sora-2|\
     musicgen|audiogen|audioldm|stable-audio|stable audio|xtts|tortoise|tts|eleven_|ace-step|diffrhythm|\
     riffusion|text2image|text-to-image|text-to-video|text2video|t2i|t2v|i2v|txt2img|img2img|lumina|\
     omnigen|stable-cascade|wuerstchen|deepfloyd|dreamlike|latent|novelai|anything-v|openjourney|photon|\
     protogen|playground-v|sana|chroma|krea|turbo-xl|dreambooth|lcm|text-to-speech|text-to-audio|txt2vid";

/// Endings of files that hold a model's weights.
static WEIGHTS: &str = ".safetensors|.ckpt|.gguf|.sft";

/// Words in the name of a model that reads, describes or answers, and makes no media.
static READING: &str = "gpt-3|gpt-4|gpt-5|claude|llama|llava|mistral|mixtral|gemma|phi-|qwen2|qwen-vl|qwen3|deepseek|blip|\
     florence|joycaption|wd14|wd-v1|cogvlm|internvl|moondream|whisper|sam_|sam2|sam-|yolo|dino|clip-vit|\
     resnet|efficientnet|bert|command-r|paligemma|pixtral|smolvlm|minicpm|vit-|u-net";

/// Whether a model of this name makes media.
pub(super) fn is_generative(model: &str) -> bool {
    let model = model.to_lowercase();
    let weights = WEIGHTS.split('|').any(|end| model.ends_with(end));
    !is_reading(&model) && (weights || GENERATIVE.split('|').any(|word| model.contains(word)))
}

/// Whether a model of this name only reads.
pub(super) fn is_reading(model: &str) -> bool {
    let model = model.to_lowercase();
    READING.split('|').any(|word| model.contains(word))
        && !["image-", "-image", "gpt-4o-image"].iter().any(|w| model.contains(w))
}

/// Samplers of diffusion models; words of other trades (normal, linear, simple) are not among them.
static SAMPLERS: &str = "euler|heun|dpm|ddim|plms|k_lms|lms|unipc|uni_pc|uni-pc|lcm|ddpm|pndm|flowmatch|flow match|flow_match|\
     er_sde|res_multistep|deis|ipndm|karras|sgm_uniform|ays|tcd|sa_solver|gradient_estimation|k_heun|\
     k_dpm|rectified";

/// Whether this is how a sampler or noise schedule is called.
pub(super) fn is_sampler(value: &str) -> bool {
    let value = value.to_lowercase();
    value.len() < 64
        && SAMPLERS.split('|').any(|word| {
            let at = value.find(word);
            at.is_some_and(|at| !value[..at].ends_with(|c: char| c.is_alphanumeric()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_however_it_is_written() {
        for (field_of_row, names) in NAMES {
            for name in names.split_whitespace() {
                assert!(name.len() < LONGEST, "{name}");
                let known = field(name).unwrap_or_else(|| panic!("{name} of {field_of_row:?}"));
                let written = [name.to_uppercase(), format!("{name}s"), format!("x/y:{name}"), format!("-{name}_ ")];
                for other in written.iter().filter(|other| name.len() > 3 || !other.ends_with('s')) {
                    // Where the plural is a name of its own, that one decides.
                    let plural = other.ends_with('s') && !name.ends_with('s');
                    assert!(field(other) == Some(known) || plural && field(other).is_some(), "{other}");
                }
            }
        }
        for other in
            ["", ":", "x:", "steps taken by the author of this text and by nobody else, ever", "öffnung", "stepsss"]
        {
            assert_eq!(field(other), None, "{other}");
        }
    }
}
