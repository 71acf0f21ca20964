//! Reports that wait for the watcher, and the lines that they become. Pure: it sends nothing.

use super::NotDone;
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// The reports of one request.
#[derive(Debug)]
pub(super) struct Job {
    /// Each as JSON.
    reports: VecDeque<String>,
    /// Those that are on their way or done.
    left: usize,
    /// Why one of them was not taken.
    refused: Option<String>,
    done: oneshot::Sender<Result<(), NotDone>>,
}

impl Job {
    /// The reports of a request, whose answer goes to `done`.
    pub(super) fn new(reports: Vec<String>, done: oneshot::Sender<Result<(), NotDone>>) -> Job {
        Job { left: reports.len(), reports: reports.into(), refused: None, done }
    }

    fn octets(&self) -> usize {
        self.reports.iter().map(|report| report.len() + PLACE_OCTETS).sum::<usize>() + PLACE_OCTETS
    }

    fn answer(self) {
        let answer = self.refused.map_or(Ok(()), |why| Err(NotDone::Refused(why)));
        // Who asked may have gone.
        let _ = self.done.send(answer);
    }
}

/// What a report or job costs beside its text.
const PLACE_OCTETS: usize = 64;

/// All jobs, in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    jobs: VecDeque<Job>,
    octets: usize,
}

/// A line to the watcher.
#[derive(Debug)]
pub(super) struct Batch {
    /// The line with its end.
    pub line: Vec<u8>,
    /// How many reports are in it.
    pub count: usize,
    /// How many of them are of each of the first jobs.
    of_jobs: Vec<usize>,
    octets: usize,
}

const BEGIN: &[u8] = br#"{"version":1,"order":"report","reports":["#;
const END: &[u8] = b"]}\n";

impl Waiting {
    /// Adds a job, unless more than `most` octets would wait. Whether it was added.
    pub(super) fn push(&mut self, job: Job, most: usize) -> bool {
        let octets = job.octets();
        if self.octets.saturating_add(octets) > most {
            return false;
        }
        self.octets += octets;
        self.jobs.push_back(job);
        true
    }

