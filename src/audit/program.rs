//! A subject that is another program: batches go out as lines of JSON, answers come back as lines of JSON.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::examination::Examination;
use super::fault::Fault;
use super::functions;
use super::question::{self, Question, Reply, Shape};
use super::situation::{Edition, named};
use super::subject::{Kind, Promises, Scores, Subject};
use crate::batch::PaddedBatch;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 24;

/// The last lines of the error stream that are told.
const TOLD: usize = 3;

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
    kind: Kind,
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

    fn ask(&mut self, question: impl FnOnce(u64) -> String, patience: Duration) -> Result<(Shape, Vec<f64>), Fault> {
        let id = self.next;
        self.next += 1;
        let question = question(id) + "\n";
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

fn line(id: u64, batch: &PaddedBatch, scores: &Scores) -> String {
    serde_json::to_string(&Question::new(id, batch, scores)).unwrap_or_default()
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
        let (shape, _) = running.ask(|id| line(id, &first.batch, &first.scores), patience)?;
        Ok(Self { command: command.to_owned(), patience, state: Mutex::new(Ok(running)), shape, kind: Kind::Weights })
    }

    fn ask(&self, question: impl FnOnce(u64) -> String) -> Result<Vec<f64>, Fault> {
        let mut state = self.state.lock().map_err(|_| Fault::Program("a thread panicked while it asked".to_owned()))?;
        let answer = match &mut *state {
            Err(fault) => return Err(fault.clone()),
            Ok(running) => running.ask(question, self.patience),
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

    /// Starts a command that is a function of that kind and asks it a few questions, to see whether it answers.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be started or does not answer as its kind should.
    pub fn function(command: &str, kind: Kind, patience: Duration) -> Result<Self, Fault> {
        if kind.estimates_the_gradient() {
            return Self::start(command, patience);
        }
        let state = Mutex::new(Ok(Running::start(command)?));
        let program = Self { command: command.to_owned(), patience, state, shape: Shape::Answer, kind };
        functions::fingerprint(&Examination::new(&program.subject(), Edition::First)).transpose()?;
        Ok(program)
    }

    /// The program as a subject.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        let batch =
            |batch: &PaddedBatch| self.ask(|id| line(id, batch, &Scores { parameters: 0, entries: Vec::new() }));
        let name = &self.command;
        match (self.shape, self.kind) {
            (Shape::Weights, _) => Subject::fallible_weights(name, batch),
            (Shape::LossGradient, _) => Subject::fallible_loss_derivative(name, batch),
            (Shape::Gradient, _) => {
                Subject::fallible_gradient(name, |batch, scores| self.ask(|id| line(id, batch, scores)))
            }
            (Shape::Answer, kind @ Kind::Advantages) => Subject::fallible_advantages(name, move |fragment| {
                self.ask(|id| question::function_question(id, kind, question::fragment(fragment)))
            }),
            (Shape::Answer, kind) => Subject::fallible_function(kind, name, move |x| {
                self.ask(|id| question::function_question(id, kind, question::arguments(kind, x)))
            }),
        }
    }
}
