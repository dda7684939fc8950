/**
 * The one place where a run changes: a pure function (run, facts, now) to moves and wishes. No
 * clock, no I/O, no logging; driven by the leader's turn, and by the million in tests.
 */
package dev.millrace.scheduler.engine;
