/**
 * The scheduler node: it leads or follows, and serves the API either way. Packages are
 * responsibilities.
 */
package dev.millrace.scheduler;
