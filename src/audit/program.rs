//! A subject that is another program: batches go out as lines of JSON, answers come back as lines of JSON.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::situation::{Edition, named};
use super::subject::{Promises, Scores, Subject};
use crate::batch::{PaddedBatch, Settings, Whole};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 24;

/// The last lines of the error stream that are told.
const TOLD: usize = 3;

/// A batch as it is sent; docs/audit.schema.json describes it.
#[derive(Serialize)]
struct Question<'a> {
    id: u64,
    sequences: usize,
    steps: usize,
    lengths: &'a [usize],
    mask: Vec<Vec<u8>>,
    groups: &'a [usize],
    terminated: &'a [bool],
    rewards: Vec<&'a [f64]>,
    log_probs: Vec<&'a [f64]>,
    behaviour_log_probs: Vec<&'a [f64]>,
    reference_log_probs: Vec<&'a [f64]>,
    values: Vec<&'a [f64]>,
    last_values: &'a [f64],
    greedy_returns: &'a [f64],
    settings: Hyperparameters,
    whole: Size,
    parameters: usize,
    scores: Vec<Vec<&'a [f64]>>,
}

#[derive(Serialize)]
struct Hyperparameters {
    discount: f64,
    lambda: f64,
    clip_below: f64,
    clip_above: f64,
    largest_ratio: f64,
    penalty: f64,
}

impl From<Settings> for Hyperparameters {
    fn from(s: Settings) -> Self {
        Self {
            discount: s.discount,
            lambda: s.lambda,
            clip_below: s.clip_below,
            clip_above: s.clip_above,
            largest_ratio: s.largest_ratio,
            penalty: s.penalty,
        }
    }
}

#[derive(Serialize)]
struct Size {
    sequences: usize,
    steps: usize,
}

impl From<Whole> for Size {
    fn from(whole: Whole) -> Self {
        Self { sequences: whole.sequences, steps: whole.steps }
    }
}

impl<'a> Question<'a> {
    fn new(id: u64, batch: &'a PaddedBatch, scores: &'a Scores) -> Self {
        let rows = |matrix: &'a [f64]| matrix.chunks(batch.steps).collect::<Vec<&[f64]>>();
        let mask: Vec<u8> = batch.mask().iter().map(|real| u8::from(*real)).collect();
        let per_step: Vec<&[f64]> = scores.entries.chunks(scores.parameters.max(1)).collect();
        Self {
            id,
            sequences: batch.len(),
            steps: batch.steps,
            lengths: &batch.lengths,
            mask: mask.chunks(batch.steps).map(<[u8]>::to_vec).collect(),
            groups: &batch.groups,
            terminated: &batch.terminated,
            rewards: rows(&batch.rewards),
            log_probs: rows(&batch.log_probs),
            behaviour_log_probs: rows(&batch.behaviour_log_probs),
            reference_log_probs: rows(&batch.reference_log_probs),
            values: rows(&batch.values),
            last_values: &batch.last_values,
            greedy_returns: &batch.greedy_returns,
            settings: batch.settings.into(),
            whole: batch.whole.into(),
            parameters: scores.parameters,
            scores: per_step.chunks(batch.steps).map(<[&[f64]]>::to_vec).collect(),
        }
    }
}

/// An answer: one of the three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    id: Option<u64>,
    weights: Option<Vec<Vec<f64>>>,
    loss_gradient: Option<Vec<Vec<f64>>>,
    gradient: Option<Vec<f64>>,
}

/// What a program answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Weights,
    LossGradient,
    Gradient,
}

impl Reply {
    fn numbers(self, id: u64) -> Result<(Shape, Vec<f64>), Fault> {
        if self.id.is_some_and(|own| own != id) {
            let own = self.id.unwrap_or_default();
            return Err(Fault::Program(format!("it answered question {own} when it was asked question {id}")));
        }
        match (self.weights, self.loss_gradient, self.gradient) {
            (Some(rows), None, None) => Ok((Shape::Weights, rows.concat())),
            (None, Some(rows), None) => Ok((Shape::LossGradient, rows.concat())),
            (None, None, Some(gradient)) => Ok((Shape::Gradient, gradient)),
            _ => Err(Fault::Program(
                "its answer has not exactly one of \"weights\", \"loss_gradient\" and \"gradient\"".to_owned(),
            )),
        }
    }
}

enum News {
    Line(String),
    Flood,
    End,
}

/// A running program.
struct Running {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<News>,
    complaints: Arc<Mutex<VecDeque<String>>>,
    next: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A program that has ended already cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that answers questions, and is given up after the first one that it cannot.
pub struct Program {
    command: String,
    patience: Duration,
    state: Mutex<Result<Running, Fault>>,
    shape: Shape,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Program").field("command", &self.command).field("shape", &self.shape).finish_non_exhaustive()
    }
}

