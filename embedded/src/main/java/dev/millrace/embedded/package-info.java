/**
 * Real parts for a machine that has none: a PostgreSQL started from packaged binaries, and an AMQP
 * 0-9-1 broker inside this process. Both speak their real protocol on loopback, so nothing above
 * them knows the difference.
 */
package dev.millrace.embedded;
