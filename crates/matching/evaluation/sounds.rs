//! Music and speech of our own making, with fixed seeds.

use std::f32::consts::TAU;

use super::random::Random;

/// The rate of everything here.
pub const RATE: u32 = 22_050;

/// Chords of plucked and held notes with a bass and a beat, in a random key and tempo.
pub fn music(seed: u64, seconds: f32) -> Vec<f32> {
    tune(seed, seed, seconds)
}

/// Another tune of the same key, tempo and instruments.
pub fn tune(band: u64, tune: u64, seconds: f32) -> Vec<f32> {
    let (band, mut random) = (Band::new(band), Random::new(tune ^ 0x70E5));
    let mut sound = vec![0.0; (seconds * RATE as f32) as usize];
    let mut at = 0.0;
    while at < seconds {
        let root = random.below(7);
        band.chord(&mut sound, at, root);
        for half in 0..8 {
            let time = at + half as f32 * band.beat / 2.0;
            band.lead(&mut sound, time, &mut random);
            if half % 2 == 0 {
                knock(&mut sound, &mut random, time);
            }
        }
        at += band.beat * 4.0;
    }
    leveled(sound)
}

/// One tune of several over the very same backing: chords, bass and beat are those of the backing's number, note for note
/// and sample for sample. What a singer or a library does who takes one recording for many pieces.
pub fn tune_over_backing(backing: u64, tune: u64, seconds: f32) -> Vec<f32> {
    let band = Band::new(backing);
    let (mut chords, mut lead) = (Random::new(backing ^ 0xBAC1), Random::new(tune ^ 0x70E5));
    let mut sound = vec![0.0; (seconds * RATE as f32) as usize];
    let mut at = 0.0;
    while at < seconds {
        band.chord(&mut sound, at, chords.below(7));
        for half in 0..8 {
            let time = at + half as f32 * band.beat / 2.0;
            band.lead(&mut sound, time, &mut lead);
            if half % 2 == 0 {
                knock(&mut sound, &mut chords, time);
            }
        }
        at += band.beat * 4.0;
    }
    leveled(sound)
}

/// What pieces of one band have in common: key (as a MIDI note), beat in seconds, scale in semitones, and its instruments.
struct Band {
    key: f32,
    beat: f32,
    scale: [f32; 7],
    brightness: f32,
}

impl Band {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x3051C);
        let key = 40.0 + random.below(12) as f32;
        let beat = 60.0 / random.between(70.0, 140.0);
        let major = random.below(2) == 0;
        let scale = if major { [0.0, 2.0, 4.0, 5.0, 7.0, 9.0, 11.0] } else { [0.0, 2.0, 3.0, 5.0, 7.0, 8.0, 10.0] };
        Self { key, beat, scale, brightness: random.between(0.3, 0.8) }
    }

    /// Three held notes and a bass, for four beats.
    fn chord(&self, sound: &mut [f32], at: f32, root: usize) {
        for note in [0, 2, 4] {
            let octave = if root + note >= 7 { 12.0 } else { 0.0 };
            let pitch = self.key + 12.0 + self.scale[(root + note) % 7] + octave;
            let brightness = self.brightness * 0.6;
            play(sound, at, &Note { length: self.beat * 4.0, pitch, loud: 0.08, brightness, decay: 0.6 });
        }
        let pitch = self.key - 12.0 + self.scale[root];
        play(sound, at, &Note { length: self.beat * 2.0, pitch, loud: 0.2, brightness: 0.4, decay: 1.5 });
    }

    /// The next note of a tune, or a rest.
    fn lead(&self, sound: &mut [f32], time: f32, random: &mut Random) {
        if random.below(4) > 0 {
            let pitch = self.key + 24.0 + self.scale[random.below(7)] + 12.0 * random.below(2) as f32;
            let late = random.between(0.0, 0.02);
            let note = Note { length: self.beat, pitch, loud: 0.15, brightness: self.brightness, decay: 4.0 };
            play(sound, time + late, &note);
        }
    }
}

/// A note: its length in seconds, its pitch in semitones as MIDI counts them, and how it sounds.
struct Note {
    length: f32,
    pitch: f32,
    loud: f32,
    brightness: f32,
    decay: f32,
}

