/** Definitions on their way in: who owns what, sets of files, and the patterns that jobs use. */
package dev.millrace.scheduler.definition;
