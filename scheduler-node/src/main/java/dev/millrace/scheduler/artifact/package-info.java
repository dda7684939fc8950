/**
 * Artifacts: what is larger than an output. Taken from workers chunk by chunk on any node, kept in
 * the store that the settings name, deleted when their time is over.
 */
package dev.millrace.scheduler.artifact;
