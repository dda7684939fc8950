/**
 * Whole processes on real servers, and what they survive: kill, pause, stop, wipe. The verdict is
 * the history checker's, over tables and witness, never a node's own word.
 */
package dev.millrace.system;
