/**
 * Reads job definitions: text in, a checked {@link dev.millrace.model.JobDefinition} or every
 * problem out; and answers when a time trigger fires next.
 */
package dev.millrace.definition;
