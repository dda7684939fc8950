/**
 * From the broker to the leader: reports and log lines, batched, acked only after they are
 * committed.
 */
package dev.millrace.scheduler.ingest;
