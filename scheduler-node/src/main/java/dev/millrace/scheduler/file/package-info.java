/** Looks at files, for triggers and stages: which are whole, which have gone to the archive. */
package dev.millrace.scheduler.file;
