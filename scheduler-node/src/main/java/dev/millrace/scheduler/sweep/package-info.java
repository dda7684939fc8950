/** Periodic repair by facts: silent workers, starts the broker lost, reports the broker lost. */
package dev.millrace.scheduler.sweep;
