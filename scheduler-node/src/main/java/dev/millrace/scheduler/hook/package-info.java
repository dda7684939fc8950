/** Calls of webhooks: whether they are genuine, and what they ask for. No I/O. */
package dev.millrace.scheduler.hook;
