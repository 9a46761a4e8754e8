// Package queue has audits done by many machines, over NATS JetStream: one's own server (package server below this one) or a
// cluster that is there already.
//
// [Open] connects. [Queue.Submit] puts jobs in the queue, [Queue.Work] does them, [Queue.Status] says how far they are, and
// [Queue.Fetch] brings a finished one. What a job does is for the caller: the package moves jobs, files and results.
//
// # What is kept where
//
// A job is known by its key, the digest of all that its outcome depends on ([batch.Job.Key]).
//
//   - the stream unlearnguard-jobs: one message a job that is not finished, under a subject with the job's key. A second message
//     of a key is refused by the stream itself while there is one, whatever time has passed
//   - the buckets unlearnguard-results and unlearnguard-failed: how jobs ended. Keys are created, never replaced
//   - the bucket unlearnguard-attempts: how often each job was begun, by whom, and what went wrong
//   - the bucket unlearnguard-running: progress, for [Queue.Status] alone
//   - the object stores unlearnguard-files, -reports and -checkpoints: inputs and reports by the SHA-256 of their content, and
//     unfinished reconstructions by their fingerprint
//
// # How it stays correct
//
// JetStream delivers at least once, and redelivers what is not acknowledged within the lease. Four rules make that one result a
// job, none lost:
//
//   - A message is acknowledged only after the job's result or failure is stored, and the acknowledgement is confirmed. Whatever
//     dies before that, a worker or the server, leaves the message, and the job is delivered again.
//   - Results are stored by a key that can be created once. Of two workers that finish one job, as after a suspension beyond the
//     lease, the second finds the key taken and drops what it has. Both have the same bytes but for the times.
//   - Attempts are counted here, by compare-and-set before the work begins, since the server's counts of deliveries are wrong
//     after a crash. A job that was begun [MostAttempts] times without an end is put among the failed, with the last reason. An
//     attempt whose checkpoint got on does not count. (A bucket in memory would save one write of four to the disk, but it is
//     gone after a restart of the server, and workers that are connected would count in vain.)
//   - A server that is ours writes every message to the disk before it confirms it. (By default it would do so every two
//     minutes.) A foreign cluster is as safe as its owner made it.
//
// Everything that is read from the queue is checked: files by their digests, paths in archives and names.
//
// While the server cannot be reached, workers go on and store their results when it is back.
package queue
