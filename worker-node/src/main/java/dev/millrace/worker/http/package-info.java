/** The {@code http} handler. */
package dev.millrace.worker.http;
