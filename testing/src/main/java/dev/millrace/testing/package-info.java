/**
 * Real servers for tests, and the means to hurt them: a fresh database or broker in milliseconds,
 * private servers that may be killed, and a witness that does not trust anybody's own account.
 */
package dev.millrace.testing;
