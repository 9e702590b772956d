//! The worker's side: serves jobs from its standard input until that ends.
//!
//! The system bounds its memory and time: whatever a hostile file does to other people's decoders ends here.

use std::io::{BufRead, BufWriter, Error, ErrorKind, Read, Result, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::protocol::{self, Answer, Job, Refusal, Reply, Request, Setup};
use super::{foreign, frames, picture, sound, video};
use countersign_model::limits;

/// Bytes of one write where many small ones are made.
const BUFFER: usize = 256 * 1024;

/// Verifies: gets the setup's part for verification, the job's part, and the bytes of the manifest store.
pub type Verify<'a> = &'a mut dyn FnMut(&Value, Value, Vec<u8>) -> Result<Value>;

/// Serves until its input ends.
pub fn serve(mut input: impl BufRead, output: impl Write, verify: Verify<'_>) -> Result<()> {
    let Some(setup) = line::<Setup>(&mut input)? else { return Ok(()) };
    restrict(setup.memory);
    let mut replies = Replies { output: BufWriter::with_capacity(BUFFER, output), begun: Duration::ZERO };
    while let Some(request) = line::<Request>(&mut input)? {
        let most = match &request.job {
            Job::Verify(_) => limits::STORE,
            _ => limits::BLOB,
        };
        let len = usize::try_from(request.payload).ok().filter(|len| *len <= most);
        let len = len.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a payload of more than is read"))?;
        replies.begun = grant(request.seconds, request.memory);
        let mut payload = Vec::with_capacity(len);
        input.by_ref().take(request.payload).read_to_end(&mut payload)?;
        if payload.len() != len {
            return Ok(());
        }
        work(request.job, payload, &setup.verification, verify, &mut replies)?;
        replies.output.flush()?;
    }
    Ok(())
}

fn work(
    job: Job,
    payload: Vec<u8>,
    setup: &Value,
    verify: Verify<'_>,
    replies: &mut Replies<impl Write>,
) -> Result<()> {
    match job {
        Job::Verify(task) => {
            let verdict = verify(setup, task, payload)?;
            replies.send_last(Answer::Verified(verdict), &[])
        }
        Job::Pixels { format, most_pixels } => {
            let decoded = picture::decode(&payload, Some(format), most_pixels);
            drop(payload);
            match decoded {
                Ok(image) => {
                    let (width, height, channels) = picture::shape(&image);
                    let bytes = u64::from(width) * u64::from(height) * u64::from(channels);
                    replies.begin(Answer::Pixels { width, height, channels }, bytes, false)?;
                    picture::write_pixels(&image, &mut replies.output)
                }
                Err(refusal) => replies.send_last(Answer::Refused(refusal), &[]),
            }
        }
        Job::Grays { pictures, most_pixels, side } => {
            let (shapes, pixels) = picture::grays(&payload, &pictures, most_pixels, side);
            replies.send_last(Answer::Grays(shapes), &pixels)
        }
        Job::PreviewPicture { path, side } => match path {
            Some(path) => replies.jpeg(picture::preview_of_file(path.as_ref(), side)),
            None => replies.jpeg(picture::preview(&payload, side)),
        },
        Job::Waveform { path, columns } => {
            let measured = match path {
                Some(path) => sound::waveform_of_file(path.as_ref(), columns),
                None => sound::waveform(payload, columns),
            };
            match measured {
                Ok(levels) => replies.send_last(Answer::Waveform(levels), &[]),
                Err(refusal) => replies.send_last(Answer::Refused(refusal), &[]),
            }
        }
        Job::VideoFrame { path, side } => replies.jpeg(video::frame(path.as_ref(), side)),
        Job::ForeignPicture { path, format, side } => match foreign::gray(path.as_ref(), format, side) {
            Ok(copy) => replies.send_last(Answer::Frame { width: copy.width, height: copy.height }, &copy.bytes),
            Err(refusal) => replies.send_last(Answer::Refused(refusal), &[]),
        },
        Job::Frames { path, side, most } => {
            let mut failed = None;
            let ended = frames::frames(path.as_ref(), side, most, &mut |frame| {
                let answer = Answer::Frame { width: frame.width, height: frame.height };
                let sent = replies.begin(answer, frame.bytes.len() as u64, true);
                failed = sent.and_then(|()| replies.output.write_all(&frame.bytes)).err();
                failed.is_none()
            });
            match (failed, ended) {
                (Some(error), _) => Err(error),
                (None, Ok(whole)) => replies.send_last(Answer::FramesEnded { whole }, &[]),
                (None, Err(refusal)) => replies.send_last(Answer::Refused(refusal), &[]),
            }
        }
        Job::ExactSound { path } => {
            let mut failed = None;
            let ended = sound::exact(path.as_ref(), &mut |channels, rate, samples| {
                failed = replies.exact(channels, rate, samples).err();
                failed.is_none()
            });
            match (failed, ended) {
                (Some(error), _) => Err(error),
                (None, Ok(())) => replies.send_last(Answer::Samples, &[]),
                (None, Err(refusal)) => replies.send_last(Answer::Refused(refusal), &[]),
            }
        }
        Job::Sound { path, rate, most_samples } => {
            let mut failed = None;
            let ended = sound::samples(path.as_ref(), rate, most_samples, &mut |samples| {
                failed = replies.samples(samples).err();
                failed.is_none()
            });
            match (failed, ended) {
                (Some(error), _) => Err(error),
                (None, Ok(())) => replies.send_last(Answer::Samples, &[]),
                (None, Err(refusal)) => replies.send_last(Answer::Refused(refusal), &[]),
            }
        }
    }
}

/// What goes back.
struct Replies<W: Write> {
    output: BufWriter<W>,
    /// The process's computing time when it began the job.
    begun: Duration,
}

impl<W: Write> Replies<W> {
    fn begin(&mut self, answer: Answer, payload: u64, more: bool) -> Result<()> {
        let computed = u64::try_from(computing().saturating_sub(self.begun).as_millis()).unwrap_or(u64::MAX);
        self.output.write_all(&protocol::line(&Reply { answer, payload, more, computed })?)
    }

    fn send_last(&mut self, answer: Answer, payload: &[u8]) -> Result<()> {
        self.begin(answer, payload.len() as u64, false)?;
        self.output.write_all(payload)
    }

    fn jpeg(&mut self, made: std::result::Result<Vec<u8>, Refusal>) -> Result<()> {
        match made {
            Ok(jpeg) => self.send_last(Answer::Jpeg, &jpeg),
            Err(refusal) => self.send_last(Answer::Refused(refusal), &[]),
        }
    }

    fn exact(&mut self, channels: u16, rate: u32, samples: &[f32]) -> Result<()> {
        self.begin(Answer::ExactSamples { channels, rate }, samples.len() as u64 * 4, true)?;
        samples.iter().try_for_each(|sample| self.output.write_all(&sample.to_le_bytes()))
    }

    fn samples(&mut self, samples: &[i16]) -> Result<()> {
        self.begin(Answer::Samples, samples.len() as u64 * 2, true)?;
        samples.iter().try_for_each(|sample| self.output.write_all(&sample.to_le_bytes()))?;
        self.output.flush()
    }
}

fn line<T: DeserializeOwned>(input: &mut impl BufRead) -> Result<Option<T>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(protocol::parse(&line)?))
}

/// Bounds the process for good: address space, no core dumps, and an end with its parent.
#[cfg(unix)]
fn restrict(memory: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let bound = |resource, most| {
        // A system that refuses has a lower limit already, or none to give: the parent's clock still runs.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    bound(Resource::As, memory);
    bound(Resource::Core, 0);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Computing time of this process so far.
#[cfg(unix)]
fn computing() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
fn computing() -> Duration {
    Duration::ZERO
}

/// Grants a job so many seconds of computing from now on and so many bytes of address space; the system ends a process
/// that takes more. Tells how much was computed before.
#[cfg(unix)]
fn grant(seconds: u64, memory: u64) -> Duration {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let lower = |resource, wanted: u64| {
        let maximum = getrlimit(resource).maximum;
        let current = Some(maximum.map_or(wanted, |most| most.min(wanted)));
        let _ = setrlimit(resource, Rlimit { current, maximum });
    };
    let used = computing();
    lower(Resource::Cpu, used.as_secs().saturating_add(seconds).saturating_add(1));
    lower(Resource::As, memory);
    used
}

#[cfg(not(unix))]
fn restrict(_memory: u64) {}

#[cfg(not(unix))]
fn grant(_seconds: u64, _memory: u64) -> Duration {
    Duration::ZERO
}
