/** Settings of every process: read once, checked as a whole, then immutable. */
package dev.millrace.settings;
