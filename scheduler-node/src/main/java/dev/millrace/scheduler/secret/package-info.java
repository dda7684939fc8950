/** Stored secrets: sealed in the database, and handed to the workers that may have them. */
package dev.millrace.scheduler.secret;
