// Package batch carries out many audits: it reads the manifest that lists them, finds out which are done, does the others and
// keeps an index of all.
//
// [Parse] reads a manifest and reports every error in it with its line. A [Job] is one audit with the digests of everything
// that its outcome depends on; [Job.Key] stands for all of that, so that a job whose key is on record is done. [Run] does the
// jobs of one shard. Package queue does the same jobs over many machines.
//
// # The folder
//
// Beside one folder for each audit, which holds what verify writes and nothing else, and the index, there is the folder
// unlearnguard-audits with
//
//   - records: one file for each audit that ended, with its key and its outcome ([Record])
//   - reconstructions: those that were made, and the checkpoints of those that were not finished ([Recoveries])
//   - stage: what is being made
//
// An audit's folder is filled in stage and takes its place by one rename; its record is written after that, and taken away
// before a folder is replaced. A kill at any time therefore leaves either a folder with its record, or an audit that is done
// again. Processes that do other shards may write to the same folder at the same time.
package batch
