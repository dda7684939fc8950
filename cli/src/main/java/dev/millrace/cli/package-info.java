/**
 * The one executable: nodes are started here, and the API is spoken here. Everything a person sees
 * in a terminal is written here; nobody ever sees a stack trace without asking for it.
 */
package dev.millrace.cli;
