/**
 * The three state machines, each on one screen. JDK only. The picture is docs/lifecycle.md,
 * generated from here.
 */
package dev.millrace.lifecycle;
