/** Looks for files that are to start runs, as the leader asks, and moves those that are done. */
package dev.millrace.worker.watch;