    /// The next line, of about `most` octets. None: nobody waits.
    pub(super) fn batch(&mut self, most: usize) -> Option<Batch> {
        if self.jobs.is_empty() {
            return None;
        }
        let mut batch = Batch { line: BEGIN.to_vec(), count: 0, of_jobs: Vec::new(), octets: 0 };
        'jobs: for job in &mut self.jobs {
            // What was sent at once is taken whole or not at all, so it goes into one line, if it is not too long for any.
            let octets: usize = job.reports.iter().map(|report| report.len() + 1).sum();
            if batch.count > 0 && batch.line.len().saturating_add(octets) > most {
                break;
            }
            let mut of_job = 0;
            batch.octets += PLACE_OCTETS;
            while let Some(report) = job.reports.pop_front() {
                if batch.count > 0 {
                    batch.line.push(b',');
                }
                batch.line.extend_from_slice(report.as_bytes());
                batch.octets += report.len() + PLACE_OCTETS;
                batch.count += 1;
                of_job += 1;
                if batch.line.len() >= most && (octets > most || job.reports.is_empty()) {
                    batch.of_jobs.push(of_job);
                    break 'jobs;
                }
            }
            batch.of_jobs.push(of_job);
        }
        batch.line.extend_from_slice(END);
        Some(batch)
    }

    /// A line was answered: a word for each report that was not taken.
    pub(super) fn settle(&mut self, batch: Batch, results: Vec<Option<String>>) {
        self.octets = self.octets.saturating_sub(batch.octets);
        let mut results = results.into_iter();
        for count in batch.of_jobs {
            let Some(job) = self.jobs.front_mut() else { return };
            // All of the job's are taken out, whichever is told.
            let refused = results.by_ref().take(count).fold(None, Option::or);
            job.left = job.left.saturating_sub(count);
            job.refused = job.refused.take().or(refused);
            if job.left > 0 {
                // The rest of it is in the next line, whose first job it is.
                self.octets += PLACE_OCTETS;
                return;
            }
            if let Some(job) = self.jobs.pop_front() {
                job.answer();
            }
        }
    }

    /// None of those that wait is carried.
    pub(super) fn fail(&mut self, why: &NotDone) {
        self.octets = 0;
        for job in self.jobs.drain(..) {
            let _ = job.done.send(Err(why.clone()));
        }
        self.jobs.shrink_to(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Answer = oneshot::Receiver<Result<(), NotDone>>;

    fn job(reports: &[String]) -> (Job, Answer) {
        let (done, answer) = oneshot::channel();
        (Job::new(reports.to_vec(), done), answer)
    }

    fn reports_of(line: &[u8]) -> Vec<serde_json::Value> {
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!((&line["version"], &line["order"]), (&1.into(), &"report".into()));
        line["reports"].as_array().unwrap().clone()
    }

    #[test]
    fn who_has_nothing_to_report_is_answered_too() {
        let mut waiting = Waiting::default();
        assert!(waiting.batch(1000).is_none());
        let (empty, mut answer) = job(&[]);
        assert!(waiting.push(empty, 1000));
        let batch = waiting.batch(1000).unwrap();
        assert_eq!((batch.count, reports_of(&batch.line).len()), (0, 0));
        waiting.settle(batch, vec![]);
        assert_eq!(answer.try_recv().unwrap(), Ok(()));
        assert_eq!(waiting.octets, 0);
    }

    #[test]
    fn too_many_are_not_taken() {
        let mut waiting = Waiting::default();
        let long = vec!["1".repeat(600)];
        assert!(waiting.push(job(&long).0, 1000));
        assert!(!waiting.push(job(&long).0, 1000));
        let (last, mut answer) = job(&[]);
        assert!(waiting.push(last, 1000));
        waiting.fail(&NotDone::Away("x".to_owned()));
        assert_eq!(answer.try_recv().unwrap(), Err(NotDone::Away("x".to_owned())));
        assert!(waiting.push(job(&long).0, 1000));
    }

    #[test]
    fn what_was_sent_at_once_goes_into_one_line() {
        let mut waiting = Waiting::default();
        let reports = |count: usize| vec!["1".repeat(100); count];
        for count in [3, 7, 4] {
            assert!(waiting.push(job(&reports(count)).0, usize::MAX));
        }
        let mut carried = Vec::new();
        while let Some(batch) = waiting.batch(1_000) {
            carried.push(batch.of_jobs.clone());
            let results = vec![None; batch.count];
            waiting.settle(batch, results);
        }
        assert_eq!(carried, [vec![3], vec![7], vec![4]]);
        // What is longer than a line has to be parted.
        assert!(waiting.push(job(&reports(30)).0, usize::MAX));
        assert!(waiting.batch(1_000).unwrap().count < 30);
    }

    proptest! {
        #[test]
        fn each_report_is_carried_once_in_order_and_each_job_is_answered_once(
            jobs in prop::collection::vec(prop::collection::vec(any::<bool>(), 0..6), 0..12),
            most in 60usize..120,
        ) {
            let mut waiting = Waiting::default();
            let (mut answers, mut expected, mut number) = (Vec::new(), Vec::new(), 0);
            for good in &jobs {
                let mut reports = Vec::new();
                for is_good in good {
                    reports.push(format!("[{number},{is_good}]"));
                    expected.push(serde_json::json!([number, is_good]));
                    number += 1;
                }
                let (job, answer) = job(&reports);
                prop_assert!(waiting.push(job, usize::MAX));
                answers.push((answer, good.iter().all(|is_good| *is_good)));
            }
            let mut carried = Vec::new();
            while let Some(batch) = waiting.batch(most) {
                let reports = reports_of(&batch.line);
                prop_assert_eq!(reports.len(), batch.count);
                let results = reports.iter().map(|one| (one[1] == false).then(|| "no".to_owned())).collect();
                carried.extend(reports);
                waiting.settle(batch, results);
            }
            prop_assert_eq!(carried, expected);
            prop_assert_eq!(waiting.octets, 0);
            for (mut answer, is_good) in answers {
                let refused = Err(NotDone::Refused("no".to_owned()));
                prop_assert_eq!(answer.try_recv().unwrap(), if is_good { Ok(()) } else { refused });
            }
        }
    }
}