fn read_lines(stream: impl Read, news: &SyncSender<News>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        let item = match stream.by_ref().take(LONGEST_LINE).read_line(&mut line) {
            Ok(0) | Err(_) => News::End,
            Ok(_) if !line.ends_with('\n') && line.len() as u64 >= LONGEST_LINE => News::Flood,
            Ok(_) => News::Line(line),
        };
        let last = !matches!(item, News::Line(_));
        if news.send(item).is_err() || last {
            return;
        }
    }
}

fn keep_last(stream: impl Read, lines: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        let Ok(mut lines) = lines.lock() else { return };
        if lines.len() == TOLD {
            lines.pop_front();
        }
        lines.push_back(line.chars().take(300).collect());
    }
}

impl Running {
    fn start(command: &str) -> Result<Self, Fault> {
        let failed = |what: &str| Fault::Program(format!("`{command}` {what}"));
        let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
        shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().map_err(|error| failed(&format!("cannot be started: {error}")))?;
        let (Some(questions), Some(out), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("has no streams"));
        };
        // A program that answers before it is asked is stopped by the full channel.
        let (news, answers) = sync_channel(16);
        std::thread::spawn(move || read_lines(out, &news));
        let complaints = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&complaints);
        std::thread::spawn(move || keep_last(errors, &kept));
        Ok(Self { child, questions, answers, complaints, next: 1 })
    }

    fn ask(&mut self, batch: &PaddedBatch, scores: &Scores, patience: Duration) -> Result<(Shape, Vec<f64>), Fault> {
        let id = self.next;
        self.next += 1;
        let question = serde_json::to_string(&Question::new(id, batch, scores)).unwrap_or_default() + "\n";
        if self.questions.write_all(question.as_bytes()).and_then(|()| self.questions.flush()).is_err() {
            return Err(self.ended());
        }
        let line = match self.answers.recv_timeout(patience) {
            Ok(News::Line(line)) => line,
            Ok(News::Flood) => {
                return Err(Fault::Program(format!(
                    "it wrote a line of more than {LONGEST_LINE} bytes and was stopped"
                )));
            }
            Ok(News::End) | Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = patience.as_secs();
                return Err(Fault::Program(format!("it hangs: no answer to question {id} in {seconds} s")));
            }
        };
        let reply: Reply = serde_json::from_str(&line).map_err(|error| {
            let start: String = line.trim_end().chars().take(80).collect();
            Fault::Program(format!("it spoke no JSON answer but `{start}`: {error}"))
        })?;
        reply.numbers(id)
    }

    fn ended(&mut self) -> Fault {
        // The last words need a moment to arrive.
        std::thread::sleep(Duration::from_millis(50));
        let status = self.child.try_wait().ok().flatten();
        let how = status.map_or_else(|| "closed its output".to_owned(), |status| format!("ended with {status}"));
        let complaints = self.complaints.lock().map(|lines| lines.iter().cloned().collect::<Vec<String>>());
        let said = complaints.unwrap_or_default().join(" / ");
        let said = if said.is_empty() { String::new() } else { format!("; it said: {said}") };
        Fault::Program(format!("it {how} before it answered{said}"))
    }
}

impl Program {
    /// Starts a command and asks it one question, to see what it answers with.
    ///
    /// # Errors
    /// [`Fault::Program`] if it cannot be started or does not answer.
    pub fn start(command: &str, patience: Duration) -> Result<Self, Fault> {
        let mut running = Running::start(command)?;
        let mut first = None;
        let promises = Promises::default();
        let _ = named("pair").situation(Edition::First).for_each_batch(&promises, |_, laid| {
            first = Some(laid.clone());
            Err(())
        });
        let Some(first) = first else { return Err(Fault::Program("there is no question to ask".to_owned())) };
        let (shape, _) = running.ask(&first.batch, &first.scores, patience)?;
        Ok(Self { command: command.to_owned(), patience, state: Mutex::new(Ok(running)), shape })
    }

    fn ask(&self, batch: &PaddedBatch, scores: &Scores) -> Result<Vec<f64>, Fault> {
        let mut state = self.state.lock().map_err(|_| Fault::Program("a thread panicked while it asked".to_owned()))?;
        let answer = match &mut *state {
            Err(fault) => return Err(fault.clone()),
            Ok(running) => running.ask(batch, scores, self.patience),
        };
        let answer = answer.and_then(|(shape, numbers)| {
            if shape == self.shape {
                Ok(numbers)
            } else {
                Err(Fault::Program("its answers change their kind".to_owned()))
            }
        });
        if let Err(fault) = &answer {
            *state = Err(fault.clone());
        }
        answer
    }

    /// The program as a subject.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        let none = || Scores { parameters: 0, entries: Vec::new() };
        match self.shape {
            Shape::Weights => Subject::fallible_weights(&self.command, move |batch| self.ask(batch, &none())),
            Shape::LossGradient => {
                Subject::fallible_loss_derivative(&self.command, move |batch| self.ask(batch, &none()))
            }
            Shape::Gradient => Subject::fallible_gradient(&self.command, |batch, scores| self.ask(batch, scores)),
        }
    }
}
