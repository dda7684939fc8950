/**
 * The transition log as events: cursors over it, what they tell as CloudEvents, and the publisher
 * that brings them to the broker.
 */
package dev.millrace.scheduler.event;
