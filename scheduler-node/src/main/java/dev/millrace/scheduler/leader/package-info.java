/**
 * Leadership and the leader's turn. A term is won with a lease; while it lasts, one loop makes
 * turns: facts in, one transaction, messages out. docs/leadership.md tells why it is safe.
 */
package dev.millrace.scheduler.leader;
