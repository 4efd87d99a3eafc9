//! Reads that callers share: while one runs, the questions for the next one gather, as postings
//! do for the ledger. Whoever is alone waits for nobody. A question is read after it was asked, so
//! that nobody is told less than they would have been by a read of their own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use crate::error::{ApiError, ApiResult};

/// Questions of one read.
const QUESTIONS_MAX: usize = 64;
/// Reads at once.
const READS_MAX: usize = 2;

/// Questions of one kind, and who waits for their answers.
#[derive(Debug)]
pub struct Together<Q, A> {
    waiting: Mutex<Vec<(Q, Reply<A>)>>,
    turns: Semaphore,
}

type Reply<A> = oneshot::Sender<ApiResult<A>>;

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(READS_MAX) }
    }
}

impl<Q, A> Together<Q, A> {
    /// The answer to a question. `read` answers several at once, in their order; it is one of the
    /// callers who runs it, for all.
    ///
    /// # Errors
    /// Those of `read`, which all hear whose question it was to answer.
    pub async fn ask<F>(&self, question: Q, read: impl Fn(Vec<Q>) -> F) -> ApiResult<A>
    where
        F: Future<Output = ApiResult<Vec<A>>>,
    {
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push((question, reply));
        loop {
            let turn = tokio::select! {
                biased;
                told = &mut answer => return told.unwrap_or_else(|_| Err(broke_down())),
                turn = self.turns.acquire() => turn,
            };
            let asked = self.next();
            if asked.is_empty() {
                // Whoever has the other turn reads ours.
                drop(turn);
                return answer.await.unwrap_or_else(|_| Err(broke_down()));
            }
            let (questions, replies): (Vec<Q>, Vec<Reply<A>>) = asked.into_iter().unzip();
            // Callers who are gone are not waited for.
            match read(questions).await {
                Ok(answers) => {
                    for (reply, answer) in replies.into_iter().zip(answers) {
                        let _gone = reply.send(Ok(answer));
                    }
                }
                Err(error) => {
                    for reply in replies {
                        let _gone = reply.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    fn next(&self) -> Vec<(Q, Reply<A>)> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(QUESTIONS_MAX);
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Q, Reply<A>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broke_down() -> ApiError {
    ApiError::internal("a read that was shared broke down")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_share_reads_and_each_gets_their_answer() {
        let together: Together<usize, usize> = Together::default();
        let reads = AtomicUsize::new(0);
        let read = async |questions: Vec<usize>| {
            reads.fetch_add(1, Ordering::Relaxed);
            assert!(questions.len() <= QUESTIONS_MAX);
            tokio::task::yield_now().await;
            Ok(questions.into_iter().map(|n| n * 2).collect())
        };
        let asked = (0..200).map(|n| together.ask(n, read));
        let told = futures_util::future::join_all(asked).await;
        for (n, told) in told.into_iter().enumerate() {
            assert_eq!(told.expect("an answer"), n * 2);
        }
        // Two begin, before the others have asked.
        assert!(reads.load(Ordering::Relaxed) <= 2 + 200_usize.div_ceil(QUESTIONS_MAX));
        assert_eq!(together.ask(7, read).await.expect("alone"), 14);
    }

    #[tokio::test]
    async fn a_read_that_fails_fails_for_all_and_one_that_breaks_down_keeps_nobody_waiting() {
        let together: Together<usize, usize> = Together::default();
        let failing = async |_| Err::<Vec<usize>, _>(ApiError::unavailable("Not now."));
        let asked = (0..10).map(|n| together.ask(n, failing));
        for told in futures_util::future::join_all(asked).await {
            let error = told.expect_err("no answer");
            assert_eq!(error.failure().map(|failure| failure.code.status()), Some(503));
        }
        let together: Arc<Together<usize, usize>> = Arc::default();
        let asked = (0..10).map(|n| {
            let together = Arc::clone(&together);
            let read = |questions: Vec<usize>| async move {
                tokio::task::yield_now().await;
                assert!(!questions.contains(&0), "broken");
                Ok(questions)
            };
            tokio::spawn(async move { together.ask(n, read).await })
        });
        let asked: Vec<_> = asked.collect();
        for told in asked {
            // The one who ran it is gone; the others are told.
            let _told = told.await;
        }
        let whole = async |questions| Ok(questions);
        assert_eq!(together.ask(3, whole).await.expect("again"), 3);
    }
}
