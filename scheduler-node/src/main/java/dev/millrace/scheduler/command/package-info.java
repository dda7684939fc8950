/** What people and programs ask: rows in the inbox on the way in, outcomes on the way back. */
package dev.millrace.scheduler.command;
