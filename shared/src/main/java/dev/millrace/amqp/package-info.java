/**
 * AMQP 0-9-1 with a recovery loop of our own: after any shutdown signal a new generation of
 * connection and channels; what was not confirmed returns to its owner. The Java client's own
 * recovery restarts sequence numbers and only logs topology failures, so it stays off.
 */
package dev.millrace.amqp;
