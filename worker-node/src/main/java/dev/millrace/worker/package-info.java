/**
 * The worker: takes starts from its pools' queues, executes them in slots, and reports. Knows the
 * broker and nothing else. {@link dev.millrace.worker.StageHandler} is what users implement.
 */
package dev.millrace.worker;