fn play(sound: &mut [f32], at: f32, note: &Note) {
    let Note { length, pitch, loud, brightness, decay } = *note;
    let frequency = 440.0 * ((pitch - 69.0) / 12.0).exp2();
    let start = (at * RATE as f32) as usize;
    for number in 0..(length * RATE as f32) as usize {
        let Some(sample) = sound.get_mut(start + number) else { break };
        let time = number as f32 / RATE as f32;
        let envelope = (time * 80.0).min(1.0) * (-decay * time).exp() * ((length - time) * 30.0).min(1.0);
        let mut weight = loud;
        for overtone in 1..=6 {
            let frequency = frequency * overtone as f32;
            if frequency > RATE as f32 * 0.45 {
                break;
            }
            *sample += envelope * weight * (TAU * frequency * time).sin();
            weight *= brightness;
        }
    }
}

fn knock(sound: &mut [f32], random: &mut Random, at: f32) {
    let start = (at * RATE as f32) as usize;
    for number in 0..RATE as usize / 12 {
        let Some(sample) = sound.get_mut(start + number) else { break };
        let time = number as f32 / RATE as f32;
        *sample += 0.2 * (-60.0 * time).exp() * (random.between(-0.5, 0.5) + (TAU * 90.0 * time).sin());
    }
}

/// Syllables: pulses of a gliding pitch through three moving resonances, hisses, and pauses between phrases.
pub fn speech(seed: u64, seconds: f32) -> Vec<f32> {
    let mut random = Random::new(seed ^ 0x5BEEC);
    let mut sound = vec![0.0; (seconds * RATE as f32) as usize];
    let voice = random.between(90.0, 220.0);
    let mut at = 0.0;
    while at < seconds {
        for _ in 0..4 + random.below(8) {
            let length = random.between(0.09, 0.26);
            syllable(&mut sound, &mut random, at, length, voice);
            at += length + random.between(0.0, 0.05);
        }
        at += random.between(0.15, 0.6);
    }
    leveled(sound)
}

fn syllable(sound: &mut [f32], random: &mut Random, at: f32, length: f32, voice: f32) {
    let start = (at * RATE as f32) as usize;
    let pitch = (voice * random.between(0.8, 1.3), random.between(-0.3, 0.2));
    let formants = [random.between(280.0, 850.0), random.between(900.0, 2300.0), random.between(2300.0, 3300.0)];
    let hiss = random.below(3) == 0;
    let mut phase = 0.0_f32;
    let mut memory = [[0.0_f32; 2]; 3];
    for number in 0..(length * RATE as f32) as usize {
        let Some(sample) = sound.get_mut(start + number) else { break };
        let share = number as f32 / (length * RATE as f32);
        phase += pitch.0 * (1.0 + pitch.1 * share) / RATE as f32;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let source = if hiss && share < 0.35 { random.between(-0.4, 0.4) } else { pulse };
        let mut voiced = 0.0;
        for (formant, past) in formants.iter().zip(&mut memory) {
            let radius = (-TAU * 0.5 * 90.0 / RATE as f32).exp();
            let now = source + 2.0 * radius * (TAU * formant / RATE as f32).cos() * past[0] - radius * radius * past[1];
            *past = [now, past[0]];
            voiced += now;
        }
        *sample += (share * 12.0).min(1.0) * ((1.0 - share) * 8.0).min(1.0) * voiced;
    }
}

/// Brought to one loudness: a root mean square of 0.1.
pub fn leveled(mut sound: Vec<f32>) -> Vec<f32> {
    let power = sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len().max(1) as f32;
    let gain = 0.1 / power.sqrt().max(1e-9);
    sound.iter_mut().for_each(|sample| *sample *= gain);
    sound
}

/// Music laid under speech, so many decibels louder (or, negative, softer) than it.
pub fn under_speech(music: &[f32], speech: &[f32], decibels: f32) -> Vec<f32> {
    let gain = 10_f32.powf(decibels / 20.0);
    music.iter().zip(speech).map(|(music, speech)| (music * gain + speech).clamp(-1.0, 1.0)).collect()
}
