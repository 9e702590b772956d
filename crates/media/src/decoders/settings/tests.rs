//! What is told as settings of a generator, in every way of writing it, and what is not.

use super::*;
use countersign_io::source::Source;

fn tag(space: &str, key: &str, value: &str) -> Tag {
    Tag { space: space.into(), key: key.into(), value: value.into(), ..Tag::default() }
}

fn said_of(tags: &[(&str, &str, &str)]) -> Vec<(String, String)> {
    let facts =
        Facts { tags: tags.iter().map(|(space, key, value)| tag(space, key, value)).collect(), ..Facts::default() };
    let said = decode(&mut Subject::new(&mut Source::memory(Vec::new(), 0)), &facts, Options::default());
    said.into_iter().map(|tag| (tag.key.into(), tag.value.into())).collect()
}

fn verdict(tags: &[(&str, &str, &str)]) -> Option<String> {
    let said = said_of(tags).into_iter().find(|(key, _)| key == "structure" || key == "quoted");
    said.map(|(key, value)| format!("{key} {}", value.split(':').next().unwrap_or_default()))
}

#[test]
fn every_way_of_writing_settings_is_read() {
    let cases: &[&str] = &[
        r#"{"prompt":"a red barn at dusk","seed":42,"steps":30}"#,
        r#"{"prompt":"a red barn","negative_prompt":"","width":512,"height":768}"#,
        r#"{"request":{"input":{"prompt":"a red barn","num_inference_steps":4}},"seed":1}"#,
        r#"{"meta":"{\"positive_prompt\":\"a red barn\",\"cfg_scale\":7,\"scheduler\":\"euler\"}"}"#,
        r#"[{"prompt":"a red barn","seed":1,"guidance_scale":3.5}]"#,
        r#"{"prompt":["a red barn","dusk"],"seed":[1,2],"cfg":7}"#,
        r#"{"prompt":[{"prompt":"a red barn","weight":1}],"sampler":"k_lms","steps":50,"cfg_scale":7.5}"#,
        r#"{"model":"sdxl.safetensors","seed":1,"steps":20,"sampler":"euler"}"#,
        r#"{"text":"lofi piano, rain","model":"facebook/musicgen-large","cfg_coef":3.0,"seed":1,"duration":30}"#,
        r#"{"text":"Hello there","voice_id":"abc","model_id":"eleven_multilingual_v2"}"#,
        "{'prompt': 'a red barn', 'seed': 42, 'num_inference_steps': 30, 'negative_prompt': None}",
        "Prompt: a red barn at dusk\nNegative prompt: people\nSeed: 42\nSteps: 30\n",
        "prompt: a red barn\nseed: 42\nguidance_scale: 3.5\nmodel: black-forest-labs/FLUX.1-dev\n",
        "prompt: |\n  a red barn at dusk\nseed: 42\nsteps: 30\ncfg: 7\n",
        "prompt=\"a red barn, dusk\", seed=42, num_inference_steps=28",
        "Config(prompt='a red barn, dusk', seed=42, steps=28, guidance=3.5)",
        "Include in Image: a red barn; Exclude from Image: people; Model: sd-v1-5; Steps: 25; Guidance Scale: 11.0; Seed: 28; Size: 512x512",
        "a red barn at dusk 512x512px prompt-strength:7.5 steps:30 seed:4 sampler-type:k_dpmpp_2m",
        "a red barn at dusk --neg_prompt \"people\" --sampler Euler --steps 30 --scale 7.0 --width 1024 --height 1024 --seed 1234567",
        "generate.py --prompt \"a red barn\" --seed 42 --steps 20 --guidance 3.5",
        "mytool --prompt=\"a red barn at dusk\" --seed=42 --num-inference-steps=20",
        "a red barn at dusk --ar 16:9 --stylize 250 --v 6.1",
        "photo of a red barn --n people --w 1024 --h 1024 --d 42 --l 7 --s 20",
        "\"a red barn\" -s 50 -S 1234 -W 512 -H 512 -C 7.5",
        "a red barn, dusk\nNegative prompt: people\nSampler: DPM++ 2M Karras, Seed: 1, Guidance: 7, Steps: 20\nmade on a Tuesday",
        "Settings: {\"prompt\":\"a red barn\",\"seed\":1,\"cfg\":7}",
        "\u{feff}{\"prompt\":\"ein rotes Haus\",\"seed\":1,\"cfg\":7}\0",
        "https://example.org/prompt/x?prompt=a%20red%20barn&width=1024&height=768&seed=42&model=flux",
        "{\"prompt\":\"赤い納屋\",\"seed\":1,\"steps\":20}",
    ];
    let mut wrong = Vec::new();
    for case in cases {
        for (space, key) in [
            ("png", "parameters"),
            ("exif", "UserComment"),
            ("exif", "ImageDescription"),
            ("riff", "json"),
            ("sidecar", "txt"),
            ("quicktime", "©cmt"),
        ] {
            if verdict(&[(space, key, case)]).as_deref() != Some("structure generate") {
                wrong.push(format!("{space}:{key} {case}: {:?}", said_of(&[(space, key, case)])));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_field_each_is_read_with_any_prefix() {
    for (space, prefix) in [
        ("png", ""),
        ("png", "SD:"),
        ("png", "sd-"),
        ("xmp", "sdx:"),
        ("id3", "TXXX:"),
        ("vorbis", ""),
        ("matroska", ""),
        ("quicktime", "org.example."),
    ] {
        let keys: Vec<String> =
            ["prompt", "seed", "steps", "cfg_scale"].iter().map(|key| format!("{prefix}{key}")).collect();
        let tags: Vec<_> =
            keys.iter().zip(["a red barn", "42", "30", "7"]).map(|(key, value)| (space, key.as_str(), value)).collect();
        assert_eq!(verdict(&tags).as_deref(), Some("structure generate"), "{space} {prefix}");
        // Fields of two vocabularies are not one set.
        assert_eq!(verdict(&[tags[0], ("other", &keys[1], "42"), ("third", &keys[2], "30")]), None, "{space} {prefix}");
    }
}

#[test]
fn what_is_changed_is_an_edit() {
    for case in [
        r#"{"prompt":"a red barn","seed":1,"steps":20,"init_image":"DSC_1.jpg"}"#,
        r#"{"prompt":"a red barn","seed":1,"steps":20,"mode":"img2img"}"#,
        r#"{"prompt":"replace the sky","cfg_scale":7,"seed":1,"mask_image":"mask.png"}"#,
    ] {
        assert_eq!(verdict(&[("png", "parameters", case)]).as_deref(), Some("structure edit"), "{case}");
    }
}

#[test]
fn where_people_write_settings_are_only_quoted() {
    let case = r#"{"prompt":"a red barn","seed":1,"steps":20,"cfg":7}"#;
    for (space, key) in [
        ("xmp", "dc:description"),
        ("iptc", "Caption-Abstract"),
        ("png", "Title"),
        ("id3", "USLT:eng"),
        ("iptc", "Keywords"),
        ("ixml", "NOTE"),
    ] {
        assert_eq!(verdict(&[(space, key, case)]).as_deref(), Some("quoted generate"), "{space}:{key}");
    }
    // The program that the file names wrote its own caption.
    let own = "Include in Image: a barn; Model: x; Steps: 25; Guidance Scale: 11.0; Seed: 2; Generator: Example Diffusion 5.1";
    assert_eq!(
        verdict(&[("iptc", "OriginatingProgram", "Example Diffusion"), ("iptc", "Caption-Abstract", own)]).as_deref(),
        Some("structure generate")
    );
}

#[test]
fn the_tool_is_told() {
    let said = said_of(&[("exif", "ImageDescription", r#"{"GeneratedWith": "ComfyUI SaveImagePlusPlus"}"#)]);
    assert_eq!(said, [("tool".to_owned(), "ComfyUI SaveImagePlusPlus".to_owned())]);
    assert!(said_of(&[("xmp", "dc:description", r#"{"GeneratedWith": "ComfyUI SaveImagePlusPlus"}"#)]).is_empty());
}

/// Settings of other trades, and text that people write.
const NEAR_MISSES: &[&str] = &[
    // Simulation and statistics.
    r#"{"model":"NVE","steps":100000,"seed":42,"dt":0.001,"thermostat":"langevin"}"#,
    r#"{"simulation":"ising","lattice":[64,64],"steps":1000,"seed":7,"temperature":2.27}"#,
    r#"{"sampler":"emcee","nwalkers":32,"steps":5000,"seed":1,"model":"line"}"#,
    r#"{"sampler":"NUTS","chains":4,"steps":2000,"seed":123,"model":"hierarchical"}"#,
    r#"{"solver":"euler","steps":500,"dt":0.01,"seed":3,"width":256,"height":256}"#,
    r#"{"model":"k-epsilon","solver":"simpleFoam","mesh":"fine","steps":2000}"#,
    r#"{"agents":500,"steps":1000,"seed":9,"model":"sugarscape","width":50,"height":50}"#,
    r#"{"algorithm":"perlin","seed":1337,"octaves":4,"width":1024,"height":1024,"scale":0.02}"#,
    r#"{"rule":110,"width":400,"height":200,"steps":200,"seed":1}"#,
    r#"{"prompt":"Enter the number of steps:","steps":100,"seed":1}"#,
    r#"{"model":"GROMACS","integrator":"md","nsteps":50000,"gen_seed":173529}"#,
    r#"{"model":"climate-ssp585","resolution":"0.25deg","seed":1,"ensemble":12}"#,
    r#"{"population":100,"generations":50,"mutation_rate":0.01,"seed":8,"steps":50}"#,
    r#"{"episodes":1000,"steps":200,"seed":0,"model":"PPO","reward":12.1}"#,
    r#"{"walltime":"12:00:00","steps":10,"seed":3,"scheduler":"slurm","model":"wrf"}"#,
    r#"{"scheduler":"pbs","prompt":"no","steps":10,"seed":3}"#,
    "seed = 42\nsteps = 1000\ndt = 0.01\nmodel = lorenz\n",
    "Model: Lorenz\nSolver: RK4\nSteps: 1000\nSeed: 42\n",
    "--steps 1000 --seed 42 --dt 0.01 --model lorenz",
    "simulate run --seed 7 --steps 500 --width 100 --height 100",
    "Scale: 1:50000, Projection: UTM, Resolution: 10 m",
    "steps: 12, seed: 4, size: 40x40",
    // Rendering.
    r#"{"renderer":"Cycles","samples":128,"seed":0,"width":1920,"height":1080,"sampler":"SOBOL"}"#,
    r#"{"engine":"arnold","aa_samples":6,"frame_range":"1-100","seed":1,"width":2048,"height":858}"#,
    r#"{"job":"shot_010","priority":50,"pool":"night","steps":4,"prompt":"Frame range?","seed":1}"#,
    r#"{"scene":"barn.blend","seed":3,"resolution":"1920x1080","steps":10}"#,
    r#"{"model":"barn.obj","width":800,"height":600,"seed":1,"steps":8}"#,
    r#"{"renderer":"pbrt","sampler":"halton","spp":64,"seed":2,"prompt":"a red barn"}"#,
    r#"{"prompt":"a red barn at dusk","renderer":"vray","bounces":8,"seed":4,"width":10,"height":10}"#,
    "Renderer: Redshift, Samples: 256, Seed: 12, Size: 1920x1080",
    "render -s 1 -e 100 -W 1920 -H 1080 scene.ma",
    "blender -b barn.blend -f 1 -- --cycles-device CUDA --seed 4",
    "x264 --preset slow --crf 18 --seed 4 --width 10 --height 10",
    "ffmpeg -i a.mov -s 1920x1080 -c:v libx264 b.mp4",
    "cjxl a.png b.jxl -d 1 -e 7 --seed 3",
    "convert -size 10x10 --ar 4:3 -scale 50% a.png",
    // Sound and music.
    r#"{"patch":"Warm Pad","oscillator":"saw","attack":0.1,"release":1.2,"seed":4,"steps":16}"#,
    r#"{"instrument":"Sampler","model":"MPC2000","steps":16,"swing":54,"seed":1}"#,
    r#"{"Sampler":"Kontakt","Model":"Steinway D","velocity":100}"#,
    r#"{"sequencer":{"steps":16,"scale":"minor","seed":12},"envelope":{"attack":1}}"#,
    r#"{"sampler":"Drum Rack","seed":3,"steps":16,"scale":"C major"}"#,
    r#"{"text":"Kick and snare","scale":"minor","steps":16,"seed":2}"#,
    "Sampler: Akai S950, Model: vintage, Steps: 16, Swing: 56",
    "Model: Minimoog, Sampler: none, Scale: dorian",
    "Sampler: drum machine, Seed: rye, Steps: dance",
    r#"{"lyrics":"seed after seed, step by step","scale":"C","model":"D-28"}"#,
    r#"{"speaker":"Genelec 8030","model":"8030C","text":"left channel"}"#,
    r#"{"voice":"soprano","text":"Ave Maria","model":"choir score"}"#,
    // Training.
    r#"{"model":"unet","epochs":100,"learning_rate":0.0001,"seed":42,"steps":20000,"optimizer":"adam"}"#,
    r#"{"prompt":"a photo of sks dog","learning_rate":0.0001,"steps":800,"seed":1,"model":"runwayml/stable-diffusion-v1-5"}"#,
    r#"{"model":"resnet50","lr":0.1,"scheduler":"cosine","seed":0,"steps":90}"#,
    r#"{"step":1200,"loss":0.03,"model":"sdxl","seed":1,"guidance_scale":7}"#,
    r#"{"base_model":"sd_xl_base","optimizer":"prodigy","max_train_steps":2000,"seed":1,"steps":2000}"#,
    r#"{"dataset":"imagenet","model":"vit-b","seed":1,"steps":10000}"#,
    r#"{"instance_prompt":"sks dog","steps":500,"seed":3,"model":"sdxl"}"#,
    "epoch: 3, loss: 0.2, steps: 900, seed: 1, model: sdxl",
    "python train.py --model unet --lr 1e-4 --steps 2000 --seed 1 --prompt \"a dog\"",
    // Language models, captions, detection.
    r#"{"model":"gpt-4","prompt":"Summarize this text","seed":1,"temperature":0.7,"max_tokens":100}"#,
    r#"{"model":"llava-1.6","prompt":"Describe this image in detail","seed":1,"temperature":0}"#,
    r#"{"model":"llama-3-8b.gguf","prompt":"Once upon a time there was","seed":1,"steps":3}"#,
    r#"{"model":"whisper-large","text":"hello world","language":"en","seed":1}"#,
    r#"{"model":"claude-3","prompt":"Write a haiku","messages":[],"seed":4}"#,
    r#"{"prompt":"Caption this photo","model":"blip-large","seed":2,"width":640,"height":480}"#,
    r#"{"prompt":"dog","model":"sam_vit_h","width":640,"height":480,"boxes":[[1,2,3,4]],"seed":1}"#,
    r#"{"prompt":"traffic light","model":"groundingdino","confidence":0.8,"width":640,"height":480}"#,
    r#"{"prompt":"a cat on a mat","model":"yolo-world","detections":[],"seed":1,"steps":1}"#,
    r#"{"messages":[{"role":"user","content":"hi"}],"model":"mistral","seed":1,"prompt":"be kind to people","steps":2}"#,
    r#"{"prompt":"Translate to French","model":"t5","seed":1,"steps":1}"#,
    // Automation, terminals, forms.
    r#"{"nodes":[{"parameters":{"prompt":"a red barn","model":"gpt-4"},"type":"n8n-nodes-base.openAi","typeVersion":1}],"connections":{},"seed":1,"steps":2}"#,
    r#"{"patcher":{"boxes":[{"box":{"maxclass":"message","text":"seed 1"}}],"lines":[]},"prompt":"a red barn","seed":1,"steps":1}"#,
    r#"{"prompt":"$ ","shell":"zsh","width":80,"height":24,"seed":1}"#,
    r#"{"prompt":"Press any key","seed":1,"steps":3}"#,
    r#"{"prompt":"Password:","width":80,"height":25,"seed":4}"#,
    r#"{"prompt":"Are you sure? [y/n]","steps":3,"seed":1}"#,
    r#"{"prompt":"Choose a color","steps":3,"seed":1,"width":10,"height":10}"#,
    r#"{"prompt":true,"seed":1,"steps":3}"#,
    r#"{"prompt":"C:\\>","width":80,"height":25,"seed":1}"#,
    r#"{"prompt":"name","default":"x","validate":"a","steps":2,"seed":1}"#,
    r#"{"pipeline":"build","stage":"test","steps":12,"seed":3,"prompt":"deploy to production"}"#,
    r#"{"prompt":"Which picture is brighter?","seed":12,"steps":5,"width":1024,"height":768}"#,
    r#"{"trial":3,"prompt":"Look at the cross","seed":1,"steps":9,"participant":"p01"}"#,
    r#"{"prompt":"Rate the sound","stimulus":"a.wav","steps":7,"seed":1}"#,
    r#"{"question":"What is it","prompt":"Think of a barn","seed":1,"steps":1}"#,
    r#"{"prompt":"Find the hidden door","level":3,"seed":99,"width":40,"height":40,"steps":7}"#,
    r#"{"world":"overworld","seed":-4172144997902289642,"biome":"plains","width":100,"height":100}"#,
    r#"{"seed":123,"width":64,"height":64,"steps":30}"#,
    r#"{"prompt":"x","seed":1}"#,
    r#"{"prompt":"a red barn","steps":30}"#,
    r#"{"prompt":"a red barn","date":"2026-01-01","author":"Jane"}"#,
    r#"{"prompt":"","seed":1,"steps":3}"#,
    r#"{"positive":12,"negative":3,"seed":1,"model":"PCR-96"}"#,
    r#"{"model":"NIKON Z 9","width":8256,"height":5504,"scale":1,"text":"barn"}"#,
    r#"{"Make":"Canon","Model":"EOS R5","Size":"8192x5464","Description":"a red barn","Software":"Lightroom"}"#,
    r#"{"seed":"sunflower","steps":"water daily","model":"garden"}"#,
    r#"{"guidance":"PG-13","prompt":"none","model":"x"}"#,
    r#"{"negative":"sheet 12","scale":"1:1","model":"FP4","text":"barn at dusk"}"#,
    r#"{"detector":"EIGER","wavelength":1.03,"scale":2,"steps":180}"#,
    r#"{"type":"FeatureCollection","features":[{"properties":{"text":"Barn","scale":3,"seed":1}}]}"#,
    "a prompt answer and a quick seed, in three steps",
    "Prompt: Are we there yet? Steps: many. Seed: none.",
    "The prompt arrival of seeds: 40 boxes; steps: wood",
    "Title: Seeds\nModel: Anna\nSize: 40x60 cm\nScale: 1\n",
    "Model: Anna, Size: 38, Steps: runway walk, Guidance: agency",
    "seed:1 model:anna",
    "usage: tool --prompt TEXT --seed N --steps N",
    "Negative: 4x5, Scale: 100%, Model: Linhof",
    "caption: a red barn\nlocation: Vermont\nmodel: Jane\nwidth: 20\nheight: 30\n",
    "prompt: what do you see?\nanswer: a barn\nseed: 1\nsteps: 2\n",
    "{\"a\":1,\"prompt\":\"\\u0000\",\"seed\":1,\"steps\":2}",
    "DPM++ 2M Karras is a sampler; 20 steps and a seed of 42 are what I use with cfg 7",
    "[Seed] [Steps] [Prompt]",
    "steps=3;seed=2",
];

#[test]
fn a_hundred_near_misses_stay_silent() {
    assert!(NEAR_MISSES.len() >= 100, "{}", NEAR_MISSES.len());
    let places = [
        ("png", "parameters"),
        ("exif", "UserComment"),
        ("sidecar", "json"),
        ("xmp", "dc:description"),
        ("matroska", "COMMENT"),
    ];
    let mut wrong = Vec::new();
    for case in NEAR_MISSES {
        for (space, key) in places {
            if let Some(found) = verdict(&[(space, key, case)]) {
                wrong.push(format!("{found}: {space}:{key} {case}\n    {:?}", said_of(&[(space, key, case)])));
                break;
            }
        }
    }
    for tags in [
        &[("exif", "Model", "NIKON Z 9"), ("exif", "ImageDescription", "a barn"), ("exif", "Software", "Ver.1")][..],
        &[("png", "prompt", "Press any key"), ("png", "seed", "1"), ("png", "steps", "3")],
        &[("png", "Model", "X-T5"), ("png", "width", "10"), ("png", "height", "10"), ("png", "Description", "a barn")],
        &[("vorbis", "LYRICS", "a barn"), ("vorbis", "SCALE", "3"), ("vorbis", "ENCODER", "x")],
        &[("matroska", "DESCRIPTION", "a red barn"), ("matroska", "SEED", "1"), ("matroska", "STEPS", "3")],
        &[("id3", "TXXX:model", "Akai"), ("id3", "TXXX:sampler", "S950"), ("id3", "TXXX:steps", "16")],
    ] {
        if let Some(found) = verdict(tags) {
            wrong.push(format!("{found}: {tags:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), NEAR_MISSES.len(), wrong.join("\n"));
}

#[test]
fn cut_and_deep_values_are_read_without_panic() {
    let whole =
        r#"x --prompt "é barn" {"a":{'b': (1, None), "prompt":"ein Häuschen","seed":1,"steps":[2]}} Steps: 3, Seed: 4"#;
    for (at, _) in whole.char_indices() {
        let _ = (verdict(&[("png", "parameters", &whole[..at])]), verdict(&[("png", "parameters", &whole[at..])]));
    }
    let deep = "{\"prompt\":".repeat(400) + "1" + &"}".repeat(400);
    assert_eq!(verdict(&[("png", "parameters", &deep)]), None);
    let long = format!("prompt: {}\nseed: 1\n", "a, ".repeat(200_000));
    let _ = verdict(&[("png", "parameters", &long)]);
}
