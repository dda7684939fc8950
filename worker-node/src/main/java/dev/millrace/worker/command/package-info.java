/** The {@code command} handler: processes, and how every one of them is brought to an end. */
package dev.millrace.worker.command;
