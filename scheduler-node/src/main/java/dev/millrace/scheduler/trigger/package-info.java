/** What starts runs: time triggers and their ledger, and the watched directory of job files. */
package dev.millrace.scheduler.trigger;
