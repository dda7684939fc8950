/** The API, its events, and the dashboard. Reads the store; everything it changes is a command. */
package dev.millrace.scheduler.http;
