/**
 * The CEL expressions of job definitions: checked when a definition is loaded, evaluated when a run
 * reaches them. Pure: no clock, no I/O. The only package that knows the CEL library.
 */
package dev.millrace.expression;
