/** The {@code wait.file} handler: stages that wait for files, all looked after by one thread. */
package dev.millrace.worker.file;
